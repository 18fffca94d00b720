//! What others may do to this member, where there are rules. It is looked at where it
//! arrives; whoever asked is told of what was denied, and the log once of each kind.

use std::sync::Arc;

use super::{Member, builtin};
use crate::bus::Millis;
use crate::bus::application::Failure;
use crate::bus::calls::Stage;
use crate::bus::peer::{Conn, Peer};
use crate::bus::rules::{Deed, Rights};
use crate::bus::table::PeerNumber;
use crate::bus::wire::{Call, Denied, Kind, Reply};

/// Links of version 1 have no word for it.
pub(super) const DENIED_SINCE: u32 = 2;

/// What a peer asks for that a frame is of.
fn deed(kind: &Kind) -> Option<Deed<'_>> {
    match kind {
        // What somebody may do, it may ask.
        Kind::Call(call) if builtin::asks_of_operator(call) => None,
        Kind::Call(call) => Some(Deed::Call(&call.to)),
        Kind::Cast(cast) => Some(Deed::Call(&cast.to)),
        Kind::Publish(publish) => Some(Deed::Publish(&publish.exchange, &publish.key)),
        // This member sends on what comes back, with its own rights: only what it can have
        // sent there before.
        Kind::ReturnedCall(call) => Some(Deed::Serve(&call.to)),
        Kind::ReturnedCast(cast) => Some(Deed::Serve(&cast.to)),
        _ => None,
    }
}

/// Why a peer may not send that.
pub(super) fn objection(peer: &Peer, kind: &Kind) -> Option<(&'static str, String)> {
    let rights = peer.rights.as_ref()?;
    let deed = deed(kind)?;
    rights.check(&deed).err().map(|why| (deed.key(), why))
}

impl Member {
    /// At the other end of a transport is somebody who has these rights.
    pub fn vouched(&mut self, conn: Conn, rights: Arc<Rights>) {
        if self.conns.contains_key(&conn) {
            self.rights.insert(conn, rights);
        }
    }

    /// The rights at the other end of a transport: `None` where all may do all. Of one of
    /// whom nothing is known there are none.
    pub(super) fn rights_on(&self, conn: Conn) -> Option<Arc<Rights>> {
        let known = self.rights.get(&conn).cloned();
        known.or_else(|| self.identity.terms.rules.of(None))
    }

    /// Whether the one at the other end may be that member.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check_name(&self, conn: Conn, name: &str) -> Result<(), String> {
        let rights = self.rights_on(conn);
        rights.map_or(Ok(()), |rights| rights.check(&Deed::Be(name)))
    }

    /// Whether this is the first time that somebody is denied that.
    pub(super) fn is_denied_first(&mut self, name: &str, what: &str) -> bool {
        self.denied.is_new(&format!("{what} {name}"))
    }

    /// A frame is of something that the peer has no right to: it is not looked at.
    pub(super) fn deny(
        &mut self,
        now: Millis,
        number: PeerNumber,
        kind: Kind,
        (key, text): (&'static str, String),
    ) {
        let Some(peer) = self.peers.get(&number) else {
            return;
        };
        let (name, version) = (peer.name.clone(), peer.version);
        let is_first = self.is_denied_first(&name, key);
        if is_first {
            let what = format!("what {name} sends is refused: {text}");
            self.note(true, what);
        }
        let number_of_call = match kind {
            Kind::Call(call) if version < DENIED_SINCE => {
                let reply = denial_as_reply(&call, &text);
                self.push(now, number, Kind::Reply(reply), None);
                return;
            }
            Kind::Call(call) => Some(call.number),
            Kind::ReturnedCall(call) => return self.fail_denied(number, call.number, text),
            // Whoever does not read what it is told is not told of each.
            _ if is_first && version >= DENIED_SINCE => None,
            _ => return,
        };
        let denied = Denied {
            number: number_of_call,
            text,
        };
        self.push(now, number, Kind::Denied(denied), None);
    }

    /// A peer says that this member has no right to something.
    pub(super) fn was_denied(&mut self, peer: PeerNumber, denied: Denied) {
        if let Some(call) = denied.number {
            return self.fail_denied(peer, call, denied.text);
        }
        let whom = self.describe(peer);
        if self.is_denied_first(&whom, "by") {
            let text = &denied.text;
            self.note(
                true,
                format!("{whom} refuses what this member sends: {text}"),
            );
        }
    }

    fn fail_denied(&mut self, peer: PeerNumber, call: u32, text: String) {
        if self.calls.stage(call) == Some(&Stage::Sent(peer)) {
            self.calls.settle(call);
            self.fail(call, Failure::Denied, text);
        }
    }
}

