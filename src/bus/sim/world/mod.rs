//! A run: processes that come, talk, break and go, by the dice of one seed.
//!
//! `process` is one of them; `transports` what is between them; `wants` carries
//! out what members and registries want; `applications` use the bus; `faults`
//! break it, `stops` lets processes be silent for a while, `rolls` replace processes by others of another build. `convergence` is a run in which they only come.

mod applications;
mod convergence;
mod faults;
mod process;
mod rolls;
mod stops;
mod transports;
mod wants;

use process::{INTRUDER, Process, Purpose};
use rolls::Build;

use super::checker::Checker;
use super::network::{Agenda, End, Network, Time};
use crate::bus::Millis;
use crate::bus::agreement::Terms;
use crate::bus::member::Identity;
use crate::bus::wire::{FromRegistry, IdleClose, Kind, Packet, ToRegistry};
use crate::registry::candidates::CANDIDATES;

const MS: Time = 1_000;
/// Faults happen until then; after it everything has to come right.
const TROUBLE: Time = 4_000 * MS;
/// What coming right may take: a lease, a pause, a new registry.
const PEACE: Time = 8_000 * MS;

enum Event {
    Open(End, bool),
    Link(End, Packet),
    Asked(End, ToRegistry),
    Told(End, FromRegistry),
    /// The other side is gone; it had said all it wanted to if true.
    Gone(End),
    FindRegistry(usize),
    Tick(usize),
    Act(usize),
    Answer(usize, u32, u32),
    Fault,
    /// One process is replaced by one of that build.
    Roll(usize),
    Leave(usize),
    /// A process that was stopped goes on.
    Continue(usize),
    /// Nothing comes from a process any more, at the other end; which stop of it that is.
    Missed(usize, u32, End),
    /// Who hosts at a later place hears those before it.
    GiveWay(usize),
    Heal(usize, usize),
    Check,
}

/// What a run is like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Things break.
    Troubled,
    /// Nothing breaks, so nothing may be lost.
    Calm,
    /// Nothing breaks, and each process is replaced by one of another build.
    Rolled,
    /// Nothing breaks, and processes are stopped for a while.
    Stopped,
}

pub struct World {
    rng: fastrand::Rng,
    agenda: Agenda<Event>,
    network: Network,
    processes: Vec<Process>,
    /// Who has bound the ports of the registry.
    hosts: [Option<usize>; CANDIDATES],
    checker: Checker,
    serial: u64,
    trace: bool,
    latency: Time,
    /// When links are idle: in some runs soon, so that they come and go.
    idle: Millis,
    copies: u64,
    /// How often a link was closed because it was idle.
    idle_closes: u64,
    course: Course,
    /// Members ask each other for their status and tap, which makes a run several
    /// times as long.
    curious: bool,
    /// The former and the later.
    builds: [Build; 2],
    /// Many members do each so much less; nothing at all if it is 0.
    leisure: u64,
}

