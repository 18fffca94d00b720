//! What others may do to this member, where there are rules. It is looked at where it
//! arrives; whoever asked is told of what was denied, and the log once of each kind.

use std::sync::Arc;

use super::Member;
use crate::bus::Millis;
use crate::bus::application::Failure;
use crate::bus::calls::Place;
use crate::bus::peer::Conn;
use crate::bus::rules::{Deed, Rights};
use crate::bus::table::PeerNumber;
use crate::bus::wire::{Call, Denied, Kind, Reply};

/// Links of version 1 have no word for it.
const DENIED_SINCE: u32 = 2;

/// What a peer asks for that a frame is of.
fn deed(kind: &Kind) -> Option<Deed<'_>> {
    match kind {
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

/// Whether a peer may send that.
///
/// # Errors
/// Why not.
pub(super) fn check(rights: &Rights, kind: &Kind) -> Result<(), (&'static str, String)> {
    let Some(deed) = deed(kind) else {
        return Ok(());
    };
    rights.check(&deed).map_err(|why| (deed.key(), why))
}

impl Member {
    /// At the other end of a transport is somebody who has these rights.
    pub fn vouched(&mut self, conn: Conn, rights: Arc<Rights>) {
        if self.conns.get(&conn).is_some() {
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
        if self.calls.place(call) == Some(&Place::Sent(peer)) {
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
