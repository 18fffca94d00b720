//! Builds that speak different versions of the protocol: beside each other in any
//! run, and rolled through all processes and back in one in which nothing breaks.

use super::{Event, MS, TROUBLE, World};
use crate::bus::agreement::Versions;
use crate::bus::sim::network::Time;

/// Served by all: whoever calls it while others come and go gets a reply.
pub(super) const STEADY: &str = "steady";
/// What a process that is stopped has for what is with it.
const GRACE: Time = 700 * MS;

/// Two that are neighbours: one of before there were ranges first, then any.
pub(super) fn neighbours(seed: u64) -> [Versions; 2] {
    let pairs = [[(1, 1), (1, 2)], [(1, 2), (2, 3)]];
    pairs[usize::from(seed % 3 == 0)].map(|(oldest, newest)| Versions::new(oldest, newest))
}

impl World {
    /// Plans that each process is replaced by one of the later build, and then each by one
    /// of the former.
    pub(super) fn plan_rolls(&mut self, processes: u64) {
        let every = TROUBLE / (2 * processes + 2);
        for turn in 1..=2 * processes {
            let to = usize::from(turn <= processes);
            self.agenda.plan(turn * every, Event::Roll(to));
        }
    }

    /// One more process of a build in place of one that is of another.
    pub(super) fn roll(&mut self, to: usize) {
        let wanted = self.builds[to];
        let is_former = |index: &usize| {
            let process = &self.processes[*index];
            process.alive && !process.retiring && process.member.versions() != wanted
        };
        let Some(former) = (0..self.processes.len()).find(is_former) else {
            return;
        };
        self.note(|| format!("{former} is replaced"));
        self.spawn(wanted);
        self.processes[former].retiring = true;
        for id in std::mem::take(&mut self.processes[former].served) {
            let now = self.now();
            let process = &mut self.processes[former];
            process.next_request += 1;
            process.member.stop_serving(now, process.next_request, &id);
        }
        self.pump(former);
        let at = self.agenda.now + GRACE;
        self.agenda.plan(at, Event::Leave(former));
    }

    pub(super) fn leave(&mut self, index: usize) {
        if self.processes[index].alive {
            let now = self.now();
            self.processes[index].member.leave(now);
            self.pump(index);
        }
    }

    /// Links between those that are there are in the newest version of both.
    pub(super) fn check_versions(&self) {
        let alive = || self.processes.iter().filter(|process| process.alive);
        for one in alive() {
            for other in alive() {
                let version = one.member.version_with(other.member.name());
                let newest =
                    |versions: Versions| versions.newest_if_another().max(versions.oldest());
                let both = [one, other].map(|process| newest(process.member.versions()));
                assert!(
                    version == 0 || Some(&version) == both.iter().min(),
                    "{both:?} talk in {version}"
                );
            }
        }
    }
}
