//! What is where in etcd, and what its messages mean for a replica.
//!
//! Below the prefix and the name of the cluster there are
//! - `applied/<member>`: the revision up to which the member knows everything;
//! - `members/<member>`: an `Entry`, the member's record;
//! - `settled`: the revision up to which every member knows everything.
//!
//! All keys go with the lease of the member that wrote them. The last two are in
//! one range, which every member watches; only the eldest watches the first.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use prost::Message as _;

use super::wire::{
    Compare, CompareTarget, Event, EventType, KeyValue, PutRequest, RangeRequest, Request,
    RequestOp, Response, TxnRequest, TxnResponse, WatchCreateRequest, WatchResponse,
};
use crate::bus::agreement::{Terms, Versions};
use crate::bus::wire::{Entry, Record};

/// In a cluster's name everything else might be taken for a part of the path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// Entries that are read at once.
pub const PAGE: i64 = 500;

/// What a key or its end means.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// A member is as it says.
    Entry(Present),
    /// It is gone, since that revision.
    Deleted { name: String, revision: u64 },
    /// Everybody knows everything up to here.
    Settled(u64),
    /// A member knows everything up to here.
    Applied { name: String, revision: u64 },
    /// It does not tell any more.
    Silent { name: String },
}

/// A member's key.
#[derive(Debug, Clone, PartialEq)]
pub struct Present {
    /// The name in the key, which is also the record's.
    pub name: String,
    /// When the key came to be: the eldest member's is the lowest.
    pub created: u64,
    /// When it was written last.
    pub modified: u64,
    /// Of the protocol, on its links.
    pub versions: Versions,
    /// What it says.
    pub record: Record,
    /// Whether the member is leaving.
    pub gone: bool,
}

/// What a member writes, all of it or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Everything goes with it.
    pub lease: i64,
    /// The record, and whether it is the last; only if the key was written last
    /// in this revision, 0 for no key.
    pub record: Option<(Record, bool, u64)>,
    /// This member knows everything up to here.
    pub applied: Option<u64>,
    /// Up to where everybody knows all, by the eldest's word.
    pub settled: Option<u64>,
}

/// How a write ended, if etcd has answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It is written, and is that revision.
    Done(u64),
    /// The key is another than was thought.
    Conflict(Option<Present>),
    /// The lease is gone.
    NoLease,
    /// etcd does not do it, and would not at once.
    Refused,
}

/// The keys of a cluster.
#[derive(Debug, Clone)]
pub struct Keys {
    base: String,
    versions: Versions,
}

impl Keys {
    /// Below a prefix, which begins with a slash and does not end with one.
    pub fn new(prefix: &str, terms: &Terms) -> Self {
        let cluster = utf8_percent_encode(&terms.cluster, PLAIN);
        Self {
            base: format!("{prefix}/{cluster}/"),
            versions: terms.versions,
        }
    }

    fn key(&self, rest: &str) -> Bytes {
        format!("{}{rest}", self.base).into()
    }

    fn member(&self, name: &str) -> Bytes {
        self.key(&format!("members/{name}"))
    }

    /// Everything that every member knows. `settled` is behind the members, and
    /// nothing is between.
    pub fn known(&self) -> (Bytes, Bytes) {
        (self.key("members/"), self.key("settled\0"))
    }

    /// How far the members are.
    pub fn applied(&self) -> (Bytes, Bytes) {
        (self.key("applied/"), self.key("applied0"))
    }

    /// What a key means. `None` for what is not ours.
    pub fn seen(&self, key: &KeyValue, deleted: bool) -> Option<Seen> {
        let name = std::str::from_utf8(&key.key).ok()?;
        let name = name.strip_prefix(&self.base)?;
        if name == "settled" {
            return (!deleted).then(|| number(&key.value).map(Seen::Settled))?;
        }
        if let Some(name) = name.strip_prefix("applied/") {
            let name = name.to_owned();
            if deleted {
                return Some(Seen::Silent { name });
            }
            let revision = number(&key.value)?;
            return Some(Seen::Applied { name, revision });
        }
        let name = name.strip_prefix("members/")?.to_owned();
        if deleted {
            let revision = revision(key.mod_revision);
            return Some(Seen::Deleted { name, revision });
        }
        Self::present(name, key).map(Seen::Entry)
    }

