//! When something is told that may happen a thousand times a second: as it begins,
//! and how often it was when it is over.

use super::Millis;

/// One spell is told of in so long; of those between, the next that is told of has
/// the count.
const APART: Millis = 10_000;
/// How often to look whether one is over.
const LOOK: Millis = 500;

/// The times at which something that repeats is told.
#[derive(Debug, Default)]
pub struct Spells {
    /// When one was last begun to be told of.
    begun: Option<Millis>,
    /// Its end is to be told.
    open: bool,
    /// Not told yet, and the first and the last of them.
    count: u64,
    since: Millis,
    last: Millis,
}

/// What is told when a spell is over.
#[derive(Debug, PartialEq, Eq)]
pub struct Over {
    /// How often it has happened since that was told last.
    pub count: u64,
    /// From the first time to the end.
    pub took: Millis,
}

impl Spells {
    /// It has happened. Returns whether to tell that it has begun.
    pub fn happened(&mut self, now: Millis, times: u64) -> bool {
        if self.count == 0 {
            self.since = now;
        }
        self.count += times;
        self.last = now;
        let begins = !self.open && times > 0 && self.is_apart(now);
        if begins {
            self.open = true;
            self.begun = Some(now);
        }
        begins
    }

    fn is_apart(&self, now: Millis) -> bool {
        self.begun.is_none_or(|begun| begun + APART <= now)
    }

    /// What to tell if it is over: `rests` says that nothing of the kind can happen
    /// just now. Where that is never so, a while without counts as the end.
    pub fn over(&mut self, now: Millis, rests: bool) -> Option<Over> {
        let ends = rests || self.last + APART <= now;
        if self.count == 0 || !ends || !self.open && !self.is_apart(now) {
            return None;
        }
        if !self.open {
            self.begun = Some(now);
        }
        self.open = false;
        Some(Over {
            count: std::mem::take(&mut self.count),
            took: now - self.since,
        })
    }

    /// When to ask whether it is over.
    pub fn alarm(&self, now: Millis) -> Option<Millis> {
        let apart = self.begun.filter(|_| !self.open).map(|begun| begun + APART);
        (self.count > 0).then(|| apart.unwrap_or(0).max(now + LOOK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spell_is_told_as_it_begins_and_with_its_count_when_it_is_over() {
        let mut spells = Spells::default();
        assert_eq!(spells.alarm(0), None);
        assert!(spells.happened(100, 1));
        assert!(!spells.happened(200, 5));
        assert_eq!(spells.alarm(200), Some(200 + LOOK));
        assert_eq!(spells.over(700, false), None);
        let over = |count, took| Some(Over { count, took });
        assert_eq!(spells.over(900, true), over(6, 800));
        assert_eq!(spells.over(950, true), None);
        // One that begins soon after is told of only when it is over, and not soon.
        assert!(!spells.happened(1_000, 3));
        assert_eq!(spells.over(1_500, true), None);
        assert_eq!(spells.alarm(1_500), Some(100 + APART));
        assert_eq!(spells.over(100 + APART, true), over(3, 100 + APART - 1_000));
        assert!(spells.happened(100 + 2 * APART, 1));
        // What could go on at any time ends when it has not for a while.
        assert_eq!(spells.over(99 + 3 * APART, false), None);
        assert_eq!(spells.over(100 + 3 * APART, false), over(1, APART));
    }

    #[test]
    fn whatever_happens_all_is_counted_and_little_is_told() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut spells = Spells::default();
            let (mut now, mut happened, mut told, mut lines) = (0, 0, 0, 0);
            let mut tell = |over: Option<Over>| {
                if let Some(over) = over {
                    assert!(over.count > 0, "seed {seed}");
                    told += over.count;
                    lines += 1;
                }
            };
            let mut begun = 0;
            for _ in 0..3_000 {
                now += rng.u64(..400);
                if rng.bool() {
                    let times = rng.u64(..50);
                    happened += times;
                    begun += u64::from(spells.happened(now, times));
                } else {
                    tell(spells.over(now, rng.bool()));
                }
            }
            while let Some(at) = spells.alarm(now) {
                assert!(at > now, "seed {seed}");
                now = at;
                tell(spells.over(now, true));
            }
            assert_eq!(told, happened, "seed {seed}");
            assert!(begun + lines <= 2 * (now / APART + 1), "seed {seed}");
        }
    }
}
