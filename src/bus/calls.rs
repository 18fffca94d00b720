//! The calls of a member that have not been answered yet, and their deadlines.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry::Vacant;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Millis;
use super::table::PeerNumber;

/// Where a call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Where it goes is not settled.
    New,
    /// Nobody serves the id yet.
    Waiting(Box<Turn>),
    /// Not yet handed to a link.
    Queued(PeerNumber),
    /// On its way, or with the handler.
    Sent(PeerNumber),
}

/// A place among the calls that wait for an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The id that the call waits for.
    pub id: Arc<str>,
    /// Of all that wait for any id.
    pub number: u64,
}

struct Entry {
    stage: Stage,
    since: Millis,
    deadline: Millis,
    /// Replies of other kinds are wanted, after the last one, too, until the application
    /// cancels the call: how many of those it keeps is for it to say.
    many: bool,
    settled: bool,
}

/// Deadlines are kept in steps of so many ms: a call ends that much late at most.
const STEP: Millis = 4;

/// The calls that one member has made.
#[derive(Default)]
pub struct Calls {
    entries: FxHashMap<u32, Entry>,
    deadlines: BTreeMap<Millis, Vec<u32>>,
    pending: usize,
}

impl Calls {
    /// A new call; false if its number is taken.
    pub fn begin(&mut self, number: u32, many: bool, now: Millis, deadline: Millis) -> bool {
        let Vacant(vacant) = self.entries.entry(number) else {
            return false;
        };
        vacant.insert(Entry {
            stage: Stage::New,
            since: now,
            deadline,
            many,
            settled: false,
        });
        self.pending += 1;
        let step = deadline.div_ceil(STEP) * STEP;
        self.deadlines.entry(step).or_default().push(number);
        true
    }

    /// How many are not settled.
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// Where a call is that is not settled.
    pub fn stage(&self, number: u32) -> Option<&Stage> {
        let entry = self.entries.get(&number)?;
        (!entry.settled).then_some(&entry.stage)
    }

    /// A call goes to a peer. Returns how long its caller still waits, at least 1;
    /// `None` if it is settled.
    pub fn send(&mut self, number: u32, peer: PeerNumber, now: Millis) -> Option<u32> {
        let entry = self.entries.get_mut(&number)?;
        if entry.settled {
            return None;
        }
        entry.stage = Stage::Sent(peer);
        let left = entry.deadline.saturating_sub(now).max(1);
        Some(u32::try_from(left).unwrap_or(u32::MAX))
    }

    /// A call has moved on; false if it is settled.
    pub fn move_to(&mut self, number: u32, stage: Stage) -> bool {
        match self.entries.get_mut(&number) {
            Some(entry) if !entry.settled => {
                entry.stage = stage;
                true
            }
            _ => false,
        }
    }

    /// Whether a reply from `peer` is one that the caller waits for.
    pub fn expects(&self, number: u32, peer: PeerNumber) -> bool {
        let entry = self.entries.get(&number);
        entry.is_some_and(|entry| entry.stage == Stage::Sent(peer))
    }

    /// The last reply has come. Returns when the call was begun; `None` if it had come
    /// before.
    pub fn answer(&mut self, number: u32) -> Option<Millis> {
        let entry = self.entries.get_mut(&number)?;
        if entry.settled {
            return None;
        }
        let since = entry.since;
        if !entry.many {
            return self.settle(number).map(|_| since);
        }
        entry.settled = true;
        self.pending -= 1;
        Some(since)
    }

    /// Forgets a call. `None` if it is settled, or if there is none.
    pub fn cancel(&mut self, number: u32) -> Option<Stage> {
        let stage = self.settle(number);
        if stage.is_none() {
            self.entries.remove(&number);
        }
        stage
    }

    /// Forgets a call that is not settled. `None` if there is none.
    pub fn settle(&mut self, number: u32) -> Option<Stage> {
        if self.entries.get(&number)?.settled {
            return None;
        }
        self.pending -= 1;
        self.entries.remove(&number).map(|entry| entry.stage)
    }

    /// Whether a call that is not settled is with a peer.
    pub fn has_one_with(&self, peer: PeerNumber) -> bool {
        let sent = Stage::Sent(peer);
        let mut entries = self.entries.values();
        entries.any(|entry| !entry.settled && entry.stage == sent)
    }

    /// The calls that were with a peer whose link is gone.
    pub fn lost_with(&mut self, peer: PeerNumber) -> Vec<u32> {
        let gone = Stage::Sent(peer);
        let mut lost = Vec::new();
        self.entries.retain(|number, entry| {
            if entry.stage != gone {
                return true;
            }
            if !entry.settled {
                lost.push(*number);
            }
            false
        });
        self.pending -= lost.len();
        lost.sort_unstable();
        lost
    }

    /// All that are not settled, in the order of their numbers.
    pub fn take_all(&mut self) -> Vec<u32> {
        let mut all: Vec<u32> = std::mem::take(&mut self.entries)
            .into_iter()
            .filter(|(_, entry)| !entry.settled)
            .map(|(number, _)| number)
            .collect();
        all.sort_unstable();
        self.deadlines.clear();
        self.pending = 0;
        all
    }

    /// Most calls are answered long before their deadline: nobody needs to be woken for
    /// a step that has none but such ones.
    fn skip_settled(&mut self) {
        while let Some(step) = self.deadlines.first_entry() {
            let is_pending = |number| self.entries.get(number).is_some_and(|entry| !entry.settled);
            if step.get().iter().any(is_pending) {
                break;
            }
            step.remove();
        }
    }

    /// When the next deadline may pass.
    pub fn next_deadline(&self) -> Option<Millis> {
        self.deadlines.keys().next().copied()
    }

    /// Takes out the calls whose deadline has passed, with where they were.
    pub fn overdue(&mut self, now: Millis) -> Vec<(u32, Stage)> {
        let mut overdue = Vec::new();
        while let Some(step) = self.deadlines.first_entry() {
            if *step.key() > now {
                break;
            }
            for number in step.remove() {
                if let Some(stage) = self.settle(number) {
                    overdue.push((number, stage));
                }
            }
        }
        self.skip_settled();
        overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_listens_after_its_reply_until_it_is_cancelled_or_its_peer_is_gone() {
        let mut calls = Calls::default();
        for number in [1, 2, 3] {
            assert!(calls.begin(number, number != 3, 0, 1000));
            assert!(calls.send(number, 7, 0).is_some());
            assert!(calls.answer(number).is_some());
        }
        assert_eq!([1, 2, 3].map(|n| calls.expects(n, 7)), [true, true, false]);
        assert_eq!(calls.cancel(1), None);
        assert_eq!([1, 2].map(|n| calls.expects(n, 7)), [false, true]);
        assert_eq!(calls.lost_with(7), [0; 0]);
        assert!(!calls.expects(2, 7));
        assert_eq!((calls.pending(), calls.cancel(2)), (0, None));
    }
}