    fn present(name: String, key: &KeyValue) -> Option<Present> {
        let entry = Entry::decode(&*key.value).ok()?;
        let record = entry.record?;
        (record.member == name).then_some(Present {
            name,
            created: revision(key.create_revision),
            modified: revision(key.mod_revision),
            versions: Versions::new(entry.version, entry.newest_version),
            record,
            gone: entry.gone,
        })
    }

    /// What an event of a watch means.
    pub fn event(&self, event: &Event) -> Option<Seen> {
        let deleted = event.r#type() == EventType::Delete;
        self.seen(event.kv.as_ref()?, deleted)
    }

    /// What a watch tells, and up to which revision that is all.
    pub fn news(&self, told: &WatchResponse) -> (u64, Vec<Seen>) {
        let all = told.events.iter().filter_map(|event| self.event(event));
        let all = all.collect();
        // The header's revision may be ahead of what was sent.
        let of_events = told.events.iter().filter_map(|event| event.kv.as_ref());
        let last = of_events.map(|key| key.mod_revision).max();
        let of_header = || told.header.as_ref().map_or(0, |header| header.revision);
        let reached = revision(last.unwrap_or_else(of_header));
        (reached.saturating_sub(told.fragment.into()), all)
    }

    /// A page of a range, behind what was read before.
    pub fn page(range: &(Bytes, Bytes), behind: Option<&Bytes>, at: i64) -> RangeRequest {
        let key = behind.map_or_else(
            || range.0.clone(),
            |last| {
                let mut next = last.to_vec();
                next.push(0);
                next.into()
            },
        );
        RangeRequest {
            key,
            range_end: range.1.clone(),
            limit: PAGE,
            revision: at,
        }
    }

    /// To watch a range.
    pub fn watch(range: (Bytes, Bytes), from: u64) -> WatchCreateRequest {
        WatchCreateRequest {
            key: range.0,
            range_end: range.1,
            start_revision: signed(from),
            progress_notify: true,
            fragment: true,
        }
    }

    /// A write of a member as one transaction.
    pub fn write(&self, name: &str, write: &Write) -> TxnRequest {
        let lease = write.lease;
        let put = |key, value| RequestOp {
            request: Some(Request::RequestPut(PutRequest { key, value, lease })),
        };
        let mut txn = TxnRequest::default();
        if let Some((record, gone, seen)) = &write.record {
            let key = self.member(name);
            let entry = Entry {
                version: self.versions.oldest(),
                newest_version: self.versions.newest_if_another(),
                record: Some(record.clone()),
                gone: *gone,
            };
            txn.compare.push(Compare {
                target: CompareTarget::Mod.into(),
                key: key.clone(),
                mod_revision: signed(*seen),
                ..Compare::default()
            });
            txn.failure.push(RequestOp {
                request: Some(Request::RequestRange(RangeRequest {
                    key: key.clone(),
                    ..RangeRequest::default()
                })),
            });
            txn.success.push(put(key, entry.encode_to_vec().into()));
        }
        if let Some(applied) = write.applied {
            let key = self.key(&format!("applied/{name}"));
            txn.success.push(put(key, applied.to_string().into()));
        }
        if let Some(settled) = write.settled {
            let key = self.key("settled");
            txn.success.push(put(key, settled.to_string().into()));
        }
        txn
    }

