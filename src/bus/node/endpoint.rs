//! Streams of links, and the server that others dial: what happens there is told
//! to the node. All of it runs on the network thread.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::Mutex;

use super::Node;
use crate::bus::application::Delivery;
use crate::bus::peer::Conn;
use crate::bus::pipe::Pipe;
use crate::grpc::gate::Gate;
use crate::grpc::service::{Accepted, Application as Service, Closed, Incoming};
use crate::grpc::stream::{CallEvents, cost};

/// What happens on one link's stream.
pub(super) struct LinkEvents {
    node: Weak<Node>,
    conn: Conn,
    gate: Arc<Gate>,
}

impl LinkEvents {
    /// Of a link of `node`, by the number it has for it.
    pub(super) fn new(node: Weak<Node>, conn: Conn) -> Self {
        Self {
            node,
            conn,
            gate: Arc::default(),
        }
    }

    /// How much more the peer may send.
    pub(super) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// The stream is over.
    pub(super) fn ended(&self, why: &str) {
        if let Some(node) = self.node.upgrade() {
            node.lost(self.conn, why);
        }
    }
}

impl CallEvents for LinkEvents {
    fn carried(&self, certificate: Option<&[u8]>) {
        if let Some(node) = self.node.upgrade() {
            node.carried(self.conn, certificate);
        }
    }

    fn headers(&self, _: &http::HeaderMap) {}

    fn message(&self, message: Bytes) {
        let Some(node) = self.node.upgrade() else {
            return;
        };
        let cost = cost(message.len());
        node.arrived(self.conn, message);
        if node.application().is_behind() {
            let gate = self.gate();
            tokio::spawn(async move {
                node.behind.until_room(node.application()).await;
                gate.consume(cost);
            });
        } else {
            self.gate.consume(cost);
        }
    }

    fn writable(&self, cost: usize) {
        if let Some(node) = self.node.upgrade() {
            node.taken(self.conn, cost);
        }
    }

    fn half_closed(&self) {
        if let Some(node) = self.node.upgrade() {
            node.half_closed(self.conn);
        }
    }
}

/// The server that others dial.
#[derive(Default)]
pub(super) struct Endpoint {
    /// Set when the node is made, which is after the port is known.
    node: Arc<Mutex<Weak<Node>>>,
}

impl Endpoint {
    /// Where the node is to be set.
    pub(super) fn node(&self) -> Arc<Mutex<Weak<Node>>> {
        Arc::clone(&self.node)
    }
}

impl Service for Endpoint {
    type Events = LinkEvents;

    fn connected(&self, _: u32, _: SocketAddr) {}

    fn disconnected(&self, _: u32) {}

    fn accept(&self, incoming: Incoming<'_>) -> Accepted<LinkEvents> {
        let node = self.node.lock().clone();
        let (pipe, inbox) = Pipe::new(false);
        let conn = node
            .upgrade()
            .map_or(0, |node| node.incoming(pipe, incoming.certificate));
        let events = LinkEvents::new(node, conn);
        Accepted {
            inbox,
            gate: events.gate(),
            events,
        }
    }

    fn closed(&self, events: LinkEvents, how: Closed) {
        events.ended(match how {
            Closed::ConnectionLost => "the connection was lost",
            Closed::Cancelled => "it cut the link",
            Closed::Replied | Closed::Finished | Closed::DeadlineExceeded => "it closed the link",
        });
    }

    fn warn(&self, text: String) {
        if let Some(node) = self.node.lock().upgrade() {
            let warning = true;
            node.application().deliver(Delivery::Note { warning, text });
        }
    }
}
