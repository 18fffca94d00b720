//! What a server asks of JS, where its handlers live.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::mpsc::unbounded_channel;

use super::calls::CallHandle;
use super::environment::Environment;
use super::record::level;
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
        let events = &self.environment.events;
        events.connected(connection, self.server, peer);
    }

    fn disconnected(&self, connection: u32) {
        self.environment.events.disconnected(connection);
    }

    async fn room(&self) {
        self.environment.events.room().await;
    }

    fn accept(&self, incoming: Incoming<'_>) -> Accepted<CallHandle> {
        let environment = &self.environment;
        let (sender, inbox) = unbounded_channel();
        let gate = Arc::new(Gate::default());
        let events = environment.calls.admit(sender, Arc::clone(&gate));
        environment
            .events
            .incoming(events.id(), self.server, &incoming);
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
