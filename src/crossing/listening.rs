//! What listens for an environment: gRPC servers, and registries of the bus.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

use crate::grpc::server::Server;
use crate::grpc::source::Accepting;
use crate::registry::host::Host;

/// One that listens.
pub enum Listening {
    /// A gRPC server.
    Server(Server),
    /// A registry of the bus.
    Registry(Host),
}

impl Listening {
    /// The port.
    pub fn port(&self) -> u16 {
        match self {
            Self::Server(server) => server.port,
            Self::Registry(host) => host.port(),
        }
    }

    /// Stops. Returns how many connections were cut off with calls on them;
    /// sessions of a registry are no calls, they find another one.
    pub async fn stop(self, grace: Duration) -> u32 {
        match self {
            Self::Server(server) => server.stop(grace).await,
            Self::Registry(host) => {
                host.stop().await;
                0
            }
        }
    }
}

/// All that listen for one environment, by the numbers that JS gave them.
#[derive(Default)]
pub struct AllListening(Mutex<HashMap<u32, Listening>>);

impl AllListening {
    /// Keeps what listens.
    pub fn keep(&self, id: u32, listening: Listening) {
        self.0.lock().insert(id, listening);
    }

    /// Hands a connection to a server, if it has not been stopped.
    pub fn hand_over(&self, id: u32, connection: Accepting) {
        if let Some(Listening::Server(server)) = self.0.lock().get(&id) {
            server.hand(connection);
        }
    }

    /// Gives it back to be stopped.
    pub fn take(&self, id: u32) -> Option<Listening> {
        self.0.lock().remove(&id)
    }

    /// Stops all, without waiting for what they do.
    pub fn abandon(&self) {
        for (_, listening) in std::mem::take(&mut *self.0.lock()) {
            tokio::spawn(listening.stop(Duration::ZERO));
        }
    }
}
