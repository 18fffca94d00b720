//! Keepalive: HTTP/2 pings that find a peer that went silent. A peer that is
//! heard anyway is not pinged.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use h2::{Ping, PingPong};

/// How long to listen, and how long a peer may take to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keepalive {
    /// A peer that has been silent for so long is pinged.
    pub every: Duration,
    /// It may stay silent for so long then.
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

/// When a peer was last heard. Written by what reads its bytes.
#[derive(Debug, Clone)]
pub struct Heard {
    began: Instant,
    /// Nanoseconds since then.
    last: Arc<AtomicU64>,
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            last: Arc::default(),
        }
    }
}

impl Heard {
    /// The peer says something.
    pub fn now(&self) {
        let since = self.began.elapsed().as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.last.store(since, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.began + Duration::from_nanos(self.last.load(Ordering::Relaxed))
    }

    /// Waits until nothing has been heard for that long.
    async fn silent_for(&self, long: Duration) {
        loop {
            let due = self.last() + long;
            if due <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(due.into()).await;
        }
    }
}

/// Pings when the peer is silent, until it does not answer in time. The
/// connection's own task must be driven meanwhile: it carries the frames.
pub async fn until_silent(mut pings: PingPong, keepalive: Keepalive, heard: &Heard) {
    loop {
        heard.silent_for(keepalive.every).await;
        let mut pong = pin!(pings.ping(Ping::opaque()));
        // A pong may be late behind a large message: its bytes are heard, too.
        let patience = async {
            tokio::time::sleep(keepalive.timeout).await;
            heard.silent_for(keepalive.timeout).await;
        };
        tokio::select! {
            pong = &mut pong => if pong.is_err() {
                // The connection is ending by itself and its task reports why.
                return std::future::pending().await;
            },
            () = patience => return,
        }
    }
}

/// As [`until_silent`], or never when keepalive is off.
pub async fn watch(pings: Option<PingPong>, keepalive: Option<Keepalive>, heard: &Heard) {
    match (pings, keepalive) {
        (Some(pings), Some(keepalive)) => until_silent(pings, keepalive, heard).await,
        _ => std::future::pending().await,
    }
}
