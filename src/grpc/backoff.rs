//! How long to wait between attempts to connect.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

/// The first pause: short, since a restarted process is usually back at once.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause, so that a peer that returns is found within seconds.
const LONGEST: Duration = Duration::from_secs(5);

/// The pauses of one outage, each longer than the one before and with jitter,
/// so that many clients do not return in step.
pub struct Backoff(ExponentialBackoff);

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
        Self(pauses)
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        self.0.next().unwrap_or(LONGEST).min(LONGEST * 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn two_clients_do_not_return_in_step() {
        assert_ne!(Backoff::new(1).pause(), Backoff::new(2).pause());
    }
}
