//! A channel: the way to one target, shared by all who call it. It connects at
//! the first call, again after a loss at the next call, and pauses between
//! attempts that fail, and between connections that were of no use.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::Uri;
use http::uri::PathAndQuery;
use parking_lot::Mutex;

use super::backoff::Backoff;
use super::connect_queue::{ConnectQueue, Phase};
use super::connection::{Connection, Marker, Way, connect};
use super::keepalive::Keepalive;
use super::proxy::{Proxy, Via};
use super::status::Status;
use super::target::Target;
use super::tasks::Tasks;
use crate::tls::credentials::ClientCredentials;

/// What a channel is made with. Channels with equal options and targets are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Options {
    /// Where to.
    pub target: Target,
    /// Through what, with its credentials; `None` for straight.
    pub proxy: Option<Proxy>,
    /// TLS, or plaintext.
    pub tls: Option<Tls>,
    /// Pings, or none.
    pub keepalive: Option<Keepalive>,
    /// Largest message received, in bytes.
    pub max_receive: Option<usize>,
    /// Largest message sent, in bytes.
    pub max_send: Option<usize>,
    /// Largest header list received, in bytes.
    pub max_metadata: usize,
}

/// Credentials are equal if they are the same: a channel is shared by those who
/// have them in common.
#[derive(Debug, Clone)]
pub struct Tls(pub Arc<ClientCredentials>);

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Tls {}

