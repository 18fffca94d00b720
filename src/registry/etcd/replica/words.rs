//! What the member says in its session.

use super::{Action, LEASE, Phase, Replica};
use crate::bus::Millis;
use crate::bus::profile::Profile;
use crate::bus::wire::{Asked, Join, Joined, ToRegistry, Told};

impl Replica {
    /// The member says something.
    pub fn asked(&mut self, now: Millis, message: ToRegistry) {
        match message.kind {
            Some(Asked::Join(join)) => self.join(join),
            Some(Asked::Announce(announce)) => {
                let delta = announce.delta.unwrap_or_default();
                if let Some(profile) = &mut self.own.profile {
                    profile.change(&delta);
                    self.own.request = announce.request;
                    self.own.dirty = true;
                }
            }
            Some(Asked::Applied(applied)) => self.applied = self.applied.max(applied.revision),
            Some(Asked::Leave(leave)) => {
                self.own.gone = true;
                self.own.request = leave.request;
                self.own.dirty = true;
            }
            Some(Asked::Proof(_)) | None => {}
        }
        self.turn(now);
    }

    fn join(&mut self, join: Join) {
        let Some(record) = join.record else { return };
        let profile = Some(Profile::from(record));
        self.own.dirty |= self.own.profile != profile;
        self.own.profile = profile;
        self.own.request = join.request;
        self.phase = Phase::Joining;
        self.tell(Told::Joined(Joined {
            epoch: self.epoch,
            lease_ms: LEASE * 1000,
            // etcd is asked in its own words; the links are what has a version.
            version: 0,
            proof: bytes::Bytes::new(),
        }));
        if self.revision == 0 {
            // Revisions may count anew.
            self.told = 0;
            self.applied = 0;
            self.actions.push(Action::List);
        } else {
            let from = self.revision + 1;
            self.actions.push(Action::Watch { from });
        }
    }
}
