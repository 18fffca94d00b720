//! Builds that speak different versions of the protocol and are at different steps of
//! introducing or replacing a secret, the cluster's and the operator's: beside each other in any run, and rolled through
//! all processes and back in one in which nothing breaks.

use super::process::Process;
use super::{Event, MS, TROUBLE, World};
use crate::bus::agreement::{Terms, Versions};
use crate::bus::sim::network::Time;
use crate::bus::trust::operator::OperatorSecret;
use crate::bus::trust::{Key, Mode, Trust};

/// Served by all: whoever calls it while others come and go gets a reply.
pub(super) const STEADY: &str = "steady";
/// What a process that is stopped has for what is with it.
const GRACE: Time = 700 * MS;

/// What its processes have in common.
#[derive(Clone)]
pub(super) struct Build {
    pub(super) versions: Versions,
    pub(super) trust: Trust,
    /// The operator's secrets, by numbers.
    operator: &'static [u8],
}

impl Build {
    pub(super) fn terms(&self) -> Terms {
        Terms {
            versions: self.versions,
            trust: self.trust.clone(),
            operator: OperatorSecret::by(keys(self.operator)),
            ..Terms::of("sim")
        }
    }
}

fn keys(secrets: &[u8]) -> impl Iterator<Item = Key> {
    secrets.iter().map(|n| Key::new(&[*n; 32]))
}

fn trust(secrets: &[u8], mode: Mode) -> Trust {
    Trust::by(keys(secrets), mode)
}

/// The same for an operator's secret. The last two are of two that will not agree.
const OPERATORS: [&[u8]; 6] = [&[], &[], &[1], &[2, 1], &[2], &[3]];

/// Two that are neighbours: in their versions, one of before there were ranges first,
/// and in the steps by which a secret is introduced, then replaced.
pub(super) fn neighbours(seed: u64) -> [Build; 2] {
    let versions = [[(1, 1), (1, 2)], [(1, 2), (2, 3)]][usize::from(seed.is_multiple_of(3))];
    let steps = [
        trust(&[], Mode::Accepted),
        trust(&[1], Mode::Accepted),
        trust(&[1], Mode::Required),
        trust(&[2, 1], Mode::Required),
        trust(&[2], Mode::Required),
    ];
    let step = usize::try_from(seed / 8 % 5).unwrap_or_default();
    // No step where the first is last.
    let steps = [&steps[step], &steps[(step + 1).min(4)]];
    let first = usize::try_from(seed / 40 % 5).unwrap_or_default();
    [0, 1].map(|n| Build {
        versions: Versions::new(versions[n].0, versions[n].1),
        trust: steps[n].clone(),
        operator: OPERATORS[first + n],
    })
}

/// One that does not have the secret of the others, which they all require.
pub(super) fn intruder(builds: &[Build; 2], rng: &mut fastrand::Rng) -> Option<Build> {
    let is_closed = builds.iter().all(|build| build.trust.is_required());
    let secrets = [&[][..], &[9]][rng.usize(..2)];
    is_closed.then(|| Build {
        versions: builds[1].versions,
        trust: trust(secrets, Mode::Accepted),
        operator: &[],
    })
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
        let is_former = |index: &usize| {
            let process = &self.processes[*index];
            process.alive && !process.retiring && process.build == 1 - to
        };
        let Some(former) = (0..self.processes.len()).find(is_former) else {
            return;
        };
        self.note(|| format!("{former} is replaced"));
        self.spawn(to);
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

    /// A copy has come to a process: from one that asks for no operator's secret, or for one
    /// that it has.
    pub(super) fn check_copy(&self, index: usize, body: &[u8]) {
        let copy: serde_json::Value = serde_json::from_slice(body).unwrap();
        let is_it = |process: &&Process| copy["member"] == process.member.name();
        let from = self.processes.iter().find(is_it).unwrap();
        // An intruder sees itself.
        let secrets = |process: &Process| self.builds.get(process.build).map(|it| it.operator);
        let [ours, theirs] =
            [&self.processes[index], from].map(|process| secrets(process).unwrap_or_default());
        let is_shared = theirs.iter().any(|secret| ours.contains(secret));
        assert!(
            theirs.is_empty() || is_shared,
            "{index}, with {ours:?}, looks at one that asks for {theirs:?}"
        );
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
