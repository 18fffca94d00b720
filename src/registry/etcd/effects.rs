//! Which changes every member knows. Members tell by a key of their own how far
//! they are; the eldest reads these keys, and tells all of them by one key. So a
//! change costs each member one small write, whoever made it, and however many
//! are made at once.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::bus::Millis;

/// So long the eldest waits for those who are behind.
pub const APPLIED_TIMEOUT: Millis = 250;
/// So long it matters that a change is not known: whoever made it does not wait
/// any longer.
const MEMORY: Millis = 2_000;

/// A change that somebody waits for.
struct Awaited {
    revision: u64,
    since: Millis,
    /// Who does, and knows it.
    maker: String,
    own: bool,
}

/// How far each member is with the changes of all.
#[derive(Default)]
pub struct Effects {
    /// How far the others are, as far as the eldest knows.
    applied: HashMap<String, u64>,
    /// Not waited for before they have caught up.
    lagging: HashSet<String>,
    awaited: VecDeque<Awaited>,
    /// Everybody knows everything up to here.
    settled: u64,
    /// The same, of what others than this member wait for.
    for_others: u64,
    /// The latest that others wait for.
    wanted: u64,
}

impl Effects {
    /// See the field.
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// See the field.
    pub fn for_others(&self) -> u64 {
        self.for_others
    }

    /// See the field.
    pub fn wanted(&self) -> u64 {
        self.wanted
    }

    /// There is a change that its maker, this member or another, waits for.
    pub fn await_all(&mut self, now: Millis, revision: u64, maker: &str, own: bool) {
        if !own {
            self.wanted = self.wanted.max(revision);
        }
        self.awaited.retain(|a| a.since + MEMORY > now);
        self.awaited.push_back(Awaited {
            revision,
            since: now,
            maker: maker.to_owned(),
            own,
        });
    }

    /// A member has told how far it is.
    pub fn applied(&mut self, name: String, revision: u64) {
        self.lagging.remove(&name);
        let applied = self.applied.entry(name).or_default();
        *applied = revision.max(*applied);
    }

    /// It is gone, or what it told is.
    pub fn forget(&mut self, name: &str) {
        self.applied.remove(name);
        self.lagging.remove(name);
    }

    /// What members have told is not followed any more.
    pub fn forget_all(&mut self) {
        self.applied.clear();
        self.lagging.clear();
    }

    /// Revisions count anew.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// The eldest has told.
    pub fn told(&mut self, revision: u64) {
        self.settled = self.settled.max(revision);
        let settled = self.settled;
        self.awaited.retain(|awaited| awaited.revision > settled);
    }

    /// As the eldest, which is `own` far itself: finds out what everybody knows.
    pub fn settle<'a>(
        &mut self,
        now: Millis,
        own: u64,
        others: &(impl Iterator<Item = &'a str> + Clone),
    ) {
        while let Some(first) = self.awaited.front() {
            let (revision, since) = (first.revision, first.since);
            if own < revision {
                return;
            }
            let mut others = others.clone().filter(|name| *name != first.maker);
            let (applied, lagging) = (&self.applied, &mut self.lagging);
            let knows = |name: &str| applied.get(name).is_some_and(|at| *at >= revision);
            if since + APPLIED_TIMEOUT <= now {
                let behind = others.filter(|name| !knows(name));
                lagging.extend(behind.map(str::to_owned));
            } else if others.any(|name| !knows(name) && !lagging.contains(name)) {
                return;
            }
            self.settled = self.settled.max(revision);
            if let Some(first) = self.awaited.pop_front()
                && !first.own
            {
                self.for_others = self.settled;
            }
        }
    }

    /// When the eldest, which is `own` far itself, is to look again. What it does not
    /// know yet waits for that, not for a time.
    pub fn deadline(&self, own: u64) -> Option<Millis> {
        let first = self.awaited.front();
        let first = first.filter(|first| first.revision <= own);
        first.map(|first| first.since + APPLIED_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHERS: [&str; 2] = ["b", "c"];

    fn settle(effects: &mut Effects, now: Millis) -> u64 {
        effects.settle(now, u64::MAX, &OTHERS.into_iter());
        effects.settled()
    }

    #[test]
    fn a_change_is_in_effect_when_everybody_has_told() {
        let mut effects = Effects::default();
        // Its maker has not told, and need not.
        effects.await_all(0, 7, "b", false);
        effects.await_all(0, 9, "a", true);
        assert_eq!(settle(&mut effects, 1), 0);
        effects.applied("b".to_owned(), 9);
        assert_eq!(settle(&mut effects, 1), 0);
        effects.applied("c".to_owned(), 8);
        assert_eq!(settle(&mut effects, 2), 7);
        effects.applied("c".to_owned(), 9);
        assert_eq!(settle(&mut effects, 3), 9);
        // The last one was this member's: nobody else has to be told.
        assert_eq!(effects.for_others(), 7);
    }

    #[test]
    fn the_eldest_itself_has_to_know() {
        let mut effects = Effects::default();
        effects.await_all(0, 7, "b", false);
        effects.settle(1, 6, &[].into_iter());
        assert_eq!(effects.settled(), 0);
        // Looking again would change nothing, however late it is.
        assert_eq!(effects.deadline(6), None);
        assert_eq!(effects.deadline(7), Some(APPLIED_TIMEOUT));
        effects.settle(1, 7, &[].into_iter());
        assert_eq!(effects.settled(), 7);
    }

    #[test]
    fn one_that_is_silent_is_waited_for_once() {
        let mut effects = Effects::default();
        effects.applied("b".to_owned(), 9);
        effects.await_all(0, 7, "b", false);
        assert_eq!(settle(&mut effects, APPLIED_TIMEOUT - 1), 0);
        assert_eq!(effects.deadline(9), Some(APPLIED_TIMEOUT));
        assert_eq!(settle(&mut effects, APPLIED_TIMEOUT), 7);
        effects.await_all(300, 8, "b", false);
        assert_eq!(settle(&mut effects, 300), 8);
        // It has caught up, and counts again.
        effects.applied("c".to_owned(), 8);
        effects.await_all(300, 10, "b", false);
        effects.applied("b".to_owned(), 10);
        assert_eq!(settle(&mut effects, 301), 8);
        effects.applied("c".to_owned(), 10);
        assert_eq!(settle(&mut effects, 302), 10);
    }

    #[test]
    fn one_that_is_not_the_eldest_keeps_nothing_for_long() {
        let mut effects = Effects::default();
        for revision in 1..10_000 {
            effects.await_all(revision * 10, revision, "b", false);
        }
        assert!(effects.awaited.len() <= 200, "{}", effects.awaited.len());
        effects.told(9_999);
        assert_eq!((effects.awaited.len(), effects.wanted()), (0, 9_999));
    }
}
