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
    Announce, Applied, Call, Cancel, Cast, Changes, Delta, Done, Entry, Frame, FromRegistry, Hello,
    Join, Joined, Leave, Packet, Publish, Record, Refusal, Reply, Rest, Stay, Subscription,
    ToRegistry, Welcome,
};

/// Of the protocol. Members and registries of different versions refuse each
/// other.
pub const VERSION: u32 = 1;

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
            Some(Kind::Reply(_) | Kind::ReturnedCall(_) | Kind::ReturnedCast(_))
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

/// One of two that are to talk to each other.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Of the bus protocol.
    pub version: u32,
    /// The name that both have to have.
    pub cluster: &'a str,
}

impl<'a> Side<'a> {
    /// This one, as a member of a cluster.
    pub fn of(cluster: &'a str) -> Self {
        let version = VERSION;
        Self { version, cluster }
    }
}

impl<'a> From<&'a Hello> for Side<'a> {
    fn from(hello: &'a Hello) -> Self {
        let (version, cluster) = (hello.version, &*hello.cluster);
        Self { version, cluster }
    }
}

impl<'a> From<&'a Join> for Side<'a> {
    fn from(join: &'a Join) -> Self {
        let (version, cluster) = (join.version, &*join.cluster);
        Self { version, cluster }
    }
}

/// Why two sides cannot talk to each other, if they cannot. The text is for who
/// reads it at the first of them: to that one it is "this side".
pub fn mismatch(this: Side<'_>, other: Side<'_>) -> Option<Refusal> {
    if this.version != other.version {
        let text = format!(
            "this side speaks version {} of the bus protocol, the other side version {}: use the \
             same release of owt-grpc on both",
            this.version, other.version
        );
        return Some(Refusal::new(Reason::Version, text));
    }
    (this.cluster != other.cluster).then(|| {
        let text = format!(
            "this side belongs to the cluster {:?}, the other side to {:?}: set OWT_GRPC_CLUSTER \
             to the same name, or use another registry port",
            this.cluster, other.cluster
        );
        Refusal::new(Reason::Cluster, text)
    })
}
