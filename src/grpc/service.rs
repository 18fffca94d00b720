//! What a server serves: its methods, who handles their calls, and what the two sides of
//! that hand each other.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::mpsc::UnboundedReceiver;

use super::gate::Gate;
use super::keepalive::Keepalive;
use super::stream::{CallEvents, Outgoing};
use super::tenure::Terms;
use crate::tls::credentials::ServerCredentials;

/// A method that has a handler.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// The number that stands for its path in this process.
    pub number: u32,
    /// The client sends a stream.
    pub request_stream: bool,
}

/// What a server is made with.
#[derive(Debug)]
pub struct Options {
    /// By path.
    pub methods: HashMap<String, Method>,
    /// TLS, or plaintext.
    pub tls: Option<Arc<ServerCredentials>>,
    /// Pings, or none.
    pub keepalive: Option<Keepalive>,
    /// Largest message received, in bytes.
    pub max_receive: Option<usize>,
    /// Largest message sent, in bytes.
    pub max_send: Option<usize>,
    /// Largest header list received, in bytes.
    pub max_metadata: usize,
    /// Calls at once on one connection, if there is a limit; the client's further
    /// calls wait.
    pub max_streams: Option<u32>,
    /// Connections at once; others are closed as they come.
    pub max_connections: Option<usize>,
    /// How long connections stay.
    pub terms: Terms,
    /// How long a call may take, whatever its client says.
    pub max_call: Option<Duration>,
}

/// A call for the application.
pub struct Incoming<'a> {
    /// The number of its path.
    pub method: u32,
    /// The connection it came on.
    pub connection: u32,
    /// What the client has shown in TLS, in DER.
    pub certificate: Option<&'a [u8]>,
    /// What is left until the deadline.
    pub deadline: Option<Duration>,
    /// All headers, reserved ones included.
    pub metadata: HeaderMap,
    /// The request, unless the client sends a stream.
    pub message: Option<Bytes>,
}

/// What the application answers to a call.
pub struct Accepted<E> {
    /// What it sends.
    pub inbox: UnboundedReceiver<Outgoing>,
    /// Closes while it is behind in reading.
    pub gate: Arc<Gate>,
    /// What it is told.
    pub events: E,
}

/// Who handles the calls of a server.
pub trait Application: Send + Sync + 'static {
    /// What a call reports to.
    type Events: CallEvents;
    /// A peer has connected.
    fn connected(&self, connection: u32, peer: SocketAddr);
    /// The peer is gone; its calls have been closed.
    fn disconnected(&self, connection: u32);
    /// Waits while too much is queued for it.
    fn room(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
    /// Takes a call.
    fn accept(&self, incoming: Incoming<'_>) -> Accepted<Self::Events>;
    /// The call is over.
    fn closed(&self, events: Self::Events, how: Closed);
    /// Something went wrong that no call can report.
    fn warn(&self, text: String);
}

/// How a call ended, seen from the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// A unary reply was sent: nobody needs to be told.
    Replied,
    /// The status was handed to the transport.
    Finished,
    /// The client cancelled.
    Cancelled,
    /// The deadline passed; the client was told.
    DeadlineExceeded,
    /// The connection is gone.
    ConnectionLost,
}

impl Closed {
    /// What an error of the stream says of the peer.
    pub fn by(error: &h2::Error) -> Self {
        if error.is_reset() {
            Self::Cancelled
        } else {
            Self::ConnectionLost
        }
    }
}
