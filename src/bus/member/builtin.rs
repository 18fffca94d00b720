//! Calls that a member answers without its application, so also while that is
//! blocked. They are for `!` and the member's name.

use bytes::Bytes;

use super::Member;
use crate::bus::Millis;
use crate::bus::table::{PeerNumber, SELF};
use crate::bus::wire::{Call, Reply};

/// What an id begins with that is a member's name.
pub(super) const MARK: char = '!';

impl Member {
    /// Whom a call is for.
    pub(super) fn addressee(&mut self, to: &str) -> Option<PeerNumber> {
        match to.strip_prefix(MARK) {
            Some(name) if name == self.identity.name => Some(SELF),
            Some(name) => self.numbers.get(name).copied(),
            None => self.choose(to),
        }
    }

    /// Answers a call for this member itself.
    pub(super) fn answer(&mut self, now: Millis, peer: PeerNumber, call: &Call) {
        let status = match &*call.method {
            "status" => serde_json::to_string(&self.status()).ok(),
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