fn denial_as_reply(call: &Call, text: &str) -> Reply {
    let body = serde_json::json!({ "data": "error", "err": text }).to_string();
    Reply {
        number: call.number,
        body: body.into(),
        failed: true,
        ..Reply::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::agreement::{Terms, Versions};
    use crate::bus::application::Delivery;
    use crate::bus::member::{Action, Identity};
    use crate::bus::rules::Rules;
    use crate::bus::trust::token;
    use crate::bus::wire::{
        Cast, Changes, FromRegistry, Hello, Packet, Publish, Record, Told, frame,
    };

    const RULES: &str = r#"{
        "host": {"host": true},
        "peer": {"serve": ["theirs"], "call": ["open"], "publish": [{"exchange": "news"}], "names": ["peer"]}
    }"#;

    fn rights(name: &str) -> Arc<Rights> {
        let rules = Rules::read(RULES).unwrap();
        rules.of_names(|| vec![name.to_owned()]).unwrap()
    }

    /// A member with rules that serves `open` and `closed`, and knows a peer that serves
    /// `theirs` and another one that serves `others`.
    fn member() -> Member {
        let mut member = Member::new(Identity {
            terms: Terms {
                rules: Rules::read(RULES).unwrap(),
                ..Terms::of("c")
            },
            ..Identity::of("me")
        });
        member.serve(0, 1, "open");
        member.serve(0, 2, "closed");
        let record = |name: &str, id: &str| Record {
            member: name.to_owned(),
            token: token::told(name),
            address: format!("{name}:1"),
            ids: vec![id.to_owned()],
            ..Record::default()
        };
        let changes = Changes {
            revision: 1,
            records: vec![record("peer", "theirs"), record("other", "others")],
            ..Changes::default()
        };
        let kind = Some(Told::Changes(changes));
        member.registry_message(0, FromRegistry { kind });
        member.take_actions(0);
        member
    }

    fn pass(member: &mut Member, conn: Conn, kind: Kind) {
        let frames = vec![frame(kind)];
        member.packet(0, conn, Packet { frames });
    }

    fn hello(member: &mut Member, conn: Conn, versions: Versions) {
        let hello = Hello {
            version: versions.oldest(),
            newest_version: versions.newest_if_another(),
            cluster: "c".to_owned(),
            member: "peer".to_owned(),
            token: token::told("peer"),
            shown: "peer".to_owned(),
            link: 5,
            to: "me".to_owned(),
            ..Hello::default()
        };
        pass(member, conn, Kind::Hello(Box::new(hello)));
    }

    /// A link of the peer's, and what the member answers to its Hello.
    fn linked(member: &mut Member, versions: Versions, who: Option<&str>) -> (Conn, Kind) {
        let conn = member.incoming(0);
        if let Some(who) = who {
            member.vouched(conn, rights(who));
        }
        hello(member, conn, versions);
        let sent = member
            .take_actions(0)
            .into_iter()
            .find_map(|action| match action {
                Action::Send { packet, .. } => packet.frames.into_iter().next()?.kind,
                _ => None,
            });
        (conn, sent.unwrap())
    }

    fn answers(member: &mut Member, conn: Conn) -> Vec<Kind> {
        let packets = std::iter::from_fn(|| member.next_packet(0, conn));
        packets
            .flat_map(|packet| packet.frames)
            .filter_map(|frame| frame.kind)
            .collect()
    }

    fn deliveries(member: &mut Member) -> Vec<Delivery> {
        let actions = member.take_actions(0).into_iter();
        let delivered = actions.filter_map(|action| match action {
            Action::Deliver(delivery) => Some(delivery),
            _ => None,
        });
        delivered.collect()
    }

    fn call(number: u32, to: &str) -> Kind {
        Kind::Call(Call {
            number,
            to: to.to_owned(),
            ..Call::default()
        })
    }

    fn cast(to: &str) -> Cast {
        Cast {
            to: to.to_owned(),
            ..Cast::default()
        }
    }

    fn is_note(delivery: &Delivery) -> bool {
        matches!(delivery, Delivery::Note { .. })
    }

    #[test]
    fn a_link_of_one_who_may_not_be_that_member_or_of_whom_nothing_is_known_has_no_rights() {
        let both = Versions::new(1, 2);
        let mut known = member();
        assert!(matches!(
            linked(&mut known, both, Some("peer")).1,
            Kind::Welcome(_)
        ));
        // Names are bound by a rule of its own only; but it may do nothing then.
        let mut unknown = member();
        let (conn, answer) = linked(&mut unknown, both, None);
        assert!(matches!(answer, Kind::Welcome(_)));
        pass(&mut unknown, conn, call(7, "open"));
        assert!(deliveries(&mut unknown).iter().all(is_note));
        let mut bound = member();
        bound.identity.terms.rules = Rules::read(r#"{"peer": {"names": ["another"]}}"#).unwrap();
        let conn = bound.incoming(0);
        let names = || vec!["peer".to_owned()];
        let strict = bound.identity.terms.rules.of_names(names).unwrap();
        bound.vouched(conn, strict);
        hello(&mut bound, conn, both);
        let refused = bound.take_actions(0).into_iter().any(|action| match action {
            Action::Send { packet, .. } => matches!(
                &packet.frames[0].kind,
                Some(Kind::Refusal(refusal)) if refusal.text.contains("may not be the member peer")
            ),
            _ => false,
        });
        assert!(refused);
    }

    #[test]
    fn what_a_peer_may_not_send_is_not_handed_over_and_a_call_ends_with_the_reason() {
        for (versions, is_told) in [(Versions::new(1, 2), true), (Versions::new(1, 1), false)] {
            let mut member = member();
            member.subscribe(0, 3, 9, "news", &["#".to_owned()]);
            member.subscribe(0, 4, 9, "secrets", &["#".to_owned()]);
            let (conn, _) = linked(&mut member, versions, Some("peer"));
            pass(&mut member, conn, call(7, "open"));
            pass(&mut member, conn, call(8, "closed"));
            pass(&mut member, conn, Kind::Cast(cast("closed")));
            pass(&mut member, conn, Kind::Cast(cast("closed")));
            for exchange in ["news", "secrets"] {
                let publish = Publish {
                    exchange: exchange.to_owned(),
                    ..Publish::default()
                };
                pass(&mut member, conn, Kind::Publish(publish));
            }
            let all = deliveries(&mut member);
            let (notes, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_note);
            assert_eq!(
                notes.len(),
                2,
                "one for calls and casts, one for messages: {notes:?}"
            );
            assert!(matches!(
                &others[..],
                [Delivery::Request { to, .. }, Delivery::Message { .. }] if to == "open"
            ));
            let answers = answers(&mut member, conn);
            if is_told {
                let [Kind::Denied(of_call), Kind::Denied(of_message)] = &answers[..] else {
                    panic!("{answers:?}");
                };
                assert_eq!((of_call.number, of_message.number), (Some(8), None));
                assert!(
                    of_call
                        .text
                        .contains("may not call or cast to the id closed")
                );
                assert!(
                    of_message
                        .text
                        .contains("may not publish at the exchange secrets")
                );
            } else {
                let [Kind::Reply(reply)] = &answers[..] else {
                    panic!("{answers:?}");
                };
                assert!(reply.failed && reply.number == 8);
                assert!(String::from_utf8_lossy(&reply.body).contains("may not call"));
            }
        }
    }

    #[test]
    fn a_peer_has_nothing_sent_on_by_this_member_that_it_may_not_serve() {
        let mut member = member();
        let (conn, _) = linked(&mut member, Versions::new(1, 2), Some("peer"));
        for id in ["others", "closed", "theirs"] {
            pass(&mut member, conn, Kind::ReturnedCast(cast(id)));
        }
        let actions = member.take_actions(0);
        let dials = actions
            .iter()
            .filter(|action| matches!(action, Action::Dial { .. }));
        assert_eq!(dials.count(), 0, "nobody is dialed for `others`");
        let requests = actions
            .iter()
            .filter(|action| matches!(action, Action::Deliver(Delivery::Request { .. })));
        assert_eq!(requests.count(), 0, "nor is `closed` of this member asked");
        assert_eq!(
            member.counters.unroutable, 1,
            "`theirs` was looked at, which nobody else serves"
        );
    }

    #[test]
    fn a_denial_ends_only_a_call_that_is_with_the_one_who_denies_it() {
        let mut member = member();
        let calling = crate::bus::member::traffic::Calling {
            number: 3,
            to: "theirs".to_owned(),
            method: "m".to_owned(),
            body: bytes::Bytes::new(),
            timeout: 1_000,
            many: false,
            trace: String::new(),
        };
        let (conn, _) = linked(&mut member, Versions::new(1, 2), Some("peer"));
        member.call(0, calling);
        let denied = |number| {
            Kind::Denied(Denied {
                number,
                text: "no".to_owned(),
            })
        };
        let failed = |member: &mut Member| {
            let all = deliveries(member).into_iter();
            let failed = all.filter(|delivery| {
                matches!(delivery, Delivery::Failed { call: 3, why: Failure::Denied, detail } if detail == "no")
            });
            failed.count()
        };
        pass(&mut member, conn, denied(Some(3)));
        assert_eq!(failed(&mut member), 0, "it has not been sent yet");
        assert_eq!(answers(&mut member, conn).len(), 1);
        pass(&mut member, conn, denied(Some(4)));
        pass(&mut member, conn, denied(None));
        assert_eq!(failed(&mut member), 0);
        pass(&mut member, conn, denied(Some(3)));
        pass(&mut member, conn, denied(Some(3)));
        assert_eq!(failed(&mut member), 1);
    }

    #[test]
    fn a_registry_that_may_not_host_is_not_listened_to() {
        for (who, is_taken) in [("host", true), ("peer", false)] {
            let mut member = member();
            member.registry_open();
            member.registry_vouched(&rights(who));
            let joined = crate::bus::wire::Joined {
                epoch: 3,
                ..crate::bus::wire::Joined::default()
            };
            let kind = Some(Told::Joined(joined));
            member.registry_message(0, FromRegistry { kind });
            assert_eq!(member.epoch() == 3, is_taken);
            let refused = deliveries(&mut member).iter().any(
                |one| matches!(one, Delivery::Refused { why } if why.contains("may not host")),
            );
            assert_eq!(refused, !is_taken);
        }
    }
}
