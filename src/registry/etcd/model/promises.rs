//! What members are told, and whether what they are promised holds.

use super::world::World;
use crate::bus::session::asked;
use crate::bus::wire::{Applied, Asked, Changes};

impl World {
    /// It is told of others.
    pub(super) fn apply(&mut self, actor: usize, changes: Changes) {
        let this = &mut self.actors[actor];
        if changes.whole {
            this.view.clear();
        }
        for record in changes.records {
            assert_ne!(
                record.member, this.record.member,
                "nobody is told of itself"
            );
            this.view.insert(record.member, record.ids);
        }
        for name in changes.gone {
            this.view.remove(&name);
        }
        let revision = changes.revision;
        let applied = Applied { revision };
        this.replica.asked(self.now, asked(Asked::Applied(applied)));
    }

    /// It is told that something is in effect: so all have to know.
    pub(super) fn done(&mut self, actor: usize, request: u32) {
        let this = &self.actors[actor];
        assert!(request >= this.done && request <= this.request);
        let ids: Vec<_> = this.record.ids[..request as usize].to_vec();
        let name = this.record.member.clone();
        if self.strict {
            for other in &self.actors {
                if other.record.member != name {
                    let view = other.view.get(&name);
                    let knows = view.is_some_and(|view| ids.iter().all(|id| view.contains(id)));
                    assert!(
                        knows,
                        "{} does not know {ids:?} of {name} at {}: {view:?}",
                        other.record.member, self.now
                    );
                }
            }
        }
        self.dones += 1;
        self.actors[actor].done = request;
    }

    /// All know all.
    pub(super) fn check(&self) {
        for one in &self.actors {
            assert_eq!(one.done, one.request, "everything is in effect");
            for other in self
                .actors
                .iter()
                .filter(|other| other.record.member != one.record.member)
            {
                assert_eq!(
                    one.view.get(&other.record.member),
                    Some(&other.record.ids),
                    "{} of {}",
                    one.record.member,
                    other.record.member
                );
            }
            assert_eq!(one.view.len(), self.actors.len() - 1);
        }
    }
}
