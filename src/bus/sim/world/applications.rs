//! The applications: what they ask of their members by the dice, and what they
//! do with what they are told.

use bytes::Bytes;

use super::rolls::STEADY;
use super::{Course, Event, MS, PEACE, TROUBLE, World};
use crate::bus::application::{Delivery, Failure};
use crate::bus::member::traffic::Calling;
use crate::bus::outbox::PIECE;
use crate::bus::sim::checker::End as Ended;
use crate::bus::sim::network::Time;
use crate::bus::wire::{Cast, Publish, Reply};

const EXCHANGE: &str = "news";
/// The subscription to copies; the others count from 2.
const TAP: u32 = 1;

impl World {
    pub(super) fn serve(&mut self, index: usize, id: &str) {
        let now = self.now();
        let process = &mut self.processes[index];
        process.next_request += 1;
        process.served.push(id.to_owned());
        process.member.serve(now, process.next_request, id);
        self.pump(index);
    }

    pub(super) fn subscribe(&mut self, index: usize) {
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

    pub(super) fn someone(&mut self) -> Option<usize> {
        let alive: Vec<usize> = (0..self.processes.len())
            .filter(|index| self.processes[*index].alive)
            .collect();
        (!alive.is_empty()).then(|| alive[self.rng.usize(..alive.len())])
    }

    pub(super) fn act(&mut self, index: usize) {
        if self.leisure == 0
            || !self.processes[index].alive
            || self.processes[index].retiring
            || self.agenda.now > TROUBLE + PEACE / 8
        {
            return;
        }
        let Some(other) = self.someone() else { return };
        for _ in 0..self.rng.usize(1..4) {
            match self.rng.u8(..if self.curious { 22 } else { 20 }) {
                0..=3 => self.call(index, &format!("fixed{other}")),
                4..=5 => self.call(index, STEADY),
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
        let next = self.agenda.now + self.rng.u64(5 * MS..200 * MS) * self.leisure;
        self.agenda.plan(next, Event::Act(index));
    }

    pub(super) fn subscribe_once(&mut self, index: usize) {
        if self.processes[index].subscription < 3 {
            self.subscribe(index);
        }
    }

    pub(super) fn toggle(&mut self, index: usize, id: &str) {
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
    pub(super) fn ask_status(&mut self, index: usize, other: usize) {
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
    pub(super) fn toggle_tap(&mut self, index: usize) {
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
    pub(super) fn body(&mut self, index: usize, ordered: bool) -> Bytes {
        self.serial += 1;
        let padding = match self.rng.u8(..100) {
            0 => self.rng.usize(PIECE..3 * PIECE),
            1..=10 => 2_000,
            _ => 0,
        };
        let mut body = Vec::with_capacity(17 + padding);
        body.extend((index as u64).to_le_bytes());
        body.extend(self.serial.to_le_bytes());
        body.push(ordered.into());
        body.resize(17 + padding, 0);
        body.into()
    }

    pub(super) fn call(&mut self, index: usize, to: &str) {
        let ordered = to.starts_with("fixed") && self.processes[index].member.knows(to);
        let body = self.body(index, ordered);
        let is_sure = matches!(self.course, Course::Calm | Course::Rolled)
            && to == STEADY
            && !self.processes[index].is_intruder();
        let timeout = if is_sure {
            2_500
        } else {
            self.rng.u64(50..2_500)
        };
        let now = self.now();
        let process = &mut self.processes[index];
        let number = process.next_call;
        process.next_call += 1;
        let by = (now + timeout + 6) * MS;
        if is_sure {
            process.sure.insert(number);
        }
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

    pub(super) fn cast(&mut self, index: usize, to: &str) {
        let ordered = self.processes[index].member.knows(to);
        let body = self.body(index, ordered);
        // Of one that is replaced nobody else serves the id.
        if self.course == Course::Calm && ordered {
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

    pub(super) fn publish(&mut self, index: usize) {
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

    pub(super) fn received(&mut self, index: usize, body: &Bytes) {
        let number = |at: usize| u64::from_le_bytes(*body[at..].first_chunk().unwrap());
        let from = usize::try_from(number(0)).unwrap();
        assert!(
            from == index
                || !self.processes[from].is_intruder() && !self.processes[index].is_intruder(),
            "something of {from} has reached {index}: one of them has no secret"
        );
        self.checker
            .delivered(from, index, number(8), body[16] == 1);
    }

    pub(super) fn deliver(&mut self, index: usize, delivery: Delivery) {
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
            Delivery::Request { from, to, body, .. } => {
                self.received(index, &body);
                let Some((peer, number)) = from else { return };
                let delay = match self.rng.u8(..10) {
                    0..=1 if to == STEADY => 0,
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
                    self.check_copy(index, &body);
                } else {
                    self.received(index, &body);
                }
            }
            Delivery::Joined => assert!(
                !self.processes[index].is_intruder(),
                "{index} was let in without the secret"
            ),
            Delivery::Done { .. }
            | Delivery::GivenUp { .. }
            | Delivery::Waiting { .. }
            | Delivery::Left => {}
            Delivery::Declined { why, .. } => panic!("{index}: there are no rules: {why}"),
            Delivery::Parted { why } | Delivery::Refused { why } => {
                assert!(!why.contains("not expected"), "{index}: {why}");
                self.note(|| format!("{index}: without registry: {why}"));
            }
            Delivery::Note { text, .. } => {
                assert!(!text.contains("protocol"), "{index}: {text}");
                self.note(|| format!("{index}: {text}"));
            }
        }
    }

    /// Whether a call ended for the right reason.
    pub(super) fn check_failure(&self, index: usize, call: u32, why: Failure) {
        let callee = self.processes[index].callees.get(&call);
        let died = callee.map_or(Time::MAX, |callee| self.processes[*callee].died);
        // The longest that a loss may go unnoticed here.
        let noticed = died.saturating_add(500 * MS);
        let was_stopped = |index: usize| self.processes[index].stops > 0;
        assert!(
            why != Failure::Slow || self.agenda.now < noticed || was_stopped(index),
            "call {call} of {index} waited for a process that died at {died}"
        );
        let process = &self.processes[index];
        assert!(
            !process.sure.contains(&call),
            "call {call} of {index} was to be answered, and failed for {why:?}"
        );
        assert!(
            self.course == Course::Troubled
                || self.course == Course::Rolled
                    && matches!(why, Failure::PeerLost | Failure::Closed)
                || self.course == Course::Stopped
                    && (was_stopped(index) || callee.is_none_or(|callee| was_stopped(*callee)))
                || matches!(
                    why,
                    Failure::Slow | Failure::UnknownId | Failure::Unreachable
                ),
            "call {call} of {index} failed for {why:?} though nothing broke"
        );
    }

    pub(super) fn answer(&mut self, index: usize, peer: u32, number: u32) {
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
}
