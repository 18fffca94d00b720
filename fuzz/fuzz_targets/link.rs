//! A member, and a peer that sends it frames in any order over any number of links, while
//! its application calls, serves and leaves, time passes and links break.
//!
//! Each call ends once. Who has not proved a secret that is required is not heard. Where
//! there is an operator's secret, copies go where it was proved only. What a peer makes the member hold is in proportion to what it has sent.

#![no_main]

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::bus::agreement::Terms;
use owt_grpc_fuzz::bus::application::Delivery;
use owt_grpc_fuzz::bus::member::traffic::Calling;
use owt_grpc_fuzz::bus::member::{Action, Identity, Member, TAP};
use owt_grpc_fuzz::bus::trust::operator::{OperatorSecret, Visit};
use owt_grpc_fuzz::bus::trust::{Key, Mode, Transcript, Trust, token};
use owt_grpc_fuzz::bus::wire::{
    Call, Cast, Challenge, Changes, FromRegistry, Hello, Kind, Packet, Proof, Publish, Record,
    Reply, Subscription, Told, Welcome, frame,
};
use owt_grpc_fuzz::held;
use owt_grpc_fuzz::script::Script;
use prost::Message as _;

/// The longest that a call may take, in ms.
const LONGEST: u64 = 10_000;
/// A member's largest body.
const LARGEST: usize = 64 << 10;
/// What only the member's own application says.
const OURS: &[u8] = b"of this member's application";
const SERVED: &str = "ours";
const THEIRS: &str = "theirs";
const EXCHANGE: &str = "x";

/// What was said on a link before it stood.
#[derive(Default)]
struct Line {
    /// By whoever has dialed, and whether that was the member.
    hello: Option<(Hello, bool)>,
    challenge: Option<Bytes>,
    /// What the member asks to be proved the operator's secret over.
    operator_nonce: Bytes,
    /// That was done.
    is_operated: bool,
}

fn operator_key() -> Key {
    Key::new(&[2; 32])
}

struct World {
    member: Member,
    now: u64,
    /// What the peer proves its secret by.
    trust: Trust,
    /// The peer may be heard: it has proved the secret, or need not.
    is_trusted: bool,
    /// The member asks for an operator's secret.
    is_guarded: bool,
    conns: Vec<u32>,
    lines: HashMap<u32, Line>,
    dirty: Vec<u32>,
    /// Who waits for a reply of the member's application.
    callers: Vec<(u32, u32)>,
    /// The member's calls that have not ended.
    pending: HashSet<u32>,
    /// Made so far, of whatever has a number.
    made: u32,
}

impl World {
    fn new(script: &mut Script) -> Self {
        let key = || [Key::new(&[1; 32])];
        let how = script.byte();
        let trust = match how % 3 {
            0 => Trust::none(),
            1 => Trust::by(key(), Mode::Accepted),
            _ => Trust::by(key(), Mode::Required),
        };
        let is_trusted = !trust.is_required();
        let is_guarded = how & 32 != 0;
        let mut member = Member::new(Identity {
            name: "m".to_owned(),
            token: "m's token".to_owned(),
            terms: Terms {
                trust,
                operator: OperatorSecret::by(is_guarded.then(operator_key)),
                ..Terms::of("c")
            },
            address: "m:1".to_owned(),
            may_move: false,
            registry_proves: false,
            entropy: [7; 32],
            seed: 1,
            max_message: LARGEST,
            idle: 2_000,
        });
        member.serve(0, 1, SERVED);
        member.subscribe(0, 2, 1, EXCHANGE, &["a.#".to_owned(), "*".to_owned()]);
        let mut world = Self {
            member,
            now: 0,
            trust: Trust::by(key(), Mode::Required),
            is_trusted,
            is_guarded,
            conns: Vec::new(),
            lines: HashMap::new(),
            dirty: Vec::new(),
            callers: Vec::new(),
            pending: HashSet::new(),
            made: 2,
        };
        world.tell_of_peer(how & 64 == 0);
        world
    }

