//! A member's replica at an etcd that answers anything in any order, and tells of any keys,
//! while its member joins, announces and leaves.
//!
//! The member is told of others only, and the replica does not wake for ever. Whatever etcd
//! has said, a session with a good one brings a member in that has not left.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::bus::agreement::Terms;
use owt_grpc_fuzz::bus::wire::{
    Announce, Applied, Asked, Delta, Entry, FromRegistry, Join, Leave, Record, ToRegistry, Told,
};
use owt_grpc_fuzz::held;
use owt_grpc_fuzz::registry::etcd::replica::{Action, Replica};
use owt_grpc_fuzz::registry::etcd::keys::{Keys, Seen, Write, Written};
use owt_grpc_fuzz::registry::etcd::listing::Listing;
use owt_grpc_fuzz::registry::etcd::wire::{
    Event, KeyValue, RangeResponse, ResponseHeader, TxnResponse, WatchResponse,
};
use owt_grpc_fuzz::script::Script;
use prost::Message as _;

/// The number of the good one, and the revision it is at.
const GOOD: u64 = 0xe7cd_0000_0000;
const LATER: u64 = 1 << 40;
/// The last request, and so many ms after which it is in effect.
const LAST: u32 = 0x00ff_ffff;
const SOON: u64 = 3_000;

struct World {
    replica: Replica,
    keys: Keys,
    now: u64,
    requests: u32,
    /// etcd answers as it should.
    is_good: bool,
    revision: u64,
    /// The last request is in effect.
    is_in: bool,
    /// The member has left, after which members do not join.
    has_left: bool,
}

fn own() -> Record {
    Record {
        member: "m".to_owned(),
        token: "m's".to_owned(),
        ..Record::default()
    }
}

impl World {
    fn new() -> Self {
        let terms = Terms::of("c");
        Self {
            keys: Keys::new("/owt", &terms),
            replica: Replica::new("m".to_owned(), terms, 1),
            now: 0,
            requests: 0,
            is_good: false,
            revision: LATER,
            is_in: false,
            has_left: false,
        }
    }

    fn asks(&mut self, kind: Asked) {
        self.replica.asked(self.now, ToRegistry { kind: Some(kind) });
    }

    fn join(&mut self, request: u32) {
        if self.has_left {
            return;
        }
        let record = Some(own());
        self.asks(Asked::Join(Join {
            record,
            request,
            ..Join::default()
        }));
    }