impl Hash for Tls {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// Attempts to connect, by how they ended. They only ever grow.
#[derive(Debug)]
pub struct Attempts {
    succeeded: AtomicU64,
    failed: AtomicU64,
}

impl Attempts {
    const fn none() -> Self {
        Self {
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    fn count(&self, succeeded: bool) {
        let counter = if succeeded {
            &self.succeeded
        } else {
            &self.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Those that succeeded and those that failed.
    pub fn counts(&self) -> (u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.succeeded), read(&self.failed))
    }
}

/// Those of all channels that this process has had.
pub static ATTEMPTS: Attempts = Attempts::none();

/// The way to one target. Runs on the network thread; its state may be read from any.
pub struct Channel {
    options: Options,
    via: Option<Arc<Via>>,
    queue: Mutex<ConnectQueue>,
    backoff: Mutex<Backoff>,
    uris: Mutex<HashMap<u32, Uri>>,
    /// As in the options, until a peer has had too many pings.
    keepalive: Mutex<Option<Keepalive>>,
    attempts: Attempts,
    /// Goes with the channel, which ends an attempt to connect.
    tasks: Tasks,
}

impl Channel {
    /// A channel that does nothing until it is called.
    pub fn new(options: Options) -> Arc<Self> {
        let backoff = Mutex::new(Backoff::new(RandomState::new().hash_one(0)));
        Arc::new(Self {
            keepalive: Mutex::new(options.keepalive),
            via: options.proxy.clone().map(|proxy| Arc::new(Via::new(proxy))),
            options,
            queue: Mutex::default(),
            backoff,
            uris: Mutex::default(),
            attempts: Attempts::none(),
            tasks: Tasks::new(),
        })
    }

    /// What the channel was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The name of the phase, as JS knows it.
    pub fn state(&self) -> &'static str {
        match self.queue.lock().phase() {
            Phase::Idle => "idle",
            Phase::Connecting => "connecting",
            Phase::Ready(_) => "ready",
            Phase::Backoff(_) => "backoff",
        }
    }

    /// How its attempts to connect have ended.
    pub fn attempts(&self) -> (u64, u64) {
        self.attempts.counts()
    }

    /// The URI of a method on this channel, built once. `method` is the number
    /// that stands for `path` in this process.
    pub fn uri(&self, method: u32, path: &PathAndQuery) -> Result<Uri, Status> {
        let mut uris = self.uris.lock();
        if let Some(uri) = uris.get(&method) {
            return Ok(uri.clone());
        }
        let uri = Uri::builder()
            .scheme(if self.options.tls.is_some() {
                "https"
            } else {
                "http"
            })
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
        let entered = {
            let mut queue = self.queue.lock();
            if queue.begins() {
                self.connect(None);
            }
            queue.enter(wait)?
        };
        entered.turn().await
    }

    /// Connects, after a pause only if somebody waits for it then.
    fn connect(self: &Arc<Self>, pause: Option<Duration>) {
        let target = self.options.target.clone();
        let (via, tls) = (self.via.clone(), self.options.tls.clone());
        let task = stay_connected(Arc::downgrade(self), target, via, tls, pause);
        self.tasks.spawn(task);
    }

    /// The status of a call that has waited that long, if it has waited for the
    /// proxy's answer.
    pub fn silent_proxy(&self, waited: Duration) -> Option<Status> {
        let via = self.via.as_ref()?;
        let connecting = matches!(self.queue.lock().phase(), Phase::Connecting);
        let why = via.silence(&self.options.target, waited);
        why.filter(|_| connecting).map(Status::unavailable)
    }

    /// Says that `connection` takes no more calls (GOAWAY): the next call makes
    /// another. Calls on it go on.
    pub fn retire(self: &Arc<Self>, connection: &Connection) {
        let target = &self.options.target;
        let why = format!("{target} takes connections and ends or refuses what is sent on them");
        self.leave(&connection.marker(), connection.life().now(), &why);
    }

    fn leave(self: &Arc<Self>, marker: &Marker, stands: (Duration, bool), why: &str) {
        let mut queue = self.queue.lock();
        if !queue.leave(marker) {
            return;
        }
        let (stood, answered) = stands;
        if let Some(pause) = self.backoff.lock().lost(stood, answered) {
            queue.failed(why.into());
            self.connect(Some(pause));
        }
    }
}

/// Connects and watches the connection. Holds the channel only in passing, so
/// that a channel nobody uses goes away, and its connection with it.
async fn stay_connected(
    channel: Weak<Channel>,
    target: Target,
    via: Option<Arc<Via>>,
    tls: Option<Tls>,
    mut pause: Option<Duration>,
) {
    loop {
        if let Some(pause) = pause.take() {
            tokio::time::sleep(pause).await;
            let wanted = |owner: Arc<Channel>| owner.queue.lock().paused();
            if !channel.upgrade().is_some_and(wanted) {
                return;
            }
        }
        let Some((keepalive, max_metadata)) = channel
            .upgrade()
            .map(|owner| (*owner.keepalive.lock(), owner.options.max_metadata))
        else {
            return;
        };
        let way = Way {
            via: via.as_deref(),
            tls: tls.as_ref().map(|tls| &*tls.0),
        };
        let result = connect(&target, way, keepalive, max_metadata).await;
        let Some(owner) = channel.upgrade() else {
            return;
        };
        for attempts in [&owner.attempts, &ATTEMPTS] {
            attempts.count(result.is_ok());
        }
        match result {
            Ok(connection) => {
                owner.queue.lock().ready(&connection);
                drop(owner);
                return watch_until_lost(&channel, connection).await;
            }
            Err(error) => {
                pause = Some(owner.backoff.lock().pause());
                owner.queue.lock().failed(error.text.into());
            }
        }
    }
}

async fn watch_until_lost(channel: &Weak<Channel>, connection: Connection) {
    let mut ending = connection.ending();
    let marker = connection.marker();
    let life = connection.life();
    // Only the channel and its calls hold the connection open.
    drop(connection);
    ending.wait().await;
    if let Some(owner) = channel.upgrade() {
        if ending.too_many_pings() {
            let mut keepalive = owner.keepalive.lock();
            *keepalive = keepalive.map(Keepalive::calmer);
        }
        let why = ending.reason().unwrap_or("Connection dropped");
        owner.leave(&marker, life.now(), why);
    }
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
