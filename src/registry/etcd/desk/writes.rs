//! What a desk writes: the member's record, how far it is, and, as the eldest,
//! how far all are. One write is under way at a time; what comes meanwhile goes
//! with the next.

use super::{Action, Barrier, Desk, LONGEST_GAP, PATIENCE, Phase, name_taken};
use crate::bus::Millis;
use crate::registry::etcd::keys::{Write, Written};

impl Desk {
    /// A write has ended.
    pub fn written(&mut self, now: Millis, how: Written) {
        let Some(write) = self.write.take() else {
            return;
        };
        match how {
            Written::Done(revision) => {
                self.acknowledged = self.acknowledged.max(write.applied.unwrap_or(0));
                self.published = self.published.max(write.settled.unwrap_or(0));
                if write.record.is_some() {
                    self.stand();
                    self.own.modified = self.own.modified.max(revision);
                    if !self.own.dirty {
                        self.await_effect(now, revision);
                    }
                }
            }
            Written::Conflict(Some(present)) if !self.is_mine(&present) => {
                return self.refuse(name_taken(&self.name));
            }
            Written::Conflict(present) => {
                self.own.modified = present.map_or(0, |present| present.modified);
                self.own.dirty = true;
            }
            Written::NoLease => {
                // Another may have been granted since.
                if self.lease == Some(write.lease) {
                    self.lease_lost();
                }
                self.own.dirty = true;
            }
        }
        self.turn(now);
    }

    pub(super) fn await_effect(&mut self, now: Millis, revision: u64) {
        self.barriers.push_back(Barrier {
            revision,
            request: self.own.request,
            leaving: self.own.gone,
            until: now + PATIENCE,
        });
    }

    /// Whether there is something to say that is no record.
    pub(super) fn has_word(&self) -> bool {
        self.applied_due().is_some() || self.settled_due().is_some()
    }

    fn applied_due(&self) -> Option<u64> {
        let (known, wanted) = (self.known(), self.effects.wanted());
        let due = known >= wanted && wanted > self.acknowledged && !self.is_eldest();
        due.then_some(known)
    }

    fn settled_due(&self) -> Option<u64> {
        let due = self.effects.for_others() > self.published && self.is_eldest();
        due.then_some(self.effects.settled())
    }

    pub(super) fn write_what_is_due(&mut self, now: Millis) {
        let (Phase::Open, None, Some(lease)) = (self.phase, &self.write, self.lease) else {
            return;
        };
        let record = self.own.record.clone().filter(|_| self.own.dirty);
        if record.is_none() && !(self.has_word() && self.next_write <= now) {
            return;
        }
        self.own.dirty = false;
        // A record goes with how far its member is: the eldest needs it.
        let known = record.is_some().then(|| self.known());
        let write = Write {
            lease,
            record: record.map(|record| (record, self.own.gone, self.own.modified)),
            applied: self.applied_due().or(known),
            settled: self.settled_due(),
        };
        self.next_write = now + self.gap();
        self.write = Some(write.clone());
        self.actions.push(Action::Write(write));
    }

    /// The more there are, the longer each collects what it has to say.
    fn gap(&mut self) -> Millis {
        let members = Millis::try_from(self.members.len()).unwrap_or(Millis::MAX);
        let most = (members / 2).min(LONGEST_GAP);
        // xorshift: not all at the same time.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        most / 2 + self.random % (most / 2 + 1)
    }
}
