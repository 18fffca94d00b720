//! What the bus tells the application, and how much it may take.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use super::table::PeerNumber;

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Failure {
    /// Its time is over, and nobody has ever served the id.
    UnknownId = 1,
    /// Its time is over before its peer could be reached.
    Unreachable = 2,
    /// Its time is over and its peer has not replied.
    Slow = 3,
    /// The link to its peer broke while the call was there.
    PeerLost = 4,
    /// More waits for its peer, or for all, than may.
    Overloaded = 5,
    /// It is larger than a message may be.
    TooLarge = 6,
    /// This member is leaving.
    Closed = 7,
    /// Its peer's rules give this member no right to it.
    Denied = 10,
}

/// What happens to the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A reply to a call.
    Reply {
        /// The number that the application gave the call.
        call: u32,
        /// Empty for the last one.
        kind: String,
        /// The handler failed.
        failed: bool,
        /// The body, which is JSON.
        body: Bytes,
    },
    /// A call ended without a reply.
    Failed {
        /// The number that the application gave the call.
        call: u32,
        /// What it failed of.
        why: Failure,
        /// Whom it was with, or what was too much.
        detail: String,
    },
    /// Somebody calls, or casts.
    Request {
        /// Who, and the number of the call there; none for a cast.
        from: Option<(PeerNumber, u32)>,
        /// The name of who calls or casts.
        caller: Arc<str>,
        /// How long that one waits for the reply, in ms; 0 if that is not known.
        timeout: u32,
        /// The id that is called.
        to: String,
        /// The method that is wanted of it.
        method: String,
        /// The body, which is JSON.
        body: Bytes,
        /// The caller's trace; empty for none.
        trace: String,
    },
    /// Nobody waits any more for the reply to a call.
    GivenUp {
        /// The member that had called.
        peer: PeerNumber,
        /// Its number there; none for all of that member.
        call: Option<u32>,
    },
    /// Somebody published what some subscriptions want.
    Message {
        /// The subscriptions, by the application's numbers.
        subscriptions: Vec<u32>,
        /// The routing key.
        key: String,
        /// The body, which is JSON.
        body: Bytes,
        /// The publisher's trace; empty for none.
        trace: String,
    },
    /// What was asked for is in effect everywhere.
    Done {
        /// The number that the application gave the request.
        request: u32,
    },
    /// What was asked for will not be, by the registry's rules.
    Declined {
        /// The number that the application gave the request.
        request: u32,
        /// The reason, for a person.
        why: String,
    },
    /// The session with the registry stands.
    Joined,
    /// There is no session with the registry yet; it is tried again.
    Waiting {
        /// The reason, for a person.
        why: String,
    },
    /// The session with the registry broke.
    Parted {
        /// The reason, for a person.
        why: String,
    },
    /// The registry does not want this member; it stays out.
    Refused {
        /// The reason, for a person.
        why: String,
    },
    /// This member has left: nothing follows.
    Left,
    /// Something that the log should tell.
    Note {
        /// Whether it is worth a warning.
        warning: bool,
        /// What is to be told, for a person.
        text: String,
    },
}

/// Who a member works for. Called on the network thread.
pub trait Application: Send + Sync + 'static {
    /// Something has happened.
    fn deliver(&self, delivery: Delivery);
    /// Whether so much waits that peers should be held back.
    fn is_behind(&self) -> bool;
    /// Until it is not behind.
    fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