    /// What etcd has answered to a write.
    pub fn written(&self, answer: &TxnResponse) -> Written {
        if answer.succeeded {
            let header = answer.header.as_ref();
            return Written::Done(header.map_or(0, |header| revision(header.revision)));
        }
        let present = answer.responses.iter().find_map(|op| match &op.response {
            Some(Response::ResponseRange(range)) => range.kvs.first(),
            _ => None,
        });
        Written::Conflict(present.map(|key| match self.seen(key, false) {
            Some(Seen::Entry(present)) => present,
            // One that cannot be read is somebody's all the same.
            _ => Present {
                name: String::new(),
                created: 0,
                modified: revision(key.mod_revision),
                versions: self.versions,
                record: Record::default(),
                gone: false,
            },
        }))
    }
}

fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Revisions count from 1; etcd's type has a sign.
pub fn revision(signed: i64) -> u64 {
    u64::try_from(signed).unwrap_or(0)
}

fn signed(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let terms = Terms {
            versions: Versions::new(2, 3),
            ..Terms::of("a/b")
        };
        Keys::new("/p", &terms)
    }

    fn value(key: &str, value: impl Into<Bytes>) -> KeyValue {
        KeyValue {
            key: key.to_owned().into(),
            value: value.into(),
            create_revision: 3,
            mod_revision: 5,
            ..KeyValue::default()
        }
    }

    #[test]
    fn what_is_watched_has_the_members_and_what_everybody_knows_and_nothing_else() {
        let (from, to) = keys().known();
        let inside = |key: &str| (&*from..&*to).contains(&key.as_bytes());
        for key in [
            "/p/a%2Fb/members/x",
            "/p/a%2Fb/members/\u{10ffff}",
            "/p/a%2Fb/settled",
        ] {
            assert!(inside(key), "{key}");
        }
        for key in [
            "/p/a%2Fb/applied/x",
            "/p/a/members/x",
            "/p/a%2Fb/settled/x",
            "/p/b/members/x",
        ] {
            assert!(!inside(key), "{key}");
        }
    }

    #[test]
    fn what_is_written_is_what_others_see() {
        let keys = keys();
        let record = Record {
            member: "m".to_owned(),
            token: "t".to_owned(),
            ..Record::default()
        };
        let txn = keys.write(
            "m",
            &Write {
                lease: 9,
                record: Some((record.clone(), true, 4)),
                applied: Some(7),
                settled: Some(6),
            },
        );
        assert_eq!(txn.compare[0].mod_revision, 4);
        let seen: Vec<Seen> = txn
            .success
            .iter()
            .map(|op| match &op.request {
                Some(Request::RequestPut(put)) => {
                    assert_eq!(put.lease, 9);
                    let key = std::str::from_utf8(&put.key).unwrap();
                    keys.seen(&value(key, put.value.clone()), false).unwrap()
                }
                _ => panic!("{op:?}"),
            })
            .collect();
        assert_eq!(
            seen,
            [
                Seen::Entry(Present {
                    name: "m".to_owned(),
                    created: 3,
                    modified: 5,
                    versions: Versions::new(2, 3),
                    record,
                    gone: true,
                }),
                Seen::Applied {
                    name: "m".to_owned(),
                    revision: 7
                },
                Seen::Settled(6),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_nobodys() {
        let keys = keys();
        for (key, content) in [
            ("/p/a%2Fb/members/m", &b"\xff"[..]),
            // Another's record under this name.
            ("/p/a%2Fb/members/m", b""),
            ("/p/a%2Fb/settled", b"x"),
            ("/p/a%2Fb/applied/m", b"-1"),
            ("/elsewhere", b"1"),
        ] {
            let content = Bytes::copy_from_slice(content);
            assert_eq!(keys.seen(&value(key, content), false), None, "{key}");
        }
        assert_eq!(
            keys.seen(&value("/p/a%2Fb/members/m", ""), true),
            Some(Seen::Deleted {
                name: "m".to_owned(),
                revision: 5
            })
        );
    }
}
