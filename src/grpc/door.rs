//! What the log is told of connections that a server does not let in.

use std::io;
use std::time::{Duration, Instant};

/// What is said of connections that are not let in: once when it begins, and once
/// when it has been over for a while. In between, one may be let in now and then.
#[derive(Default)]
pub struct Door {
    /// How many were not let in, and when the last of them was not.
    shut: Option<(usize, Instant)>,
}

/// It is over when nobody was turned away for so long.
const OVER: Duration = Duration::from_secs(1);

impl Door {
    /// What happened to one that came, now: `full` is how many may stand, if they do.
    pub fn saw<T>(
        &mut self,
        accepted: &io::Result<T>,
        full: Option<usize>,
        now: Instant,
    ) -> Option<String> {
        let why = match (accepted, full) {
            (Err(error), _) => format!(
                "no connection is accepted: {error}; those that stand are served, and it is tried again"
            ),
            (Ok(_), Some(most)) => format!(
                "{most} connections stand, as many as maxConnections allows: others are closed as they come"
            ),
            (Ok(_), None) => {
                let (times, _) = self
                    .shut
                    .take_if(|(_, last)| now.duration_since(*last) >= OVER)?;
                return Some(format!(
                    "connections are accepted again, after {times} failures"
                ));
            }
        };
        let times = self.shut.map_or(0, |(times, _)| times);
        self.shut = Some((times + 1, now));
        (times == 0).then_some(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shut_door_is_told_of_once_and_so_is_that_it_is_open() {
        let mut door = Door::default();
        let begin = Instant::now();
        let mut saw = |is_full: bool, after: u64| {
            let now = begin + Duration::from_millis(after);
            door.saw(&Ok(()), is_full.then_some(2), now).is_some()
        };
        assert!(!saw(false, 0), "nothing has happened");
        assert!(saw(true, 1));
        for after in 2..100 {
            assert!(!saw(after % 3 > 0, after), "at {after} it is known");
        }
        assert!(!saw(false, 1097));
        assert!(saw(false, 1098));
        assert!(!saw(false, 1099));
        assert!(saw(true, 1100));
    }
}
