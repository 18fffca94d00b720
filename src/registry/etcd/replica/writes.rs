//! What a replica writes: the member's record, how far it is, and, as the eldest,
//! how far all are. One write is under way at a time; what comes meanwhile goes
//! with the next.

use super::{Action, Barrier, EFFECT_TIMEOUT, LONGEST_GAP, Phase, Replica, name_taken};
use crate::bus::Millis;
use crate::bus::profile::Profile;
use crate::bus::wire::{Done, Told};
use crate::registry::etcd::keys::{Write, Written};

/// The pause before what etcd has refused is tried again. Somebody has to mend
/// something there first.
const AGAIN: Millis = 800;

impl Replica {
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
                    self.has_stood = true;
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
            Written::Refused => {
                self.own.dirty |= write.record.is_some();
                self.write_again = now + self.some_of(AGAIN);
                if self.own.gone {
                    self.go_without_a_word();
                }
            }
        }
        self.turn(now);
    }

    /// etcd does not take down that this member leaves, but takes its lease back.
    fn go_without_a_word(&mut self) {
        self.own.dirty = false;
        if let Some(lease) = self.lease.take() {
            self.actions.push(Action::Revoke(lease));
        }
        let request = self.own.request;
        self.tell(Told::Done(Done { request }));
    }

    /// etcd does not give a lease now.
    pub fn grant_refused(&mut self, now: Millis) {
        self.grant_again = Some(now + self.some_of(AGAIN));
    }

    pub(super) fn await_effect(&mut self, now: Millis, revision: u64) {
        self.barriers.push_back(Barrier {
            revision,
            request: self.own.request,
            leaving: self.own.gone,
            until: now + EFFECT_TIMEOUT,
        });
    }

    /// When there is something to write: a record at once, other words with others.
    pub(super) fn write_due(&self) -> Option<Millis> {
        if self.own.dirty && self.own.profile.is_some() {
            return Some(self.write_again);
        }
        let has_word = self.applied_due().is_some() || self.settled_due().is_some();
        has_word.then(|| self.next_write.max(self.write_again))
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
        if self.write_due().is_none_or(|due| due > now) {
            return;
        }
        let own = self.own.profile.as_ref().filter(|_| self.own.dirty);
        let record = own.map(Profile::record);
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
        self.some_of((members / 2).min(LONGEST_GAP))
    }

    /// From half of it to all: not all members at the same time, by xorshift.
    fn some_of(&mut self, most: Millis) -> Millis {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        most / 2 + self.random % (most / 2 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::agreement::Terms;
    use crate::bus::session::asked;
    use crate::bus::wire::{Asked, FromRegistry, Join, Leave, Record};

    /// A replica whose member is in etcd, alone, and wants to say something more.
    fn with_a_write_under_way() -> Replica {
        let mut replica = Replica::new("m".to_owned(), Terms::of("c"), 1);
        replica.leased(0, 5);
        replica.found(7, 1);
        let record = Record {
            member: "m".to_owned(),
            ..Record::default()
        };
        let join = Join {
            record: Some(record),
            request: 3,
            ..Join::default()
        };
        replica.asked(0, asked(Asked::Join(join)));
        replica.listed(0, 1, Vec::new());
        replica.watching(0);
        assert_eq!(writes(&mut replica), 1);
        replica
    }

    fn writes(replica: &mut Replica) -> usize {
        let actions = replica.take_actions();
        let is_write = |action: &&Action| matches!(action, Action::Write(_));
        actions.iter().filter(is_write).count()
    }

    #[test]
    fn what_etcd_refuses_is_written_again_after_a_pause_and_not_before() {
        let mut replica = with_a_write_under_way();
        replica.written(10, Written::Refused);
        assert!(!replica.is_written());
        let again = replica.alarm().unwrap();
        assert!((10 + AGAIN / 2..=10 + AGAIN).contains(&again), "{again}");
        replica.tick(again - 1);
        assert_eq!(writes(&mut replica), 0);
        replica.tick(again);
        assert_eq!(writes(&mut replica), 1);
    }

    #[test]
    fn a_lease_that_etcd_refuses_is_asked_for_again() {
        let mut replica = with_a_write_under_way();
        replica.written(10, Written::NoLease);
        assert!(replica.take_actions().contains(&Action::Grant));
        replica.grant_refused(20);
        let again = replica.alarm().unwrap();
        replica.tick(again - 1);
        assert_eq!(replica.take_actions(), []);
        replica.tick(again);
        assert_eq!(replica.take_actions(), [Action::Grant]);
    }

    #[test]
    fn a_member_whose_leaving_is_refused_gives_its_lease_back_and_is_gone() {
        let mut replica = with_a_write_under_way();
        replica.asked(5, asked(Asked::Leave(Leave { request: 4 })));
        replica.written(10, Written::Refused);
        let done = FromRegistry {
            kind: Some(Told::Done(Done { request: 4 })),
        };
        assert_eq!(
            replica.take_actions(),
            [Action::Revoke(5), Action::Tell(done)]
        );
        replica.tick(10_000);
        assert_eq!(replica.take_actions(), []);
    }
}
