//! Keepalive: HTTP/2 pings that find a peer that went silent.

use std::time::Duration;

use h2::{Ping, PingPong};

/// How often to ping, and how long a peer may take to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keepalive {
    /// Time between a pong and the next ping.
    pub every: Duration,
    /// Time a pong may take.
    pub timeout: Duration,
}

impl Keepalive {
    /// Half as often: what a peer asks for that counts pings and had too many.
    #[must_use]
    pub fn calmer(self) -> Self {
        let every = self.every.saturating_mul(2);
        Self { every, ..self }
    }
}

/// Pings until the peer does not answer in time. The connection's own task must
/// be driven meanwhile: it carries the frames.
pub async fn until_silent(mut pings: PingPong, keepalive: Keepalive) {
    loop {
        tokio::time::sleep(keepalive.every).await;
        match tokio::time::timeout(keepalive.timeout, pings.ping(Ping::opaque())).await {
            Ok(Ok(_pong)) => {}
            Err(_elapsed) => return,
            // The connection is ending by itself and its task reports why.
            Ok(Err(_error)) => std::future::pending().await,
        }
    }
}

/// As [`until_silent`], or never when keepalive is off.
pub async fn watch(pings: Option<PingPong>, keepalive: Option<Keepalive>) {
    match (pings, keepalive) {
        (Some(pings), Some(keepalive)) => until_silent(pings, keepalive).await,
        _ => std::future::pending().await,
    }
}