    fn settle(&mut self) {
        loop {
            let actions = self.replica.take_actions();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::Tell(FromRegistry { kind: Some(kind) }) => self.tell(kind),
                    action if self.is_good => self.answer_well(action),
                    _ => {}
                }
            }
        }
    }

    /// The member is told something, and says at once that it knows it.
    fn tell(&mut self, told: Told) {
        match told {
            Told::Changes(changes) => {
                let mut names = changes.records.iter().map(|record| &record.member);
                assert!(
                    names.all(|name| name != "m"),
                    "the member is told of itself"
                );
                let revision = changes.revision;
                self.asks(Asked::Applied(Applied { revision }));
            }
            Told::Done(done) => self.is_in |= done.request == LAST,
            _ => {}
        }
    }

    fn answer_well(&mut self, action: Action) {
        let now = self.now;
        match action {
            Action::Grant => self.replica.leased(now, 77),
            Action::List => self.replica.listed(now, self.revision, Vec::new()),
            Action::Watch { .. } => self.replica.watching(now),
            Action::Follow => self.replica.followed(now, Vec::new()),
            Action::Write(write) => self.write(&write),
            _ => {}
        }
    }

    fn write(&mut self, write: &Write) {
        self.revision += 1;
        self.replica.written(self.now, Written::Done(self.revision));
        let written = write.record.as_ref().map(|(record, gone, _)| {
            let entry = Entry {
                version: 1,
                newest_version: 2,
                record: Some(record.clone()),
                gone: *gone,
            };
            let revision = i64::try_from(self.revision).expect("a revision");
            let key = KeyValue {
                key: "/owt/c/members/m".into(),
                value: entry.encode_to_vec().into(),
                create_revision: revision,
                mod_revision: revision,
                ..KeyValue::default()
            };
            self.keys.seen(&key, false).expect("its own key")
        });
        let seen: Vec<Seen> = written.into_iter().collect();
        self.replica.watched(self.now, self.revision, seen);
    }

    /// A key as members write it, of anybody and at any time.
    fn key(script: &mut Script) -> KeyValue {
        let name = script.one_of(&["a", "m", "b", "", "\u{e4}"]).to_owned();
        let kind = script.one_of(&["members/", "applied/", "settled", "else/"]);
        let record = Record {
            member: script.one_of(&[&*name, "b"]).to_owned(),
            token: script.one_of(&["m's", "another's"]).to_owned(),
            address: script
                .one_of(&["127.0.0.1:1", "10.0.0.1:1", "a:1"])
                .to_owned(),
            ids: vec!["id".to_owned()],
            ..Record::default()
        };
        let version = u32::from(script.byte() % 4);
        let value = match (kind, script.byte() % 4) {
            (_, 0) => Bytes::copy_from_slice(script.piece()),
            ("members/", how) => {
                let (record, gone) = (Some(record), how == 1);
                let entry = Entry {
                    version,
                    record,
                    gone,
                    ..Entry::default()
                };
                entry.encode_to_vec().into()
            }
            _ => script.short().to_string().into(),
        };
        let name = if kind == "settled" { "" } else { &*name };
        KeyValue {
            key: format!("/owt/c/{kind}{name}").into(),
            value,
            create_revision: script.short().into(),
            mod_revision: script.short().into(),
            ..KeyValue::default()
        }
    }

    fn page(script: &mut Script) -> RangeResponse {
        let mut page = RangeResponse::decode(script.piece()).unwrap_or_default();
        for _ in 0..script.byte() % 4 {
            page.kvs.push(Self::key(script));
        }
        let revision = script.short().into();
        page.header.get_or_insert(ResponseHeader {
            revision,
            ..ResponseHeader::default()
        });
        page
    }

    fn news(script: &mut Script) -> WatchResponse {
        let mut told = WatchResponse::decode(script.piece()).unwrap_or_default();
        for _ in 0..script.byte() % 4 {
            let r#type = i32::from(script.byte() % 3);
            told.events.push(Event {
                r#type,
                kv: Some(Self::key(script)),
            });
        }
        told.fragment ^= script.byte() % 8 == 7;
        told
    }

    /// One thing happens.
    fn step(&mut self, script: &mut Script) {
        let now = self.now;
        match script.byte() % 16 {
            0 => {
                self.requests += 1;
                self.join(self.requests);
            }
            1 => {
                self.requests += 1;
                let ids = vec![format!("id{}", script.byte() % 4)];
                let delta = Some(Delta {
                    member: "m".to_owned(),
                    ids,
                    ..Delta::default()
                });
                self.asks(Asked::Announce(Announce {
                    request: self.requests,
                    delta,
                }));
            }
            2 => self.replica.leased(now, script.byte().into()),
            3 => self.replica.lease_lost(),
            4 => self.replica.grant_refused(now),
            5 => self.replica.found(script.byte().into(), script.short().into()),
            6 | 7 => {
                let mut listing = Listing::of(self.keys.known());
                loop {
                    match listing.take(&self.keys, &Self::page(script)) {
                        Ok(is_last) if is_last || script.is_over() => break,
                        Ok(_) => {}
                        // So the session ends.
                        Err(_) => return self.replica.lost(),
                    }
                }
                let (revision, all) = listing.whole();
                if script.byte() % 4 == 0 {
                    self.replica.followed(now, all);
                } else {
                    self.replica.listed(now, revision, all);
                }
            }
            8 | 9 => {
                let (revision, all) = self.keys.news(&Self::news(script));
                self.replica.watched(now, revision, all);
            }
            10 => {
                let (_, all) = self.keys.news(&Self::news(script));
                self.replica.followed(now, all);
            }
            11 => {
                let answer = TxnResponse::decode(script.piece()).unwrap_or_default();
                let written = match script.byte() % 4 {
                    0 => Written::NoLease,
                    1 => Written::Refused,
                    2 => Written::Done(script.short().into()),
                    _ => self.keys.written(&answer),
                };
                self.replica.written(now, written);
            }
            12 => self.replica.watching(now),
            13 => match script.byte() % 4 {
                0 => self.replica.compacted(),
                1 => self.replica.unfollowed(now),
                2 => self.replica.lost(),
                _ => {
                    self.has_left = true;
                    self.asks(Asked::Leave(Leave { request: 0 }));
                }
            },
            _ => self.pass(script.short().into()),
        }
        self.settle();
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.replica.alarm().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.replica.tick(self.now);
            self.settle();
            let next = self.replica.alarm();
            assert!(next.is_none_or(|next| next > self.now), "it wakes for ever");
        }
        self.now = end;
    }

    /// A session with an etcd that answers as it should.
    fn go_well(&mut self) {
        self.replica.lost();
        self.replica.found(GOOD, LATER);
        self.is_good = true;
        self.replica.leased(self.now, 77);
        self.join(LAST);
        self.settle();
        self.pass(SOON);
    }
}

fuzz_target!(|input: &[u8]| {
    let mut world = held::in_proportion(input, || {
        let mut script = Script(input);
        let mut world = World::new();
        while !script.is_over() {
            world.step(&mut script);
        }
        world
    });
    world.go_well();
    assert!(world.is_in || world.has_left, "the member is not let in");
});
