//! Copies of what this member hands to its application, for whoever listens to
//! [`EXCHANGE`]: how `owt-grpc tap` sees what passes between others.
//!
//! Nobody listening costs a look at one flag per delivery. Copies never hold up what
//! they are copies of: a listener that is behind loses them. They are not copied
//! themselves. Where there is an operator's secret, only who has proved it gets any
//! (`operator`).

use std::collections::HashMap;

use bytes::Bytes;
use serde::Serialize;

use super::Member;
use crate::bus::Millis;
use crate::bus::table::{PeerNumber, SELF};
use crate::bus::wire::{Kind, Publish};

/// Where copies are published.
pub use crate::bus::table::TAP as EXCHANGE;
/// What may wait for one listener: more is lost.
const MOST_FRAMES: usize = 1_000;
const MOST_BYTES: usize = 1 << 20;
/// Calls whose reply is waited for. Handlers need not reply at all.
const MOST_OPEN: usize = 10_000;
/// A larger body is left out, and its size told.
const LARGEST: usize = 16 << 10;

/// Something that was handed over, or came back.
pub(super) enum Seen {
    Request {
        from: Option<(PeerNumber, u32)>,
        id: String,
        method: String,
        body: Bytes,
    },
    Message {
        exchange: String,
        key: String,
        body: Bytes,
    },
    Reply {
        to: (PeerNumber, u32),
        failed: bool,
        body: Bytes,
    },
}

struct Open {
    id: String,
    method: String,
    since: Millis,
}

/// Who listens to this member, and what is copied for them.
#[derive(Default)]
pub(super) struct Tap {
    seen: Vec<Seen>,
    open: HashMap<(PeerNumber, u32), Open>,
}

/// A copy, as listeners read it.
#[derive(Serialize)]
struct Copy<'a> {
    kind: &'static str,
    /// Who handed it over.
    member: &'a str,
    /// Who had sent it, or gets it; null where that is not known.
    peer: Option<&'a str>,
    /// The id that is served, or the exchange.
    id: &'a str,
    /// The method, or the routing key.
    method: &'a str,
    /// The caller's number of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<u32>,
    /// From a call to its reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<bool>,
    size: usize,
    /// JSON as a text; missing if it is large.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<std::borrow::Cow<'a, str>>,
}

impl Member {
    /// Takes note of something, if anybody wants to know. What follows is done
    /// with the next actions, when the time is known.
    pub(super) fn tap(&mut self, seen: impl FnOnce() -> Seen) {
        if !self.table.tapped {
            return;
        }
        if self.tap.seen.len() < MOST_FRAMES {
            self.tap.seen.push(seen());
        } else {
            self.totals.untapped += 1;
        }
    }

    /// Publishes copies of what was seen since the last time.
    pub(super) fn publish_copies(&mut self, now: Millis) {
        if self.tap.seen.is_empty() {
            return;
        }
        for seen in std::mem::take(&mut self.tap.seen) {
            if let Some((key, body)) = self.copy(now, seen) {
                self.publish_copy(now, &key, &body);
            }
        }
        if !self.table.tapped {
            self.tap.open.clear();
        }
    }

    fn copy(&mut self, now: Millis, seen: Seen) -> Option<(String, Bytes)> {
        let (kind, peer, call, id, method, body, ms, failed) = match seen {
            Seen::Request {
                from: Some(from),
                id,
                method,
                body,
            } => {
                if self.tap.open.len() < MOST_OPEN {
                    let open = Open {
                        id: id.clone(),
                        method: method.clone(),
                        since: now,
                    };
                    self.tap.open.insert(from, open);
                }
                let (peer, call) = from;
                ("call", Some(peer), Some(call), id, method, body, None, None)
            }
            Seen::Request {
                id, method, body, ..
            } => ("cast", None, None, id, method, body, None, None),
            Seen::Message {
                exchange,
                key,
                body,
            } => ("message", None, None, exchange, key, body, None, None),
            Seen::Reply { to, failed, body } => {
                // Of a call that was not seen.
                let Open { id, method, since } = self.tap.open.remove(&to)?;
                let ms = Some(now.saturating_sub(since));
                let (peer, call) = to;
                let (peer, call) = (Some(peer), Some(call));
                ("reply", peer, call, id, method, body, ms, Some(failed))
            }
        };
        let copy = Copy {
            kind,
            member: &self.identity.name,
            peer: peer.and_then(|peer| self.name_of(peer)),
            id: &id,
            method: &method,
            call,
            ms,
            failed,
            size: body.len(),
            body: (body.len() <= LARGEST).then(|| String::from_utf8_lossy(&body)),
        };
        let json = serde_json::to_vec(&copy).ok()?;
        Some((format!("{kind}.{id}.{method}"), json.into()))
    }

    fn name_of(&self, peer: PeerNumber) -> Option<&str> {
        if peer == SELF {
            return Some(&self.identity.name);
        }
        self.peers.get(&peer).map(|peer| &*peer.name)
    }

