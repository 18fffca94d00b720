//! The registry, with two good members and others that say anything in any order.
//!
//! What a good member was told of step by step is what somebody is told who comes last.
//! Its own record is what it said itself, its session stays, and what it asks for is in
//! effect soon, whoever else is silent. Who has not proved a secret that is required is
//! told of nobody.

#![no_main]

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::bus::agreement::Terms;
use owt_grpc_fuzz::bus::profile::Profile;
use owt_grpc_fuzz::bus::trust::{Key, Mode, Transcript, Trust, token};
use owt_grpc_fuzz::bus::wire::{
    Announce, Applied, Asked, Changes, Delta, FromRegistry, Join, Leave, Proof, Record,
    Subscription, ToRegistry, Told,
};
use owt_grpc_fuzz::held;
use owt_grpc_fuzz::registry::directory::{Action, Directory};
use owt_grpc_fuzz::script::Script;
use prost::Message as _;

/// Sessions of good members have these numbers, one who looks at the end the next, and
/// others those behind.
const GOOD: [u32; 2] = [0, 1];
const LAST: u32 = 2;
const OTHERS: u32 = 3;
/// A change is in effect after so many ms, whoever is silent.
const SOON: u64 = 300;

/// What a session was told.
#[derive(Default)]
struct View {
    records: BTreeMap<String, Record>,
    requests: HashSet<u32>,
}

fn change(record: &mut Record, delta: &Delta) {
    let mut profile = Profile::from(std::mem::take(record));
    profile.change(delta);
    *record = profile.record();
}

impl View {
    fn apply(&mut self, changes: Changes) {
        if changes.whole {
            self.records.clear();
        }
        for record in changes.records {
            self.records.insert(record.member.clone(), record);
        }
        for delta in changes.deltas {
            if let Some(record) = self.records.get_mut(&delta.member) {
                change(record, &delta);
            }
        }
        for name in changes.gone {
            self.records.remove(&name);
        }
    }

    /// What lists have in whatever order.
    fn sorted(&self) -> BTreeMap<String, Record> {
        let mut records = self.records.clone();
        for record in records.values_mut() {
            record.ids.sort();
            record.subscriptions.sort_by_key(|topic| {
                let Subscription { exchange, pattern } = topic;
                (exchange.clone(), pattern.clone())
            });
        }
        records
    }
}

/// One of others.
struct Other {
    session: u32,
    /// What it has said, and what it was asked to prove something about.
    join: Option<Join>,
    challenge: Option<Bytes>,
    /// It may be told of members.
    is_trusted: bool,
}

struct World {
    directory: Directory,
    now: u64,
    trust: Trust,
    views: [View; 3],
    /// What the good ones have said of themselves.
    own: [Record; 2],
    others: Vec<Other>,
    requests: u32,
}

fn token_of(name: &str) -> String {
    format!("the token of {name}")
}

fn join_of(record: Record, nonce: &'static [u8], shown: &str) -> Join {
    Join {
        version: 1,
        newest_version: 2,
        cluster: "c".to_owned(),
        record: Some(record),
        nonce: Bytes::from_static(nonce),
        shown: shown.to_owned(),
        request: 1,
        ..Join::default()
    }
}

impl World {
    fn new(script: &mut Script) -> Self {
        let key = || [Key::new(&[1; 32])];
        let trust = match script.byte() % 3 {
            0 => Trust::none(),
            1 => Trust::by(key(), Mode::Accepted),
            _ => Trust::by(key(), Mode::Required),
        };
        let terms = Terms {
            trust: trust.clone(),
            ..Terms::of("c")
        };
        let record = |name: &str| Record {
            member: name.to_owned(),
            token: token::told(&token_of(name)),
            // Of a name nobody knows where it is, so that nobody is kept out for it.
            address: format!("{name}:1"),
            ..Record::default()
        };
        let mut world = Self {
            directory: Directory::new(terms, 1, &[3; 32]),
            now: 0,
            trust,
            views: Default::default(),
            own: [record("good"), record("better")],
            others: Vec::new(),
            requests: 1,
        };
        for session in GOOD {
            world.join_well(session, world.own[session as usize].clone());
        }
        world
    }

