//! A run: processes that come, talk, break and go, by the dice of one seed.

use std::collections::HashMap;

use bytes::Bytes;

use super::checker::{Checker, End as Ended};
use super::network::{Agenda, End, Network, Time};
use crate::bus::Millis;
use crate::bus::application::{Delivery, Failure};
use crate::bus::member::traffic::Calling;
use crate::bus::member::{Action, Identity, Member};
use crate::bus::peer::Conn;
use crate::bus::wire::{Cast, FromRegistry, Packet, Publish, Reply, ToRegistry};
use crate::registry::directory::{self, Directory, SessionNumber};

const MS: Time = 1_000;
/// Faults happen until then; after it everything has to come right.
const TROUBLE: Time = 4_000 * MS;
/// What coming right may take: a lease, a pause, a new registry.
const PEACE: Time = 8_000 * MS;
/// Packets under way on one transport before the sender has to wait.
const WINDOW: usize = 4;
const EXCHANGE: &str = "news";
/// The subscription to copies; the others count from 2.
const TAP: u32 = 1;

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
    Heal(usize, usize),
    Check,
}

enum Purpose {
    Link(Conn),
    /// A member's way to the registry.
    Registry,
    /// At the registry.
    Session(SessionNumber),
}

struct Process {
    alive: bool,
    died: Time,
    /// The processes that calls of fixed ids are for.
    callees: HashMap<u32, usize>,
    /// The members that calls were for which members answer themselves.
    asked: HashMap<u32, String>,
    taps: bool,
    member: Member,
    directory: Option<Directory>,
    ends: HashMap<End, Purpose>,
    conns: HashMap<Conn, End>,
    registry: Option<End>,
    sessions: HashMap<SessionNumber, End>,
    next_session: SessionNumber,
    next_call: u32,
    next_request: u32,
    subscription: u32,
    served: Vec<String>,
    ticking: Option<Time>,
}

