//! The frames of `proto/bus`, as Rust structs.

use bytes::Bytes;

// Generated: written for all cases, read by nobody.
#[allow(clippy::pedantic)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/owt.bus.v1.rs"));
}

pub use generated::frame::Kind;
pub use generated::from_registry::Kind as Told;
pub use generated::refusal::Reason;
pub use generated::to_registry::Kind as Asked;
pub use generated::{
    Announce, Applied, Call, Cancel, Cast, Challenge, Changes, Declined, Delta, Denied, Done,
    Entry, Frame, FromRegistry, Hello, IdleClose, Join, Joined, Leave, Packet, Proof, Publish,
    Record, Refusal, Reply, StayOpen, Subscription, ToRegistry, Welcome,
};

impl Refusal {
    /// A refusal for a reason, with a text for a person.
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            text: text.into(),
        }
    }
}

impl From<Call> for Cast {
    /// What the handler of a call is given: all but whom to reply to, and how long
    /// that one waits.
    fn from(call: Call) -> Self {
        Self {
            to: call.to,
            method: call.method,
            body: call.body,
            left: 0,
            trace: call.trace,
        }
    }
}

/// Field numbers of `Packet.frames` and, in a `Frame`, of pieces.
pub const FRAMES: u32 = 1;
const REQUEST_PIECE: u32 = 10;
const REPLY_PIECE: u32 = 11;

impl Packet {
    /// The field number and the bytes of a piece that is all there is in it.
    pub fn only_piece(&self) -> Option<(u32, &Bytes)> {
        let [frame] = &self.frames[..] else {
            return None;
        };
        match &frame.kind {
            Some(Kind::RequestPiece(piece)) => Some((REQUEST_PIECE, piece)),
            Some(Kind::ReplyPiece(piece)) => Some((REPLY_PIECE, piece)),
            _ => None,
        }
    }
}

impl Frame {
    /// Whether it goes with the replies, which have an order of their own.
    pub fn is_reply(&self) -> bool {
        matches!(
            self.kind,
            Some(Kind::Reply(_) | Kind::Denied(_) | Kind::ReturnedCall(_) | Kind::ReturnedCast(_))
        )
    }

    /// Its body and how much of that follows in pieces, if it is of a kind that
    /// has one.
    pub fn body_mut(&mut self) -> Option<(&mut Bytes, &mut u32)> {
        match self.kind.as_mut()? {
            Kind::Call(call) | Kind::ReturnedCall(call) => Some((&mut call.body, &mut call.left)),
            Kind::Cast(cast) | Kind::ReturnedCast(cast) => Some((&mut cast.body, &mut cast.left)),
            Kind::Publish(publish) => Some((&mut publish.body, &mut publish.left)),
            Kind::Reply(reply) => Some((&mut reply.body, &mut reply.left)),
            _ => None,
        }
    }
}

/// A frame of one kind.
pub fn frame(kind: Kind) -> Frame {
    Frame { kind: Some(kind) }
}
