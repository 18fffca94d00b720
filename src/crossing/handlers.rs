//! What a server asks of JS, where its handlers live.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::unbounded_channel;

use super::calls::CallHandle;
use super::environment::Environment;
use super::mailbox::level;
use super::record::event;
use crate::grpc::gate::Gate;
use crate::grpc::service::{Accepted, Application, Closed, Incoming};

/// The handlers of one server, which live in JS.
pub struct Handlers {
    /// Where they live.
    pub environment: Arc<Environment>,
    /// The number JS gave the server.
    pub server: u32,
}

impl Application for Handlers {
    type Events = CallHandle;

    fn connected(&self, connection: u32, peer: SocketAddr) {
        self.environment
            .events
            .push(event::CONNECTED, 0, connection, |record| {
                record.u32(self.server).bytes(peer.to_string().as_bytes())
            });
    }

    fn disconnected(&self, connection: u32) {
        self.environment
            .events
            .push(event::DISCONNECTED, 0, connection, |record| record);
    }

    async fn room(&self) {
        self.environment.events.room().await;
    }

    fn accept(&self, incoming: Incoming<'_>) -> Accepted<CallHandle> {
        let environment = &self.environment;
        let (sender, inbox) = unbounded_channel();
        let gate = Arc::new(Gate::default());
        let events = environment.calls.admit(sender, Arc::clone(&gate));
        let left = incoming
            .deadline
            .map_or(f64::INFINITY, |left| left.as_secs_f64() * 1000.0);
        let message: Option<&Bytes> = incoming.message.as_ref();
        let flags = if message.is_some() { event::FLAG } else { 0 };
        environment
            .events
            .push(event::INCOMING, flags, events.id(), |record| {
                record
                    .u32(self.server)
                    .u32(incoming.method)
                    .u32(incoming.connection)
                    .f64(left)
                    .sized_metadata(&incoming.metadata)
                    .bytes(message.map_or(&[], |message| message))
            });
        Accepted {
            inbox,
            gate,
            events,
        }
    }

    fn closed(&self, events: CallHandle, how: Closed) {
        events.close(how);
    }

    fn warn(&self, text: String) {
        self.environment.events.log(level::WARN, &text);
    }
}
