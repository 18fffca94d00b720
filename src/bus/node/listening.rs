//! Where a member listens for links, and where it does so instead when that
//! place turns out to be another's.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::Node;
use super::endpoint::Endpoint;
use crate::bus::pipe;
use crate::grpc::server::Server;
use crate::tls::credentials::Mutual;

/// The method of links.
pub const LINK: &str = "/owt.bus.v1.Link/Open";

/// The port where other members dial this one.
pub struct Listening {
    /// The address that is bound.
    pub ip: IpAddr,
    /// The host that others dial.
    pub host: String,
    /// Of this machine's choice if there is none.
    pub port: Option<u16>,
    /// Mutual TLS of links, or plaintext.
    pub tls: Option<Mutual>,
}

/// An endpoint that listens, and whom it is one for: nobody yet.
pub type Listener = (Server, Arc<Mutex<Weak<Node>>>);

impl Listening {
    /// Listens.
    ///
    /// # Errors
    /// What the system says, for a person.
    pub async fn bind(&self) -> Result<Listener, String> {
        let service = Endpoint::default();
        let node = service.node();
        let serving = self.tls.as_ref().map(|tls| Arc::clone(&tls.server));
        let options = pipe::server_options(LINK, serving);
        let ip = self.ip.to_string();
        let server = Server::listen(&ip, self.port.unwrap_or(0), options, service).await;
        Ok((server.map_err(|error| error.to_string())?, node))
    }

    /// host:port, as others dial it.
    pub fn address(&self, port: u16) -> String {
        let host = &self.host;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}