    fn number(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    /// The registry tells of the peer, which serves and listens.
    fn tell_of_peer(&mut self, taps: bool) {
        let topic = |exchange: &str| Subscription {
            exchange: exchange.to_owned(),
            pattern: "#".to_owned(),
        };
        let exchanges = [EXCHANGE, TAP];
        let exchanges = &exchanges[..1 + usize::from(taps)];
        let record = Record {
            member: "p".to_owned(),
            token: token::told("p's token"),
            address: "p:1".to_owned(),
            ids: vec![THEIRS.to_owned()],
            subscriptions: exchanges.iter().map(|exchange| topic(exchange)).collect(),
        };
        self.tell_of(Changes {
            records: vec![record],
            ..Changes::default()
        });
    }

    fn tell_of(&mut self, changes: Changes) {
        let kind = Some(Told::Changes(changes));
        self.member
            .registry_message(self.now, FromRegistry { kind });
    }

    /// One of the links that there are and were.
    fn conn(&mut self, script: &mut Script) -> u32 {
        if self.conns.is_empty() {
            self.conns.push(self.member.incoming(self.now));
        }
        script.one_of(&self.conns)
    }

    fn says(&mut self, conn: u32, kinds: impl IntoIterator<Item = Kind>) {
        let frames = kinds.into_iter().map(frame).collect();
        self.member.packet(self.now, conn, Packet { frames });
    }

    /// The peer greets as it should.
    fn greet(&mut self, conn: u32, script: &mut Script) {
        let (previous, has_secret) = (script.byte(), script.byte() % 2 == 0);
        let hello = Hello {
            version: 1,
            newest_version: 2,
            cluster: "c".to_owned(),
            member: "p".to_owned(),
            token: token::told("p's token"),
            shown: "p's token".to_owned(),
            link: u64::from(self.number()) * 2,
            previous: u64::from(previous),
            to: "m".to_owned(),
            nonce: Bytes::from_static(if has_secret { &[9; 16] } else { &[] }),
            operator_nonce: Bytes::from_static(if has_secret { &[8; 16] } else { &[] }),
            command: previous >= 128,
        };
        self.lines.entry(conn).or_default().hello = Some((hello.clone(), false));
        self.says(conn, [Kind::Hello(Box::new(hello))]);
    }

    /// The peer asks for a proof.
    fn challenge(&mut self, conn: u32) {
        let nonce = Bytes::from_static(&[5; 16]);
        self.lines.entry(conn).or_default().challenge = Some(nonce.clone());
        self.says(conn, [Kind::Challenge(Challenge { nonce })]);
    }

    /// The peer proves the secret, as dialer or as acceptor.
    fn prove(&mut self, conn: u32) {
        let line = self.lines.entry(conn).or_default();
        let Some((hello, by_member)) = &line.hello else {
            return;
        };
        let about = Transcript::of_link(hello, line.challenge.as_deref().unwrap_or_default());
        let proofs = self.trust.proofs(&about);
        let kind = if *by_member {
            let proof = self
                .trust
                .answer(&proofs, 2, &about)
                .expect("its own secret");
            Kind::Welcome(Welcome {
                version: 2,
                proof,
                ..Welcome::default()
            })
        } else {
            Kind::Proof(Proof { proofs })
        };
        self.is_trusted = true;
        self.says(conn, [kind]);
    }

    /// The peer proves the operator's secret, or another.
    fn prove_to_operate(&mut self, conn: u32, is_right: bool) {
        let line = self.lines.entry(conn).or_default();
        let Some((hello, _)) = &line.hello else {
            return;
        };
        let key = if is_right {
            operator_key()
        } else {
            Key::new(&[3; 32])
        };
        let proofs = OperatorSecret::by([key]).prove(&Visit {
            cluster: "c",
            operator: "p",
            host: "m",
            link: hello.link,
            nonce: &line.operator_nonce,
        });
        line.is_operated |= is_right;
        self.says(conn, [Kind::Proof(Proof { proofs })]);
    }

    /// A request whose body comes in pieces.
    fn send_in_pieces(&mut self, conn: u32, script: &mut Script) {
        let (all, count) = (u32::from(script.short()), usize::from(script.byte() % 8));
        let size = usize::from(script.short());
        let piece = Bytes::from(vec![b' '; size]);
        let to = script.one_of(&[SERVED, THEIRS, "!m", ""]).to_owned();
        let request = match script.byte() % 3 {
            0 => Kind::Call(Call {
                to,
                left: all,
                ..Call::default()
            }),
            1 => Kind::Cast(Cast {
                to,
                left: all,
                ..Cast::default()
            }),
            _ => Kind::Publish(Publish {
                exchange: EXCHANGE.to_owned(),
                key: "a.b".to_owned(),
                left: all,
                ..Publish::default()
            }),
        };
        self.says(conn, [request]);
        for _ in 0..count {
            self.says(conn, [Kind::RequestPiece(piece.clone())]);
        }
    }

    fn call(&mut self, script: &mut Script) {
        let number = self.number();
        self.pending.insert(number);
        let calling = Calling {
            number,
            to: script
                .one_of(&[THEIRS, SERVED, "!p", "!m", "nobody's", "!nobody"])
                .to_owned(),
            method: script.one_of(&["status", "m"]).to_owned(),
            body: OURS.into(),
            timeout: u64::from(script.short()) % LONGEST,
            many: script.byte() % 2 == 1,
            trace: String::new(),
        };
        self.member.call(self.now, calling);
    }

    /// The member's application replies to one of its callers.
    fn reply(&mut self, script: &mut Script) {
        if self.callers.is_empty() {
            return;
        }
        let (peer, number) = script.one_of(&self.callers);
        let reply = Reply {
            number,
            kind: script.one_of(&["", "progress"]).to_owned(),
            body: vec![b' '; usize::from(script.short())].into(),
            ..Reply::default()
        };
        self.member.reply(self.now, peer, reply);
    }

    /// One thing happens.
    fn step(&mut self, script: &mut Script) {
        let now = self.now;
        match script.byte() % 25 {
            0 => self.conns.push(self.member.incoming(now)),
            1..=4 => {
                let conn = self.conn(script);
                match Packet::decode(script.piece()) {
                    Ok(packet) => self.member.packet(now, conn, packet),
                    Err(why) => self.member.garbage(now, conn, &why.to_string()),
                }
            }
            5 => {
                let conn = self.conn(script);
                self.greet(conn, script);
            }
            6 => {
                let conn = self.conn(script);
                self.challenge(conn);
            }
            7 => {
                let conn = self.conn(script);
                self.prove(conn);
            }
            8 => {
                let conn = self.conn(script);
                self.send_in_pieces(conn, script);
            }
            9 => {
                let conn = self.conn(script);
                self.member.lost(now, conn, "broken");
            }
            10 | 11 => self.pass(u64::from(script.short())),
            12 => self.drain(),
            13 | 14 => self.call(script),
            15 => {
                let number = u32::from(script.byte());
                self.pending.remove(&number);
                self.member.cancel(now, number);
            }
            16 => {
                let to = script.one_of(&[THEIRS, SERVED, "nobody's"]).to_owned();
                let cast = Cast {
                    to,
                    body: OURS.into(),
                    ..Cast::default()
                };
                self.member.cast(now, cast);
            }
            17 => {
                let publish = Publish {
                    exchange: EXCHANGE.to_owned(),
                    key: "a.b".to_owned(),
                    body: OURS.into(),
                    ..Publish::default()
                };
                self.member.publish(now, &publish);
            }
            18 => self.reply(script),
            19 => {
                let (number, id) = (self.number(), script.one_of(&[SERVED, "nobody's"]));
                if script.byte() % 2 == 0 {
                    self.member.serve(now, number, id);
                } else {
                    self.member.stop_serving(now, number, id);
                }
            }
            20 => match script.byte() % 3 {
                0 => self.tell_of_peer(false),
                1 => self.tell_of_peer(true),
                _ => {
                    let gone = vec!["p".to_owned()];
                    self.tell_of(Changes {
                        gone,
                        ..Changes::default()
                    });
                }
            },
            21 => {
                if let Ok(message) = FromRegistry::decode(script.piece()) {
                    self.member.registry_message(now, message);
                }
            }
            22 => match script.byte() % 4 {
                0 => self.member.registry_open(),
                1 => drop(self.member.registry_lost("broken")),
                2 => self.member.moved("m:2".to_owned()),
                _ => drop(self.member.status()),
            },
            23 => {
                if script.byte() == 0 {
                    self.member.leave(now);
                }
            }
            _ => {
                let (conn, is_right) = (self.conn(script), script.byte() % 4 > 0);
                self.prove_to_operate(conn, is_right);
            }
        }
        self.carry_out();
    }

    /// What waits for peers is sent.
    fn drain(&mut self) {
        for conn in std::mem::take(&mut self.dirty) {
            let is_shown = self.lines.get(&conn).is_some_and(|line| line.is_operated);
            while let Some(packet) = self.member.next_packet(self.now, conn) {
                let mut kinds = packet.frames.iter().filter_map(|frame| frame.kind.as_ref());
                let has_copies = kinds
                    .any(|kind| matches!(kind, Kind::Publish(publish) if publish.exchange == TAP));
                assert!(
                    !has_copies || is_shown || !self.is_guarded,
                    "copies for nobody known"
                );
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.member.alarm().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.member.tick(self.now);
            self.carry_out();
            let next = self.member.alarm();
            assert!(next.is_none_or(|next| next > self.now), "it wakes for ever");
        }
        self.now = end;
    }

    fn carry_out(&mut self) {
        for action in self.member.take_actions(self.now) {
            match action {
                Action::Dial { conn, .. } => self.conns.push(conn),
                Action::Send { conn, packet } => self.hear(conn, packet),
                Action::Deliver(delivery) => self.deliver(delivery),
                _ => {}
            }
        }
        self.dirty.extend(self.member.take_dirty());
    }

    /// The member greets, or asks for a proof.
    fn hear(&mut self, conn: u32, packet: Packet) {
        let line = self.lines.entry(conn).or_default();
        for frame in packet.frames {
            match frame.kind {
                Some(Kind::Hello(hello)) => {
                    line.operator_nonce = hello.operator_nonce.clone();
                    line.hello = Some((*hello, true));
                }
                Some(Kind::Welcome(welcome)) => line.operator_nonce = welcome.operator_nonce,
                Some(Kind::Challenge(challenge)) => line.challenge = Some(challenge.nonce),
                _ => {}
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Reply { call, kind, .. } if kind.is_empty() => self.end(call),
            Delivery::Failed { call, .. } => self.end(call),
            Delivery::Request { from, caller, .. } => {
                assert!(&*caller == "m" || self.is_trusted, "a request of {caller}");
                self.callers.extend(from);
            }
            Delivery::Message { body, .. } => {
                assert!(
                    body == OURS || self.is_trusted,
                    "a message of somebody unknown"
                );
            }
            _ => {}
        }
    }

    fn end(&mut self, call: u32) {
        assert!(self.pending.remove(&call), "call {call} ends again");
    }
}

fuzz_target!(|input: &[u8]| {
    let mut world = held::in_proportion(input, || {
        let mut script = Script(input);
        let mut world = World::new(&mut script);
        while !script.is_over() {
            world.step(&mut script);
        }
        world
    });
    world.pass(LONGEST + 10);
    assert!(world.pending.is_empty(), "{:?} do not end", world.pending);
});
