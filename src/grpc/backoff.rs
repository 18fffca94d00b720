//! How long to wait between attempts to connect, and when an outage is over: a peer
//! that takes connections and ends each at once is one, too.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

/// The first pause: short, since a restarted process is usually back at once.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause, so that a peer that returns is found within seconds.
const LONGEST: Duration = Duration::from_secs(5);
/// A connection that has stood so long was of use, whatever it was used for.
pub const STOOD: Duration = Duration::from_secs(1);

/// Pauses in ms that double after each failure, up to the longest.
#[derive(Clone, Copy)]
pub struct Doubling {
    /// After no failure.
    pub first: u64,
    /// After many.
    pub longest: u64,
}

impl Doubling {
    /// The pause after so many failures.
    pub fn after(self, failures: u32) -> u64 {
        let times = 1 << failures.min(32);
        self.first.saturating_mul(times).min(self.longest)
    }

    /// The same, as time.
    pub fn time_after(self, failures: u32) -> Duration {
        Duration::from_millis(self.after(failures))
    }
}

/// The pauses of one outage, each longer than the one before and with jitter,
/// so that many clients do not return in step.
pub struct Backoff {
    pauses: ExponentialBackoff,
    seed: u64,
    /// A connection was lost in this outage that had been of no use.
    has_lost: bool,
}

impl Backoff {
    /// A fresh outage. Equal seeds give equal pauses.
    pub fn new(seed: u64) -> Self {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST)
            .with_max_delay(LONGEST)
            .with_factor(1.6)
            .with_jitter()
            .with_jitter_seed(seed)
            .without_max_times()
            .build();
        Self {
            pauses,
            seed,
            has_lost: false,
        }
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        self.pauses.next().unwrap_or(LONGEST).min(LONGEST * 2)
    }
}

impl Backoff {
    /// A connection takes no more calls that stood for so long; `answered` says that a
    /// call on it had headers. What to wait for before the next: one that was of use
    /// ends the outage, and a first one that was not may have met a server that was
    /// just about to go.
    pub fn lost(&mut self, stood: Duration, answered: bool) -> Option<Duration> {
        if answered || stood >= STOOD {
            *self = Self::new(self.seed.wrapping_add(1));
            return None;
        }
        let is_first = !std::mem::replace(&mut self.has_lost, true);
        (!is_first).then(|| self.pause())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_however_often_it_fails() {
        let pauses = Doubling {
            first: 50,
            longest: 1_000,
        };
        let first: Vec<_> = (0..6).map(|failures| pauses.after(failures)).collect();
        assert_eq!(first, [50, 100, 200, 400, 800, 1_000]);
        assert_eq!(pauses.after(u32::MAX), 1_000);
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        for seed in 0..1000 {
            let mut backoff = Backoff::new(seed);
            let pauses: Vec<_> = (0..50).map(|_| backoff.pause()).collect();
            assert!(pauses[0] >= FIRST && pauses[0] <= FIRST * 2, "seed {seed}");
            assert!(pauses[49] >= LONGEST, "seed {seed}");
            assert!(pauses.iter().all(|p| *p <= LONGEST * 2), "seed {seed}");
        }
    }

    #[test]
    fn connections_that_are_of_no_use_are_made_again_with_pauses_that_grow() {
        for seed in 0..1000 {
            let mut backoff = Backoff::new(seed);
            let nothing = Duration::from_millis(3);
            for _ in 0..2 {
                assert_eq!(backoff.lost(nothing, false), None, "seed {seed}");
                let pauses: Vec<_> = (0..9)
                    .filter_map(|_| backoff.lost(nothing, false))
                    .collect();
                assert_eq!(pauses.len(), 9);
                assert!(pauses[0] <= FIRST * 2, "seed {seed}");
                assert!(pauses[8] >= FIRST * 40, "seed {seed}");
                // Attempts that fail between count in the same outage.
                assert!(backoff.pause() >= LONGEST, "seed {seed}");
                assert!(backoff.lost(nothing, false) >= Some(LONGEST), "seed {seed}");
                // One that answered a call, or stood, ends it.
                let (stood, answered) = if seed % 2 == 0 {
                    (nothing, true)
                } else {
                    (STOOD, false)
                };
                assert_eq!(backoff.lost(stood, answered), None, "seed {seed}");
                assert!(Backoff::new(seed.wrapping_add(1)).pause() <= FIRST * 2);
            }
            assert!(backoff.pause() <= FIRST * 2, "seed {seed}");
        }
    }

    #[test]
    fn two_clients_do_not_return_in_step() {
        assert_ne!(Backoff::new(1).pause(), Backoff::new(2).pause());
    }
}
