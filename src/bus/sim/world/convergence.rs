//! How long it takes until all know all, when nothing else happens.

use super::{MS, World};
use crate::bus::Millis;
use crate::bus::member::Member;

impl World {
    /// The time until all members know each other: when all start at once, and
    /// when the registry's process ends and another takes its place.
    pub fn convergence(members: usize) -> (Millis, Millis) {
        let mut world = Self::empty(1);
        world.leisure = 0;
        for _ in 0..members {
            world.spawn(0);
        }
        let first = world.time_until_registered(members, 0);
        let Some(host) = world.hosts[0] else {
            return (first, 0);
        };
        let former = world.processes[host].member.epoch();
        world.end(host, true);
        (first, world.time_until_registered(members - 1, former))
    }

    /// Until all are registered at another registry than the former one.
    fn time_until_registered(&mut self, members: usize, former: u64) -> Millis {
        let began = self.agenda.now;
        let mut look = began;
        while let Some(event) = self.agenda.next() {
            self.happen(event);
            if self.agenda.now < look {
                continue;
            }
            look = self.agenda.now + MS;
            let mut alive = self.processes.iter().filter(|process| process.alive);
            // One that is gone is known for a while.
            let is_back = |member: &Member| {
                member.is_registered() && member.epoch() != former && member.known() + 1 >= members
            };
            if alive.all(|process| is_back(&process.member)) {
                break;
            }
        }
        (self.agenda.now - began) / MS
    }
}