    fn join_well(&mut self, session: u32, record: Record) {
        self.directory.opened(self.now, session);
        let shown = token_of(&record.member);
        let join = join_of(record, &[4; 16], &shown);
        self.says(session, Asked::Join(join.clone()));
        for action in self.directory.take_actions() {
            if let Action::Tell(
                to,
                FromRegistry {
                    kind: Some(Told::Challenge(challenge)),
                },
            ) = &action
                && *to == session
            {
                let about = Transcript::of_session(&join, &challenge.nonce);
                let proofs = self.trust.proofs(&about);
                self.says(session, Asked::Proof(Proof { proofs }));
            } else {
                self.carry_out(action);
            }
        }
        self.settle();
    }

    fn says(&mut self, session: u32, kind: Asked) {
        self.directory
            .message(self.now, session, ToRegistry { kind: Some(kind) });
    }

    fn settle(&mut self) {
        loop {
            let actions = self.directory.take_actions();
            if actions.is_empty() {
                return;
            }
            actions
                .into_iter()
                .for_each(|action| self.carry_out(action));
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Tell(session, message) if session < OTHERS => self.told(session, message),
            Action::Tell(session, message) => {
                let others = &mut self.others;
                let Some(other) = others.iter_mut().find(|other| other.session == session) else {
                    return;
                };
                match message.kind {
                    Some(Told::Challenge(challenge)) => other.challenge = Some(challenge.nonce),
                    Some(Told::Changes(_)) => {
                        assert!(other.is_trusted, "somebody unknown is told of members");
                    }
                    _ => {}
                }
            }
            Action::Close(session) => assert!(session >= OTHERS, "a good session is closed"),
            Action::Note(_) => {}
        }
    }

    fn told(&mut self, session: u32, message: FromRegistry) {
        let view = &mut self.views[session as usize];
        match message.kind {
            Some(Told::Changes(changes)) => {
                let revision = changes.revision;
                view.apply(changes);
                self.says(session, Asked::Applied(Applied { revision }));
            }
            Some(Told::Done(done)) => drop(view.requests.remove(&done.request)),
            Some(Told::Refusal(refusal)) => panic!("a good member is refused: {}", refusal.text),
            _ => {}
        }
    }

    fn other(&mut self, script: &mut Script) -> Option<&mut Other> {
        let index = usize::from(script.byte());
        let count = self.others.len();
        self.others.get_mut(index.checked_rem(count)?)
    }

    /// A good member serves more, or less.
    fn announce_well(&mut self, script: &mut Script) {
        let session = script.one_of(&GOOD);
        let ids = vec![format!("id{}", script.byte() % 8)];
        let pattern = script.one_of(&["#", "a.*", "b"]).to_owned();
        let topics = vec![Subscription {
            exchange: "x".to_owned(),
            pattern,
        }];
        let own = &mut self.own[session as usize];
        let member = own.member.clone();
        let delta = match script.byte() % 4 {
            0 => Delta {
                member,
                ids,
                ..Delta::default()
            },
            1 => Delta {
                member,
                gone_ids: ids,
                ..Delta::default()
            },
            2 => Delta {
                member,
                subscriptions: topics,
                ..Delta::default()
            },
            _ => Delta {
                member,
                gone_subscriptions: topics,
                ..Delta::default()
            },
        };
        change(own, &delta);
        self.requests += 1;
        let request = self.requests;
        self.views[session as usize].requests.insert(request);
        let delta = Some(delta);
        self.says(session, Asked::Announce(Announce { request, delta }));
    }