    fn publish_copy(&mut self, now: Millis, key: &str, body: &Bytes) {
        let mut listeners = Vec::new();
        self.table.subscribers(EXCHANGE, key, &mut listeners);
        for listener in listeners {
            let publish = Publish {
                exchange: EXCHANGE.to_owned(),
                key: key.to_owned(),
                body: body.clone(),
                ..Publish::default()
            };
            if listener == SELF {
                self.receive(now, SELF, Kind::Publish(publish));
                continue;
            }
            if let Err(doubt) = self.check_operator(listener) {
                self.withhold_copy(now, listener, doubt);
                continue;
            }
            let outbox = self.peers.get(&listener).map(|peer| &peer.outbox);
            let room = outbox.is_some_and(|outbox| {
                let (frames, bytes) = outbox.depth();
                frames < MOST_FRAMES && bytes < MOST_BYTES
            });
            if !room || !self.push(now, listener, Kind::Publish(publish), None) {
                self.totals.untapped += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::application::Delivery;
    use crate::bus::member::{Action, Identity, traffic::Calling};
    use crate::bus::wire::Reply;

    fn member() -> Member {
        let mut member = Member::new(Identity::of("me"));
        member.serve(0, 1, "i.d");
        member
    }

    /// What the application is handed: copies as JSON, of the rest nothing.
    fn copies(member: &mut Member, now: Millis) -> Vec<(String, serde_json::Value)> {
        let mut copies = Vec::new();
        for action in member.take_actions(now) {
            if let Action::Deliver(Delivery::Message {
                subscriptions,
                key,
                body,
                ..
            }) = action
                && subscriptions == [7]
            {
                copies.push((key, serde_json::from_slice(&body).unwrap()));
            }
        }
        copies
    }

    fn call(member: &mut Member, now: Millis, number: u32, body: impl Into<Bytes>) {
        let calling = Calling {
            number,
            to: "i.d".to_owned(),
            method: "m".to_owned(),
            body: body.into(),
            timeout: 1000,
            many: false,
            trace: String::new(),
        };
        member.call(now, calling);
    }

    fn listen(member: &mut Member) {
        member.subscribe(0, 2, 7, EXCHANGE, &["#".to_owned()]);
    }

    #[test]
    fn what_is_handed_over_is_copied_with_its_reply_and_the_time_between() {
        let mut member = member();
        member.subscribe(0, 3, 8, "news", &["#".to_owned()]);
        listen(&mut member);
        call(&mut member, 100, 5, "[1]");
        let news = Publish {
            exchange: "news".to_owned(),
            key: "a.b".to_owned(),
            body: Bytes::from_static(b"2"),
            ..Publish::default()
        };
        member.publish(100, &news);
        let seen = copies(&mut member, 100);
        let keys: Vec<&str> = seen.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["call.i.d.m", "message.news.a.b"]);
        assert_eq!(
            seen[0].1,
            serde_json::json!({"kind": "call", "member": "me", "peer": "me", "id": "i.d",
                "method": "m", "call": 5, "size": 3, "body": "[1]"})
        );
        for (kind, expected) in [("onStatus", 0), ("", 1), ("", 0)] {
            let reply = Reply {
                number: 5,
                kind: kind.to_owned(),
                body: Bytes::from_static(b"{}"),
                ..Reply::default()
            };
            member.reply(130, SELF, reply);
            let seen = copies(&mut member, 130);
            assert_eq!(seen.len(), expected, "{kind:?}");
            if let [(key, copy)] = &seen[..] {
                assert_eq!(key, "reply.i.d.m");
                assert_eq!(copy["ms"], 30);
                assert_eq!(copy["failed"], false);
            }
        }
    }

    #[test]
    fn nothing_is_kept_while_nobody_listens() {
        let mut member = member();
        call(&mut member, 0, 5, "[]");
        assert!(member.tap.seen.is_empty());
        listen(&mut member);
        call(&mut member, 0, 6, "[]");
        assert_eq!(copies(&mut member, 0).len(), 1);
        assert_eq!(member.tap.open.len(), 1);
        member.unsubscribe(0, 4, 7, EXCHANGE, &["#".to_owned()]);
        call(&mut member, 0, 8, "[]");
        assert_eq!(copies(&mut member, 0).len(), 0);
        assert!(member.tap.seen.is_empty());
    }

    #[test]
    fn a_flood_is_cut_and_counted_and_large_bodies_are_left_out() {
        let mut member = member();
        listen(&mut member);
        for number in 0..2_000 {
            call(&mut member, 0, number, vec![b' '; LARGEST + 1]);
        }
        let seen = copies(&mut member, 0);
        assert_eq!(seen.len(), MOST_FRAMES);
        assert_eq!(member.totals.untapped, 1_000);
        assert_eq!(seen[0].1["size"], LARGEST + 1);
        assert_eq!(seen[0].1["body"], serde_json::Value::Null);
    }
}
