//! Where a member listens for links, and where it does so instead when that
//! place turns out to be another's.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::Node;
use super::endpoint::Endpoint;
use super::ports::Ports;
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
    /// Of this machine's choice if there are none.
    pub ports: Option<Ports>,
    /// Mutual TLS of links, or plaintext.
    pub tls: Option<Mutual>,
}

/// An endpoint that listens, and whom it is one for: nobody yet.
pub type Listener = (Server, Arc<Mutex<Weak<Node>>>);

impl Listening {
    /// Listens, on the first port that is to be had.
    ///
    /// # Errors
    /// What the system says, and where, for a person.
    pub async fn bind(&self) -> Result<Listener, String> {
        let ip = self.ip;
        let Some(ports) = &self.ports else {
            let bound = self.bind_to(0).await;
            return bound.map_err(|error| format!("this member cannot listen at {ip}: {error}"));
        };
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for port in ports.in_turn() {
            match self.bind_to(port).await {
                Ok(listener) => return Ok(listener),
                Err(error) if Ports::is_of_port(&error) => last = error,
                Err(error) => return Err(ports.none_free(ip, &error)),
            }
        }
        Err(ports.none_free(ip, &last))
    }

    async fn bind_to(&self, port: u16) -> io::Result<Listener> {
        let service = Endpoint::default();
        let node = service.node();
        let serving = self.tls.as_ref().map(|tls| Arc::clone(&tls.server));
        let options = pipe::server_options(LINK, serving);
        let ip = self.ip.to_string();
        Ok((Server::listen(&ip, port, options, service).await?, node))
    }

    /// Whether there is another port to listen on.
    pub fn may_move(&self) -> bool {
        self.ports.as_ref().is_none_or(|ports| !ports.is_one())
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
