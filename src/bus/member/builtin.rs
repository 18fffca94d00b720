//! Calls that a member answers without its application, so also while that is
//! blocked. They are for `!` and the member's name.

use bytes::Bytes;

use super::Member;
use crate::bus::Millis;
use crate::bus::table::{PeerNumber, SELF};
use crate::bus::trust::operator::{self, denial};
use crate::bus::wire::{Call, Kind, Reply};

/// What an id begins with that is a member's name.
pub(super) const MARK: char = '!';

/// The call by which somebody asks whether it may do what operators do.
const MAY_OPERATE: &str = "operator";

/// What a call for the status has as arguments that wants the own figures of a member, and
/// of others the links: with all ids of all members, that of a large cluster is large.
const BRIEF: &[u8] = br#"["brief"]"#;

/// Whether a call is that one.
pub(super) fn asks_of_operator(call: &Call) -> bool {
    call.to.starts_with(MARK) && call.method == MAY_OPERATE
}

impl Member {
    /// Whom a call is for.
    pub(super) fn addressee(&mut self, to: &str) -> Option<PeerNumber> {
        match to.strip_prefix(MARK) {
            Some(name) if name == self.identity.name => Some(SELF),
            Some(name) => self.numbers.get(name).copied(),
            None => self.choose(to),
        }
    }

    fn operator_status(&self) -> String {
        let asks = self.identity.terms.operator.is_set();
        serde_json::json!({ "asks": asks }).to_string()
    }

    /// Answers a call for this member itself.
    pub(super) fn answer(&mut self, now: Millis, peer: PeerNumber, call: &Call) {
        let status = match &*call.method {
            "status" => {
                let is_brief = &*call.body == BRIEF;
                let status = self.status();
                let status = if is_brief { status.brief() } else { status };
                serde_json::to_string(&status).ok()
            }
            MAY_OPERATE => match self.check_operator(peer) {
                Ok(()) => Some(self.operator_status()),
                Err(doubt) => {
                    let text = denial("what operators do (tap, rpc)", doubt);
                    let call = Kind::Call(call.clone());
                    return self.deny(now, peer, call, (operator::KEY, text));
                }
            },
            _ => None,
        };
        let body = match &status {
            Some(status) => format!(r#"{{"data":{status}}}"#),
            None => r#"{"data":"error","err":"Not support method"}"#.to_owned(),
        };
        let reply = Reply {
            number: call.number,
            kind: String::new(),
            body: Bytes::from(body),
            left: 0,
            failed: status.is_none(),
        };
        self.reply(now, peer, reply);
    }
}
