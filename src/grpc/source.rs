//! Where a server's connections come from.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;

/// A connection that somebody else has accepted.
pub type Accepting = std::net::TcpStream;

/// Where the connections of one server come from.
pub enum Source {
    /// It accepts them itself.
    Port(TcpListener),
    /// Somebody else does.
    Handed(UnboundedReceiver<Accepting>),
}

impl Source {
    /// The next one. May be given up while it waits.
    ///
    /// # Errors
    /// The system's, of accepting.
    pub async fn next(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let handed = match self {
            Self::Port(listener) => return listener.accept().await,
            Self::Handed(handed) => handed,
        };
        while let Some(stream) = handed.recv().await {
            // One whose peer is gone already is nobody's.
            let peer = stream.peer_addr();
            if let (Ok(peer), Ok(stream)) = (peer, TcpStream::from_std(stream)) {
                return Ok((stream, peer));
            }
        }
        pending().await
    }
}
