//! The eldest member's part: to find out what everybody knows.

use super::{Action, Replica};
use crate::bus::Millis;

impl Replica {
    pub(super) fn is_eldest(&self) -> bool {
        let eldest = self.ages.first();
        eldest.is_some_and(|(_, name)| *name == self.name)
    }

    /// Up to where the member knows everything.
    pub(super) fn known(&self) -> u64 {
        if self.applied >= self.told {
            self.revision
        } else {
            self.applied
        }
    }

    /// The eldest finds out what everybody knows.
    pub(super) fn tend_effects(&mut self, now: Millis) {
        let eldest = self.is_eldest();
        let follow = eldest && self.members.len() > 1;
        if follow && !self.following {
            self.actions.push(Action::Follow);
        } else if self.following && !follow {
            self.actions.push(Action::Unfollow);
            self.effects.forget_all();
        }
        self.following = follow;
        // The last one to leave asks nobody.
        if eldest || self.members.is_empty() {
            let known = self.known();
            let others = self.members.keys().map(String::as_str);
            let others = others.filter(|name| *name != self.name);
            self.effects.settle(now, known, &others);
        }
    }
}
