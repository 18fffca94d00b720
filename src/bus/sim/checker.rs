//! What must hold, whatever happens.

use rustc_hash::{FxHashMap, FxHashSet};

/// What a call ended as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Replied,
    Failed,
}

/// Keeps the books of a run. Members are named by a number that is never used
/// again.
#[derive(Default)]
pub struct Checker {
    /// Calls by (member, number): when they must have ended at the latest.
    pending: FxHashMap<(usize, u32), u64>,
    ended: FxHashSet<(usize, u32)>,
    /// Messages handed to an application: (receiver, serial).
    delivered: FxHashSet<(usize, u64)>,
    /// What must arrive.
    expected: FxHashSet<(usize, u64)>,
    /// The last serial that came from a sender to a receiver.
    last: FxHashMap<(usize, usize), u64>,
    pub replies: u64,
    pub failures: u64,
    pub deliveries: u64,
}

impl Checker {
    pub fn begin(&mut self, member: usize, call: u32, by: u64) {
        assert!(self.pending.insert((member, call), by).is_none());
    }

    pub fn end(&mut self, member: usize, call: u32, end: End) {
        let was = self.pending.remove(&(member, call));
        assert!(
            was.is_some() && self.ended.insert((member, call)),
            "call {call} of member {member} ended twice"
        );
        match end {
            End::Replied => self.replies += 1,
            End::Failed => self.failures += 1,
        }
    }

    /// The member is dead: nobody waits any more.
    pub fn died(&mut self, member: usize) {
        self.pending.retain(|(owner, _), _| *owner != member);
    }

    /// No call is older than it may be, but those of members that do nothing.
    pub fn check_deadlines(&self, now: u64, is_stopped: impl Fn(usize) -> bool) {
        for ((member, call), by) in &self.pending {
            assert!(
                now <= *by || is_stopped(*member),
                "call {call} of member {member} was to end by {by}, it is {now}"
            );
        }
    }

    /// A request or message has reached an application.
    pub fn delivered(&mut self, from: usize, to: usize, serial: u64, ordered: bool) {
        assert!(
            self.delivered.insert((to, serial)),
            "{serial} reached member {to} twice"
        );
        self.deliveries += 1;
        if ordered {
            let last = self.last.insert((from, to), serial);
            assert!(
                last.is_none_or(|last| last < serial),
                "{serial} from member {from} reached member {to} after {last:?}"
            );
        }
    }

    /// A message that nothing keeps from arriving.
    pub fn expect(&mut self, to: usize, serial: u64) {
        self.expected.insert((to, serial));
    }

    pub fn check_arrivals(&self) {
        let lost: Vec<_> = self.expected.difference(&self.delivered).collect();
        assert!(lost.is_empty(), "lost, as (member, serial): {lost:?}");
    }

    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}