    /// Somebody else joins, perhaps by a name that is taken.
    fn join(&mut self, script: &mut Script) {
        let name = script.one_of(&["good", "a", "b", "", "better"]);
        let token = script.one_of(&["a", "b", "good"]);
        let nonce: &[u8] = script.one_of(&[&[6; 16][..], &[]]);
        let record = Record {
            member: name.to_owned(),
            // Of one that is good nobody else knows the token.
            token: if token == "good" {
                token.to_owned()
            } else {
                token::told(token)
            },
            address: script
                .one_of(&["127.0.0.1:9", "10.0.0.1:9", "x", ""])
                .to_owned(),
            ids: vec![format!("id{}", script.byte() % 8)],
            ..Record::default()
        };
        let is_asked = self.trust.has_secret();
        let mut join = join_of(record, nonce, token);
        join.epoch = u64::from(script.byte() % 2);
        join.revision = script.byte().into();
        let Some(other) = self.other(script) else {
            return;
        };
        other.join = Some(join.clone());
        other.is_trusted |= !is_asked;
        let session = other.session;
        self.says(session, Asked::Join(join));
    }

    /// One of others proves the secret as it should.
    fn prove(&mut self, script: &mut Script) {
        let trust = self.trust.clone();
        let Some(other) = self.other(script) else {
            return;
        };
        let (Some(join), Some(challenge)) = (&other.join, &other.challenge) else {
            return;
        };
        let proofs = trust.proofs(&Transcript::of_session(join, challenge));
        other.is_trusted = true;
        let session = other.session;
        self.says(session, Asked::Proof(Proof { proofs }));
    }

    /// One thing happens.
    fn step(&mut self, script: &mut Script) {
        let now = self.now;
        match script.byte() % 12 {
            0 | 1 => {
                let session = OTHERS + u32::try_from(self.others.len()).expect("few");
                let is_trusted = !self.trust.is_required();
                self.others.push(Other {
                    session,
                    join: None,
                    challenge: None,
                    is_trusted,
                });
                self.directory.opened(now, session);
            }
            2 => self.join(script),
            3 => self.prove(script),
            4 | 5 => {
                let Some(session) = self.other(script).map(|other| other.session) else {
                    return;
                };
                if let Ok(message) = ToRegistry::decode(script.piece()) {
                    self.directory.message(now, session, message);
                }
            }
            6 => {
                let Some(session) = self.other(script).map(|other| other.session) else {
                    return;
                };
                let revision = script.one_of(&[0, 1, 5, u64::MAX]);
                self.says(session, Asked::Applied(Applied { revision }));
            }
            7 => {
                if let Some(session) = self.other(script).map(|other| other.session) {
                    self.says(session, Asked::Leave(Leave { request: 1 }));
                }
            }
            8 => {
                if let Some(session) = self.other(script).map(|other| other.session) {
                    self.directory.lost(now, session);
                }
            }
            9 => self.pass(script.short().into()),
            _ => self.announce_well(script),
        }
        self.settle();
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.directory.alarm().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.directory.tick(self.now);
            self.settle();
            let next = self.directory.alarm();
            assert!(next.is_none_or(|next| next > self.now), "it wakes for ever");
        }
        self.now = end;
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
    world.pass(SOON);
    let last = Record {
        member: "last".to_owned(),
        token: token::told(&token_of("last")),
        address: "last:1".to_owned(),
        ..Record::default()
    };
    world.join_well(LAST, last);
    world.pass(SOON);
    let [good, better, last] = &world.views;
    assert_eq!(good.sorted(), last.sorted());
    assert_eq!(better.sorted(), last.sorted());
    let own = View {
        records: world
            .own
            .map(|record| (record.member.clone(), record))
            .into(),
        requests: HashSet::new(),
    };
    for (name, record) in own.sorted() {
        assert_eq!(last.sorted().get(&name), Some(&record));
    }
    for view in [good, better] {
        assert!(view.requests.is_empty(), "{:?} are not done", view.requests);
    }
});
