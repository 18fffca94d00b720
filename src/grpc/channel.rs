//! A channel: the way to one target, shared by all who call it. It connects at
//! the first call, again after a loss at the next call, and pauses between
//! attempts that fail.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Weak};

use http::Uri;
use http::uri::PathAndQuery;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::backoff::Backoff;
use super::connection::{Connection, connect};
use super::keepalive::Keepalive;
use super::status::Status;
use super::target::Target;

/// What a channel is made with. Channels with equal options and targets are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Options {
    /// Where to.
    pub target: Target,
    /// Pings, or none.
    pub keepalive: Option<Keepalive>,
    /// Largest message received, in bytes.
    pub max_receive: Option<usize>,
    /// Largest message sent, in bytes.
    pub max_send: Option<usize>,
}

#[derive(Clone)]
enum Phase {
    Idle,
    Connecting,
    Ready(Connection),
    /// The last attempt failed, with this reason, and the next one is not due.
    Backoff(Arc<str>),
}

/// See the module. Runs on the network thread; its state may be read from any.
pub struct Channel {
    options: Options,
    phase: watch::Sender<Phase>,
    backoff: Mutex<Backoff>,
    uris: Mutex<HashMap<u32, Uri>>,
}

impl Channel {
    /// A channel that does nothing until it is called.
    pub fn new(options: Options) -> Arc<Self> {
        let backoff = Mutex::new(fresh_backoff());
        Arc::new(Self {
            options,
            phase: watch::Sender::new(Phase::Idle),
            backoff,
            uris: Mutex::default(),
        })
    }

    /// What the channel was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The name of the phase, as JS knows it.
    pub fn state(&self) -> &'static str {
        match *self.phase.borrow() {
            Phase::Idle => "idle",
            Phase::Connecting => "connecting",
            Phase::Ready(_) => "ready",
            Phase::Backoff(_) => "backoff",
        }
    }

    /// The URI of a method on this channel, built once. `method` is the number
    /// that stands for `path` in this process.
    pub fn uri(&self, method: u32, path: &PathAndQuery) -> Result<Uri, Status> {
        let mut uris = self.uris.lock();
        if let Some(uri) = uris.get(&method) {
            return Ok(uri.clone());
        }
        let uri = Uri::builder()
            .scheme("http")
            .authority(self.options.target.to_string())
            .path_and_query(path.clone())
            .build()
            .map_err(|error| {
                Status::unavailable(format!(
                    "{} is no host that HTTP/2 can name: {error}",
                    self.options.target
                ))
            })?;
        uris.insert(method, uri.clone());
        Ok(uri)
    }

    /// A connection to send on. Connects if there is none; while the channel
    /// pauses after a failure, fails with its reason, or waits if `wait`.
    ///
    /// # Errors
    /// `UNAVAILABLE`, with the reason of the last attempt.
    pub async fn ready(self: &Arc<Self>, wait: bool) -> Result<Connection, Status> {
        if let Phase::Ready(connection) = &*self.phase.borrow() {
            return Ok(connection.clone());
        }
        let mut phases = self.phase.subscribe();
        loop {
            let phase = phases.borrow_and_update().clone();
            match phase {
                Phase::Ready(connection) => return Ok(connection),
                Phase::Backoff(why) if !wait => return Err(Status::unavailable(&*why)),
                Phase::Idle => self.start_connecting(),
                Phase::Connecting | Phase::Backoff(_) => {}
            }
            if phases.changed().await.is_err() {
                return Err(Status::unavailable("Channel has been shut down"));
            }
        }
    }

    /// Says that `connection` takes no more calls (GOAWAY): the next call makes
    /// another. Calls on it go on.
    pub fn retire(&self, connection: &Connection) {
        self.phase.send_if_modified(|phase| {
            let current = matches!(phase, Phase::Ready(ready) if ready.is(connection));
            if current {
                *phase = Phase::Idle;
            }
            current
        });
    }

    fn start_connecting(self: &Arc<Self>) {
        let started = self.phase.send_if_modified(|phase| {
            let idle = matches!(phase, Phase::Idle);
            if idle {
                *phase = Phase::Connecting;
            }
            idle
        });
        if started {
            tokio::spawn(stay_connected(Arc::downgrade(self), self.options.clone()));
        }
    }
}

/// Connects and watches the connection. Holds the channel only in passing, so
/// that a channel nobody uses goes away, and its connection with it.
async fn stay_connected(channel: Weak<Channel>, options: Options) {
    loop {
        let result = connect(&options.target, options.keepalive).await;
        let Some(owner) = channel.upgrade() else {
            return;
        };
        let why = match result {
            Ok(connection) => {
                *owner.backoff.lock() = fresh_backoff();
                owner.phase.send_replace(Phase::Ready(connection.clone()));
                drop(owner);
                watch_until_lost(&channel, connection).await;
                return;
            }
            Err(why) => why,
        };
        let pause = owner.backoff.lock().pause();
        owner.phase.send_replace(Phase::Backoff(why.into()));
        drop(owner);
        tokio::time::sleep(pause).await;
        let Some(owner) = channel.upgrade() else {
            return;
        };
        // Calls that wait for ready hold a receiver; without them the next
        // attempt is left to the next call.
        if owner.phase.receiver_count() == 0 {
            owner.phase.send_replace(Phase::Idle);
            return;
        }
        owner.phase.send_replace(Phase::Connecting);
    }
}

async fn watch_until_lost(channel: &Weak<Channel>, connection: Connection) {
    let mut ending = connection.ending();
    let marker = connection.marker();
    // Only the channel and its calls hold the connection open.
    drop(connection);
    ending.wait().await;
    if let Some(owner) = channel.upgrade() {
        owner.phase.send_if_modified(|phase| {
            let current = matches!(phase, Phase::Ready(ready) if ready.has(&marker));
            if current {
                *phase = Phase::Idle;
            }
            current
        });
    }
}

fn fresh_backoff() -> Backoff {
    Backoff::new(RandomState::new().hash_one(0))
}

/// The channels of the process: equal options give the same channel for as long
/// as somebody holds it.
#[derive(Default)]
pub struct Channels(Mutex<HashMap<Options, Weak<Channel>>>);

impl Channels {
    /// The channel with these options.
    pub fn get(&self, options: Options) -> Arc<Channel> {
        let mut channels = self.0.lock();
        if let Some(channel) = channels.get(&options).and_then(Weak::upgrade) {
            return channel;
        }
        // Making one is rare enough to look for those that are gone.
        channels.retain(|_, channel| channel.strong_count() > 0);
        let channel = Channel::new(options.clone());
        channels.insert(options, Arc::downgrade(&channel));
        channel
    }
}
