//! What etcd tells of the members.

use super::{Action, GRACE, Replica, name_taken};
use crate::bus::Millis;
use crate::bus::agreement::Side;
use crate::bus::wire::{Changes, Reason, Record, Refusal, Told};
use crate::registry::address_conflict;
use crate::registry::etcd::keys::{Present, Seen};

impl Replica {
    /// Everything that is stored, as of a revision.
    pub fn listed(&mut self, now: Millis, revision: u64, all: Vec<Seen>) {
        self.members.clear();
        self.missing.clear();
        self.ages.clear();
        self.own.modified = 0;
        let mut changes = Changes {
            revision,
            whole: true,
            ..Changes::default()
        };
        for seen in all {
            self.see(now, seen, &mut changes, false);
        }
        let newcomer = self.own.profile.as_ref().filter(|_| !self.has_stood);
        if let Some(text) =
            newcomer.and_then(|own| address_conflict::objection(own, &changes.records))
        {
            return self.refuse(Refusal::new(Reason::Other, text));
        }
        // Without a key nobody knows of this member.
        self.own.dirty |= self.own.modified == 0;
        self.revision = revision;
        self.told = revision;
        self.tell(Told::Changes(changes));
        let from = revision + 1;
        self.actions.push(Action::Watch { from });
        self.turn(now);
    }

    /// What has changed, up to a revision.
    pub fn watched(&mut self, now: Millis, revision: u64, all: Vec<Seen>) {
        let mut changes = Changes::default();
        for seen in all {
            self.see(now, seen, &mut changes, true);
        }
        self.revision = self.revision.max(revision);
        if !changes.records.is_empty() || !changes.gone.is_empty() {
            changes.revision = self.revision;
            self.told = self.revision;
            self.tell(Told::Changes(changes));
        }
        self.turn(now);
    }

    /// How far others are, which is not followed in step with the members.
    pub fn followed(&mut self, now: Millis, all: Vec<Seen>) {
        for seen in all {
            self.see(now, seen, &mut Changes::default(), true);
        }
        self.turn(now);
    }

    /// That has come to an end.
    pub fn unfollowed(&mut self, now: Millis) {
        self.following = false;
        self.effects.forget_all();
        self.turn(now);
    }

    /// They have not come back.
    pub(super) fn give_up_missing(&mut self, now: Millis) {
        let due = self.missing.iter().filter(|(_, until)| **until <= now);
        let gone: Vec<String> = due.map(|(name, _)| name.clone()).collect();
        self.missing.retain(|_, until| *until > now);
        if !gone.is_empty() {
            self.told = self.revision;
            self.tell(Told::Changes(Changes {
                revision: self.revision,
                gone,
                ..Changes::default()
            }));
        }
    }

    fn see(&mut self, now: Millis, seen: Seen, changes: &mut Changes, new: bool) {
        match seen {
            Seen::Entry(present) => self.see_member(now, present, changes, new),
            Seen::Deleted { name, revision } => {
                if name == self.name && revision > self.own.modified {
                    self.own.modified = 0;
                    self.own.dirty |= !self.own.gone;
                }
                if self.remove(&name) && name != self.name {
                    self.missing.insert(name, now + GRACE);
                }
            }
            Seen::Settled(revision) => self.effects.told(revision),
            Seen::Applied { name, revision } => self.effects.applied(name, revision),
            Seen::Silent { name } => self.effects.forget(&name),
        }
    }

    fn see_member(&mut self, now: Millis, present: Present, changes: &mut Changes, new: bool) {
        let mine = present.name == self.name;
        if mine && !self.is_mine(&present) {
            return self.refuse(name_taken(&self.name));
        }
        if new {
            let maker = &present.name;
            self.effects.await_all(now, present.modified, maker, mine);
        }
        if mine {
            self.own.modified = self.own.modified.max(present.modified);
        }
        if present.gone {
            self.remove(&present.name);
            self.missing.remove(&present.name);
            return set(changes, present.name, None);
        }
        let former = self.remove(&present.name);
        self.missing.remove(&present.name);
        // Whoever is below this cluster's keys belongs to it.
        let other = Side {
            cluster: &self.terms.cluster,
            versions: present.versions,
        };
        if let Err(mismatch) = self.terms.agree_with(other) {
            if !former {
                let text = format!(
                    "the member {} is not known: {}",
                    present.name, mismatch.here
                );
                self.actions.push(Action::Warn(text));
            }
        } else if !mine {
            set(changes, present.name.clone(), Some(present.record));
        }
        self.ages.insert((present.created, present.name.clone()));
        self.members.insert(present.name, present.created);
    }

    pub(super) fn is_mine(&self, present: &Present) -> bool {
        let own = self.own.profile.as_ref();
        own.is_some_and(|own| own.who.token == present.record.token)
    }

    fn remove(&mut self, name: &str) -> bool {
        let Some(created) = self.members.remove(name) else {
            return false;
        };
        self.ages.remove(&(created, name.to_owned()));
        true
    }
}

/// What comes last of a member counts.
fn set(changes: &mut Changes, name: String, record: Option<Record>) {
    if !changes.whole {
        changes.records.retain(|present| present.member != name);
        changes.gone.retain(|present| *present != name);
    }
    match record {
        Some(record) => changes.records.push(record),
        None => changes.gone.push(name),
    }
}