impl World {
    fn empty(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            agenda: Agenda::new(),
            network: Network::default(),
            processes: Vec::new(),
            hosts: [None; CANDIDATES],
            checker: Checker::default(),
            serial: 0,
            trace: std::env::var("SIM_TRACE").is_ok(),
            latency: 200,
            idle: 300_000,
            copies: 0,
            idle_closes: 0,
            course: match seed % 8 {
                3 => Course::Calm,
                7 => Course::Rolled,
                1 => Course::Stopped,
                _ => Course::Troubled,
            },
            curious: matches!(seed % 32, 6 | 7),
            builds: rolls::neighbours(seed),
            leisure: 1,
        }
    }

    pub fn new(seed: u64) -> Self {
        let mut world = Self::empty(seed);
        world.latency = [50, 200, 2_000, 20_000][world.rng.usize(..4)];
        if world.rng.u8(..4) == 0 {
            world.idle = [20, 60, 200][world.rng.usize(..3)];
        }
        let members = match seed % 5_000 {
            0 => 500,
            n if n % 500 == 0 => 60,
            _ => world.rng.u64(5..14),
        };
        world.leisure = 1 + members / 60;
        for _ in 0..members {
            world.spawn_any();
        }
        if let Some(build) = rolls::intruder(&world.builds, &mut world.rng) {
            world.start(INTRUDER, build.terms());
        }
        if world.course == Course::Rolled {
            world.plan_rolls(members);
        }
        let every = TROUBLE / world.rng.u64(4..16);
        let mut at = every;
        let breaks = matches!(world.course, Course::Troubled | Course::Stopped);
        while at < TROUBLE && breaks {
            world.agenda.plan(at, Event::Fault);
            at += every;
        }
        world.agenda.plan(50 * MS, Event::Check);
        world
    }

    fn note(&self, text: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>9} {}", self.agenda.now, text());
        }
    }

    fn now(&self) -> Millis {
        self.agenda.now / MS
    }

    /// A process of some build: of the former one where they are to be rolled.
    fn spawn_any(&mut self) {
        let build = usize::from(self.course != Course::Rolled && self.rng.bool());
        self.spawn(build);
    }

    fn spawn(&mut self, build: usize) {
        let terms = self.builds[build].terms();
        self.start(build, terms);
    }

    fn start(&mut self, build: usize, terms: Terms) {
        let index = self.processes.len();
        let identity = Identity {
            name: format!("{:04x}-{index}", self.rng.u16(..)),
            token: format!("{:016x}", self.rng.u64(..)),
            terms,
            address: format!("p:{index}"),
            may_move: false,
            registry_proves: true,
            entropy: std::array::from_fn(|_| self.rng.u8(..)),
            seed: self.rng.u64(..),
            max_message: 1 << 20,
            idle: self.idle,
        };
        self.processes.push(Process::new(identity, build));
        let fixed = format!("fixed{index}");
        self.serve(index, &fixed);
        self.serve(index, rolls::STEADY);
        if self.rng.bool() {
            self.subscribe(index);
        }
        let soon = self.agenda.now + self.rng.u64(..30 * MS);
        self.agenda.plan(soon, Event::FindRegistry(index));
        self.agenda
            .plan(soon + self.rng.u64(..50 * MS), Event::Act(index));
    }

    /// Returns how often a link was closed because it was idle.
    pub fn run(mut self) -> u64 {
        while let Some(event) = self.agenda.next() {
            if self.agenda.now > TROUBLE + PEACE {
                break;
            }
            self.happen(event);
        }
        self.check_convergence();
        self.check_versions();
        assert_eq!(self.checker.pending(), 0, "calls that never ended");
        self.checker.check_arrivals();
        self.note(|| {
            format!(
                "{} deliveries, {} replies, {} failures, {} links closed as idle",
                self.checker.deliveries,
                self.checker.replies,
                self.checker.failures,
                self.idle_closes
            )
        });
        assert!(self.checker.replies > 0, "nothing was ever answered");
        self.idle_closes
    }

    fn happen(&mut self, event: Event) {
        let now = self.now();
        let Some(event) = self.unless_stopped(event) else {
            return;
        };
        match event {
            Event::Open(end, is_link) => self.opened(end, is_link),
            Event::Link(end, packet) => {
                let index = self.arrive(end);
                if let Some(Purpose::Link(conn)) = self.purpose(index, end) {
                    let conn = *conn;
                    // The one that answers: what follows is a new link.
                    let idle_close = Some(Kind::IdleClose(IdleClose {}));
                    let last = packet.frames.last();
                    self.idle_closes +=
                        u64::from(end.side == 0 && last.is_some_and(|f| f.kind == idle_close));
                    self.processes[index].member.packet(now, conn, packet);
                    self.pump(index);
                }
                // The sender may go on.
                let sender = self.network.process(end.other());
                self.flush(sender, end.other());
            }
            Event::Asked(end, message) => {
                let index = self.arrive(end);
                if let Some(Purpose::Session(session)) = self.purpose(index, end) {
                    let session = *session;
                    if let Some(directory) = &mut self.processes[index].directory {
                        directory.message(now, session, message);
                    }
                    self.pump_directory(index);
                }
            }
            Event::Told(end, message) => {
                let index = self.arrive(end);
                if let Some(Purpose::Registry) = self.purpose(index, end) {
                    self.processes[index].member.registry_message(now, message);
                    self.pump(index);
                }
            }
            Event::Gone(end) => self.gone(end),
            Event::FindRegistry(index) => self.find_registry(index),
            Event::Tick(index) => {
                let process = &mut self.processes[index];
                // An alarm that was put forward has rung already.
                if process.alive && process.ticking == Some(self.agenda.now) {
                    process.ticking = None;
                    self.processes[index].member.tick(now);
                    if let Some(directory) = &mut self.processes[index].directory {
                        directory.tick(now);
                    }
                    self.pump_directory(index);
                    self.pump(index);
                }
            }
            Event::Act(index) => self.act(index),
            Event::Answer(index, peer, number) => self.answer(index, peer, number),
            Event::Fault => self.fault(),
            Event::Roll(to) => self.roll(to),
            Event::Leave(index) => self.leave(index),
            Event::Continue(index) => self.go_on(index),
            Event::Missed(index, stop, end) => self.missed(index, stop, end),
            Event::GiveWay(index) => self.give_way(index),
            Event::Heal(a, b) => {
                self.note(|| format!("heal {a} {b}"));
                self.network.cut.remove(&(a, b));
            }
            Event::Check => {
                let processes = &self.processes;
                self.checker
                    .check_deadlines(self.agenda.now, |member| processes[member].is_stopped());
                let at = self.agenda.now + 50 * MS;
                self.agenda.plan(at, Event::Check);
            }
        }
    }

    fn check_convergence(&self) {
        assert!(
            matches!(self.hosts, [Some(_), None, None]),
            "there is not one registry, at the first place: {:?}",
            self.hosts
        );
        let alive = || {
            self.processes
                .iter()
                .filter(|process| process.alive && !process.is_intruder())
        };
        for process in alive() {
            for other in alive() {
                let view = process.member.view(other.member.name());
                assert_eq!(
                    view,
                    Some(other.member.profile()),
                    "{} does not know {} as it is",
                    process.member.name(),
                    other.member.name()
                );
            }
            assert_eq!(
                process.member.known(),
                alive().count() - 1,
                "{} knows members that are gone",
                process.member.name()
            );
        }
    }
}