pub struct World {
    rng: fastrand::Rng,
    agenda: Agenda<Event>,
    network: Network,
    processes: Vec<Process>,
    /// Who has bound the registry's port.
    port: Option<usize>,
    checker: Checker,
    serial: u64,
    trace: bool,
    latency: Time,
    copies: u64,
    /// Nothing breaks in this run, so nothing may be lost.
    calm: bool,
    /// Members ask each other for their status and tap, which makes a run several
    /// times as long.
    curious: bool,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut world = Self {
            rng: fastrand::Rng::with_seed(seed),
            agenda: Agenda::new(),
            network: Network::default(),
            processes: Vec::new(),
            port: None,
            checker: Checker::default(),
            serial: 0,
            trace: std::env::var("SIM_TRACE").is_ok(),
            latency: 200,
            copies: 0,
            calm: seed % 4 == 3,
            curious: matches!(seed % 16, 6 | 7),
        };
        world.latency = [50, 200, 2_000, 20_000][world.rng.usize(..4)];
        let members = match seed % 5_000 {
            0 => 500,
            n if n % 500 == 0 => 60,
            _ => world.rng.usize(5..14),
        };
        for _ in 0..members {
            world.spawn();
        }
        let every = TROUBLE / world.rng.u64(4..16);
        let mut at = every;
        while at < TROUBLE && !world.calm {
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

    fn spawn(&mut self) {
        let index = self.processes.len();
        let member = Member::new(Identity {
            name: format!("{:04x}-{index}", self.rng.u16(..)),
            token: format!("{:016x}", self.rng.u64(..)),
            cluster: "sim".to_owned(),
            address: format!("p:{index}"),
            seed: self.rng.u64(..),
            max_message: 1 << 20,
        });
        self.processes.push(Process {
            alive: true,
            died: Time::MAX,
            callees: HashMap::new(),
            asked: HashMap::new(),
            taps: false,
            member,
            directory: None,
            ends: HashMap::new(),
            conns: HashMap::new(),
            registry: None,
            sessions: HashMap::new(),
            next_session: 1,
            next_call: 1,
            next_request: 1,
            subscription: 1,
            served: Vec::new(),
            ticking: None,
        });
        let fixed = format!("fixed{index}");
        self.serve(index, &fixed);
        if self.rng.bool() {
            self.subscribe(index);
        }
        let soon = self.agenda.now + self.rng.u64(..30 * MS);
        self.agenda.plan(soon, Event::FindRegistry(index));
        self.agenda
            .plan(soon + self.rng.u64(..50 * MS), Event::Act(index));
    }

    pub fn run(mut self) {
        while let Some(event) = self.agenda.next() {
            if self.agenda.now > TROUBLE + PEACE {
                break;
            }
            self.happen(event);
        }
        self.check_convergence();
        assert_eq!(self.checker.pending(), 0, "calls that never ended");
        self.checker.check_arrivals();
        self.note(|| {
            format!(
                "{} deliveries, {} replies, {} failures",
                self.checker.deliveries, self.checker.replies, self.checker.failures
            )
        });
        assert!(self.checker.replies > 0, "nothing was ever answered");
    }

    fn happen(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Open(end, is_link) => self.opened(end, is_link),
            Event::Link(end, packet) => {
                let index = self.arrive(end);
                if let Some(Purpose::Link(conn)) = self.purpose(index, end) {
                    let conn = *conn;
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
                if self.processes[index].alive {
                    self.processes[index].ticking = None;
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
            Event::Heal(a, b) => {
                self.note(|| format!("heal {a} {b}"));
                self.network.cut.remove(&(a, b));
            }
            Event::Check => {
                self.checker.check_deadlines(self.agenda.now);
                let at = self.agenda.now + 50 * MS;
                self.agenda.plan(at, Event::Check);
            }
        }
    }

    fn arrive(&mut self, end: End) -> usize {
        let wire = &mut self.network.wires[end.wire];
        wire.in_flight[1 - end.side] -= 1;
        wire.processes[end.side]
    }

    fn purpose(&self, index: usize, end: End) -> Option<&Purpose> {
        let process = &self.processes[index];
        if !process.alive || !self.network.is_open(end) {
            return None;
        }
        process.ends.get(&end)
    }

    /// When something sent now arrives; nothing overtakes on one transport.
    fn arrival(&mut self, from: End) -> Time {
        let delay = self.rng.u64(self.latency / 2..=self.latency * 2);
        let wire = &mut self.network.wires[from.wire];
        wire.arrives[from.side] = wire.arrives[from.side].max(self.agenda.now + delay);
        wire.in_flight[from.side] += 1;
        wire.arrives[from.side]
    }

    // Transports

    fn dial(&mut self, from: usize, conn: Conn, address: &str) {
        let to: usize = address.trim_start_matches("p:").parse().unwrap();
        let end = self.network.open(from, to);
        self.processes[from].ends.insert(end, Purpose::Link(conn));
        self.processes[from].conns.insert(conn, end);
        // Slow connects, now and then.
        let slow = if self.rng.u8(..10) == 0 { 300 * MS } else { 0 };
        let at = self.arrival(end) + self.rng.u64(..=slow);
        self.network.wires[end.wire].arrives[0] = at;
        self.agenda.plan(at, Event::Open(end.other(), true));
    }

    fn opened(&mut self, end: End, is_link: bool) {
        let to = self.arrive(end);
        let from = self.network.process(end.other());
        let now = self.now();
        let cut = self.network.is_cut(from, to);
        let process = &mut self.processes[to];
        if !process.alive || cut || !is_link && process.directory.is_none() {
            self.hang_up(end, false);
            return;
        }
        if is_link {
            let conn = process.member.incoming(now);
            process.ends.insert(end, Purpose::Link(conn));
            process.conns.insert(conn, end);
            self.pump(to);
        } else {
            let session = process.next_session;
            process.next_session += 1;
            process.ends.insert(end, Purpose::Session(session));
            process.sessions.insert(session, end);
        }
    }

    /// One side ends a transport: the other hears of it, after what was sent.
    fn hang_up(&mut self, end: End, at_once: bool) {
        if !self.network.is_open(end) {
            return;
        }
        self.network.wires[end.wire].open[end.side] = false;
        let at = if at_once {
            self.agenda.now
        } else {
            self.arrival(end)
        };
        if at_once {
            self.network.wires[end.wire].in_flight[end.side] += 1;
        }
        self.agenda.plan(at, Event::Gone(end.other()));
    }

    fn gone(&mut self, end: End) {
        let index = self.arrive(end);
        let now = self.now();
        if !self.network.is_open(end) {
            return;
        }
        self.network.wires[end.wire].open[end.side] = false;
        if !self.processes[index].alive {
            return;
        }
        match self.processes[index].ends.remove(&end) {
            Some(Purpose::Link(conn)) => {
                self.processes[index].conns.remove(&conn);
                self.processes[index].member.lost(now, conn, "cut");
                self.pump(index);
            }
            Some(Purpose::Registry) => {
                self.processes[index].registry = None;
                self.processes[index].member.registry_lost("cut");
                self.pump(index);
                let soon = self.agenda.now + self.rng.u64(..20 * MS);
                self.agenda.plan(soon, Event::FindRegistry(index));
            }
            Some(Purpose::Session(session)) => {
                self.processes[index].sessions.remove(&session);
                if let Some(directory) = &mut self.processes[index].directory {
                    directory.lost(now, session);
                }
                self.pump_directory(index);
            }
            None => {}
        }
    }

    fn find_registry(&mut self, index: usize) {
        if !self.processes[index].alive || self.processes[index].registry.is_some() {
            return;
        }
        if self.port.is_none() {
            self.note(|| format!("{index} hosts the registry"));
            self.port = Some(index);
            let epoch = self.rng.u64(..);
            self.processes[index].directory = Some(Directory::new("sim".to_owned(), epoch));
        }
        let host = self.port.unwrap_or(index);
        let end = self.network.open(index, host);
        self.processes[index].ends.insert(end, Purpose::Registry);
        self.processes[index].registry = Some(end);
        let at = self.arrival(end);
        self.agenda.plan(at, Event::Open(end.other(), false));
        self.processes[index].member.registry_open();
        self.pump(index);
    }

    // What members want done

    fn pump(&mut self, index: usize) {
        loop {
            let now = self.now();
            let actions = self.processes[index].member.take_actions(now);
            if actions.is_empty() {
                break;
            }
            for action in actions {
                if self.processes[index].alive {
                    self.carry_out(index, action);
                }
            }
        }
        for conn in self.processes[index].member.take_dirty() {
            if let Some(end) = self.processes[index].conns.get(&conn).copied() {
                self.flush(index, end);
            }
        }
        self.set_tick(index);
    }

    fn set_tick(&mut self, index: usize) {
        let process = &mut self.processes[index];
        let hosting = process.directory.as_ref().and_then(Directory::alarm);
        let Some(alarm) = process.member.alarm().into_iter().chain(hosting).min() else {
            return;
        };
        let at = (alarm * MS).max(self.agenda.now);
        if process.ticking.is_none_or(|ticking| at < ticking) {
            process.ticking = Some(at);
            self.agenda.plan(at, Event::Tick(index));
        }
    }

    fn flush(&mut self, index: usize, end: End) {
        if !self.processes[index].alive {
            return;
        }
        let Some(Purpose::Link(conn)) = self.processes[index].ends.get(&end) else {
            return;
        };
        let conn = *conn;
        while self.network.is_open(end) && self.network.wires[end.wire].in_flight[end.side] < WINDOW
        {
            let Some(packet) = self.processes[index].member.next_packet(conn) else {
                break;
            };
            let at = self.arrival(end);
            self.agenda.plan(at, Event::Link(end.other(), packet));
        }
    }

    fn carry_out(&mut self, index: usize, action: Action) {
        match action {
            Action::Dial { conn, address } => self.dial(index, conn, &address),
            Action::Send { conn, packet } => {
                if let Some(end) = self.processes[index].conns.get(&conn).copied() {
                    let at = self.arrival(end);
                    self.agenda.plan(at, Event::Link(end.other(), packet));
                }
            }
            Action::Close { conn } => {
                if let Some(end) = self.processes[index].conns.remove(&conn) {
                    self.processes[index].ends.remove(&end);
                    self.hang_up(end, false);
                }
            }
            Action::ToRegistry(message) => {
                if let Some(end) = self.processes[index].registry {
                    let at = self.arrival(end);
                    self.agenda.plan(at, Event::Asked(end.other(), message));
                }
            }
            Action::Deliver(delivery) => self.deliver(index, delivery),
            Action::Left => {
                self.note(|| format!("{index} has left"));
                self.end(index, false);
            }
        }
    }

    fn pump_directory(&mut self, index: usize) {
        let Some(directory) = &mut self.processes[index].directory else {
            return;
        };
        for action in directory.take_actions() {
            match action {
                directory::Action::Tell(session, message) => {
                    if let Some(end) = self.processes[index].sessions.get(&session).copied() {
                        let at = self.arrival(end);
                        self.agenda.plan(at, Event::Told(end.other(), message));
                    }
                }
                directory::Action::Close(session) => {
                    if let Some(end) = self.processes[index].sessions.remove(&session) {
                        self.processes[index].ends.remove(&end);
                        self.hang_up(end, false);
                    }
                }
            }
        }
        self.set_tick(index);
    }

    // The applications

    fn serve(&mut self, index: usize, id: &str) {
        let now = self.now();
        let process = &mut self.processes[index];
        process.next_request += 1;
        process.served.push(id.to_owned());
        process.member.serve(now, process.next_request, id);
        self.pump(index);
    }

    fn subscribe(&mut self, index: usize) {
        let now = self.now();
        let patterns = [["#", "a.*", "a.b"][self.rng.usize(..3)].to_owned()];
        let process = &mut self.processes[index];
        process.next_request += 1;
        process.subscription += 1;
        let (request, subscription) = (process.next_request, process.subscription);
        let member = &mut process.member;
        member.subscribe(now, request, subscription, EXCHANGE, &patterns);
        self.pump(index);
    }

    fn someone(&mut self) -> Option<usize> {
        let alive: Vec<usize> = (0..self.processes.len())
            .filter(|index| self.processes[*index].alive)
            .collect();
        (!alive.is_empty()).then(|| alive[self.rng.usize(..alive.len())])
    }

    fn act(&mut self, index: usize) {
        if !self.processes[index].alive || self.agenda.now > TROUBLE + PEACE / 8 {
            return;
        }
        let Some(other) = self.someone() else { return };
        for _ in 0..self.rng.usize(1..4) {
            match self.rng.u8(..if self.curious { 22 } else { 20 }) {
                0..=5 => self.call(index, &format!("fixed{other}")),
                6..=7 => self.call(index, "moving0"),
                8 => {
                    let id = ["moving1", "nobody"][self.rng.usize(..2)];
                    self.call(index, id);
                }
                9..=13 => self.cast(index, &format!("fixed{other}")),
                14..=17 => self.publish(index),
                18 => {
                    let id = format!("moving{}", self.rng.u8(..2));
                    self.toggle(index, &id);
                }
                19 => self.subscribe_once(index),
                20 => self.ask_status(index, other),
                _ => self.toggle_tap(index),
            }
        }
        let next = self.agenda.now + self.rng.u64(5 * MS..200 * MS);
        self.agenda.plan(next, Event::Act(index));
    }

    fn subscribe_once(&mut self, index: usize) {
        if self.processes[index].subscription < 3 {
            self.subscribe(index);
        }
    }

    fn toggle(&mut self, index: usize, id: &str) {
        let now = self.now();
        let process = &mut self.processes[index];
        if process.served.iter().any(|served| served == id) {
            process.served.retain(|served| served != id);
            process.next_request += 1;
            process.member.stop_serving(now, process.next_request, id);
            self.pump(index);
        } else {
            self.serve(index, id);
        }
    }

    /// Asks what only the member itself knows; no application answers.
    fn ask_status(&mut self, index: usize, other: usize) {
        let name = self.processes[other].member.name().to_owned();
        let timeout = self.rng.u64(50..2_500);
        let now = self.now();
        let process = &mut self.processes[index];
        let number = process.next_call;
        process.next_call += 1;
        process.callees.insert(number, other);
        process.asked.insert(number, name.clone());
        self.checker.begin(index, number, (now + timeout + 6) * MS);
        let calling = Calling {
            number,
            to: format!("!{name}"),
            method: "status".to_owned(),
            body: Bytes::from_static(b"[]"),
            timeout,
            many: false,
            trace: String::new(),
        };
        process.member.call(now, calling);
        self.pump(index);
    }

    /// Listens to copies of what passes between others, or does so no more.
    fn toggle_tap(&mut self, index: usize) {
        let now = self.now();
        let patterns = ["#".to_owned()];
        let process = &mut self.processes[index];
        process.next_request += 1;
        process.taps = !process.taps;
        let request = process.next_request;
        let member = &mut process.member;
        if process.taps {
            member.subscribe(now, request, TAP, "owt-grpc.tap", &patterns);
        } else {
            member.unsubscribe(now, request, TAP, "owt-grpc.tap", &patterns);
        }
        self.pump(index);
    }

    /// The receiver learns who sent what when, and whether it is in order.
    fn body(&mut self, index: usize, ordered: bool) -> Bytes {
        self.serial += 1;
        let padding = match self.rng.u8(..50) {
            0 => 200_000,
            1..=5 => 2_000,
            _ => 0,
        };
        let mut body = Vec::with_capacity(17 + padding);
        body.extend((index as u64).to_le_bytes());
        body.extend(self.serial.to_le_bytes());
        body.push(ordered.into());
        body.resize(17 + padding, 0);
        body.into()
    }

    fn call(&mut self, index: usize, to: &str) {
        let ordered = to.starts_with("fixed") && self.processes[index].member.knows(to);
        let body = self.body(index, ordered);
        let timeout = self.rng.u64(50..2_500);
        let now = self.now();
        let process = &mut self.processes[index];
        let number = process.next_call;
        process.next_call += 1;
        let by = (now + timeout + 6) * MS;
        if let Some(callee) = to.strip_prefix("fixed") {
            process.callees.insert(number, callee.parse().unwrap());
        }
        self.checker.begin(index, number, by);
        process.member.call(
            now,
            Calling {
                number,
                to: to.to_owned(),
                method: "m".to_owned(),
                body,
                timeout,
                many: self.rng.u8(..10) == 0,
                trace: String::new(),
            },
        );
        self.pump(index);
    }

    fn cast(&mut self, index: usize, to: &str) {
        let ordered = self.processes[index].member.knows(to);
        let body = self.body(index, ordered);
        if self.calm && ordered {
            let receiver = to.trim_start_matches("fixed").parse().unwrap();
            self.checker.expect(receiver, self.serial);
        }
        let now = self.now();
        let member = &mut self.processes[index].member;
        let cast = Cast {
            to: to.to_owned(),
            method: "m".to_owned(),
            body,
            ..Cast::default()
        };
        member.cast(now, cast);
        self.pump(index);
    }

    fn publish(&mut self, index: usize) {
        let body = self.body(index, true);
        let key = ["a.b", "a.c", "b"][self.rng.usize(..3)];
        let now = self.now();
        let member = &mut self.processes[index].member;
        let publish = Publish {
            exchange: EXCHANGE.to_owned(),
            key: key.to_owned(),
            body,
            ..Publish::default()
        };
        member.publish(now, &publish);
        self.pump(index);
    }

    fn received(&mut self, index: usize, body: &Bytes) {
        let number = |at: usize| u64::from_le_bytes(*body[at..].first_chunk().unwrap());
        let from = usize::try_from(number(0)).unwrap();
        self.checker
            .delivered(from, index, number(8), body[16] == 1);
    }

    fn deliver(&mut self, index: usize, delivery: Delivery) {
        match delivery {
            Delivery::Reply {
                call, kind, body, ..
            } => {
                if let Some(name) = self.processes[index].asked.get(&call) {
                    let told = format!(r#"{{"data":{{"member":"{name}","#);
                    assert!(body.starts_with(told.as_bytes()), "another's status");
                }
                if kind.is_empty() {
                    self.checker.end(index, call, Ended::Replied);
                }
            }
            Delivery::Failed { call, why, detail } => {
                self.note(|| format!("{index}: call {call} failed: {why:?} {detail}"));
                self.checker.end(index, call, Ended::Failed);
                self.check_failure(index, call, why);
            }
            Delivery::Request { from, body, .. } => {
                self.received(index, &body);
                let Some((peer, number)) = from else { return };
                let delay = match self.rng.u8(..10) {
                    0 => return,
                    1 => self.rng.u64(..3_000 * MS),
                    _ => self.rng.u64(..2 * MS),
                };
                let at = self.agenda.now + delay;
                self.agenda.plan(at, Event::Answer(index, peer, number));
            }
            Delivery::Message {
                subscriptions,
                body,
                ..
            } => {
                if subscriptions == [TAP] {
                    self.copies += 1;
                    assert!(body.starts_with(br#"{"kind":""#), "a copy of a copy");
                } else {
                    self.received(index, &body);
                }
            }
            Delivery::Done { .. } | Delivery::Joined | Delivery::Left => {}
            Delivery::Parted { why } | Delivery::Refused { why } => {
                self.note(|| format!("{index}: without registry: {why}"));
            }
            Delivery::Note { text, .. } => {
                assert!(!text.contains("protocol"), "{index}: {text}");
                self.note(|| format!("{index}: {text}"));
            }
        }
    }

    /// Whether a call ended for the right reason.
    fn check_failure(&self, index: usize, call: u32, why: Failure) {
        let callee = self.processes[index].callees.get(&call);
        let died = callee.map_or(Time::MAX, |callee| self.processes[*callee].died);
        // The longest that a loss may go unnoticed here.
        let noticed = died.saturating_add(500 * MS);
        assert!(
            why != Failure::Slow || self.agenda.now < noticed,
            "call {call} of {index} waited for a process that died at {died}"
        );
        assert!(
            !self.calm
                || matches!(
                    why,
                    Failure::Slow | Failure::UnknownId | Failure::Unreachable
                ),
            "call {call} of {index} failed for {why:?} though nothing broke"
        );
    }

    fn answer(&mut self, index: usize, peer: u32, number: u32) {
        if !self.processes[index].alive {
            return;
        }
        let now = self.now();
        // Twice now and then, and of other kinds.
        let kinds: &[&str] = [&[""][..], &["onStatus", ""], &["", ""]][self.rng.usize(..3)];
        for kind in kinds {
            let reply = Reply {
                number,
                kind: (*kind).to_owned(),
                body: Bytes::from_static(b"{}"),
                ..Reply::default()
            };
            self.processes[index].member.reply(now, peer, reply);
        }
        self.pump(index);
    }

    // Faults

    fn fault(&mut self) {
        let Some(victim) = self.someone() else { return };
        match self.rng.u8(..10) {
            0..=1 => {
                self.note(|| format!("kill {victim}"));
                self.end(victim, true);
                self.spawn();
            }
            2..=3 => {
                if let Some(host) = self.port {
                    self.note(|| format!("kill the registry's host {host}"));
                    self.end(host, true);
                    self.spawn();
                }
            }
            4 => {
                self.note(|| format!("{victim} leaves"));
                let now = self.now();
                self.processes[victim].member.leave(now);
                self.pump(victim);
                self.spawn();
            }
            5..=8 => {
                let Some(other) = self.someone() else { return };
                self.cut(victim, other);
            }
            _ => {
                for _ in 0..self.rng.usize(1..6) {
                    self.spawn();
                }
            }
        }
    }

    fn cut(&mut self, a: usize, b: usize) {
        let pair = (a.min(b), a.max(b));
        if a == b {
            return;
        }
        self.note(|| format!("cut {a} {b}"));
        let forget_in_flight = self.rng.bool();
        for wire in 0..self.network.wires.len() {
            let [x, y] = self.network.wires[wire].processes;
            if (x.min(y), x.max(y)) != pair {
                continue;
            }
            for side in 0..2 {
                // Each side notices in its own time, as if the other had gone.
                let end = End { wire, side };
                if !self.network.is_open(end) {
                    continue;
                }
                let at = self.agenda.now + self.rng.u64(..300 * MS);
                let wire = &mut self.network.wires[end.wire];
                let at = if forget_in_flight {
                    at
                } else {
                    at.max(wire.arrives[1 - side])
                };
                wire.in_flight[1 - side] += 1;
                self.agenda.plan(at, Event::Gone(end));
            }
        }
        if self.rng.bool() {
            self.network.cut.insert(pair);
            let until = self.agenda.now + self.rng.u64(..3_000 * MS);
            let until = until.min(TROUBLE);
            self.agenda.plan(until, Event::Heal(pair.0, pair.1));
        }
    }

    /// The process is no more. Killed, its transports end in the middle.
    fn end(&mut self, index: usize, killed: bool) {
        self.processes[index].alive = false;
        self.processes[index].died = self.agenda.now;
        self.checker.died(index);
        if self.port == Some(index) {
            self.port = None;
        }
        let mut ends: Vec<End> = self.processes[index].ends.keys().copied().collect();
        ends.sort_unstable_by_key(|end| end.wire * 2 + end.side);
        for end in ends {
            let at_once = killed && self.rng.bool();
            self.hang_up(end, at_once);
        }
    }

    // In the end

    fn check_convergence(&self) {
        let alive = || self.processes.iter().filter(|process| process.alive);
        for process in alive() {
            for other in alive() {
                let view = process.member.view(other.member.name());
                assert_eq!(
                    view,
                    Some(other.member.record()),
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
