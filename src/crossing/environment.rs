//! One JS environment (the main thread, or a worker): its queue of events, its
//! calls, its channels and servers. Shared by its JS thread, which drains the
//! queue, and the network thread, which does all the rest.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use super::calls::Calls;
use super::queue::Queue;
use super::record::{Writer, event};
use crate::bus::node::Node;
use crate::grpc::server::Server;
use crate::grpc::source::Accepting;
use crate::registry::host::Host;

/// Wakes the JS thread. Called on the network thread.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// See the module.
pub struct Environment {
    queue: Queue,
    wake: Mutex<Option<Wake>>,
    pub(super) calls: Calls,
    listening: Mutex<HashMap<u32, Listening>>,
    buses: Mutex<Buses>,
    log_level: AtomicU8,
}

/// The members of the bus that JS has.
#[derive(Default)]
struct Buses {
    /// None while it is being made.
    members: HashMap<u32, Option<Arc<Node>>>,
    touched: Vec<u32>,
}

/// What listens for an environment.
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

/// Levels of LOG.
pub mod level {
    pub const ERROR: u8 = 1;
    pub const WARN: u8 = 2;
    pub const INFO: u8 = 3;
}

impl Environment {
    /// An environment that is woken by `wake`.
    pub fn new(wake: Wake) -> Arc<Self> {
        Arc::new(Self {
            queue: Queue::default(),
            wake: Mutex::new(Some(wake)),
            calls: Calls::default(),
            listening: Mutex::default(),
            buses: Mutex::default(),
            log_level: AtomicU8::new(0),
        })
    }

    /// For the JS thread: see [`Queue::drain`].
    pub fn drain(&self, into: &mut [u8]) -> i64 {
        self.queue.drain(into)
    }

    /// For the JS thread: see [`Queue::outside`].
    pub fn outside(&self) -> Option<Bytes> {
        self.queue.outside()
    }

    /// The JS thread wants records of LOG up to this level.
    pub fn set_log_level(&self, level: u8) {
        self.log_level.store(level, Ordering::Relaxed);
    }

    /// Wakes JS now.
    pub fn wake(&self) {
        if let Some(wake) = &*self.wake.lock() {
            wake();
        }
    }

    /// JS is going away: nothing is delivered from here on. On the JS thread.
    pub fn close(&self) {
        self.queue.close();
        // Taken under its lock: a wake under way has ended when this returns.
        let wake = self.wake.lock().take();
        drop(wake);
    }

    /// Ends what the environment left behind. On the network thread.
    pub fn abandon(&self) {
        self.calls.abandon();
        for (_, listening) in std::mem::take(&mut *self.listening.lock()) {
            tokio::spawn(listening.stop(Duration::ZERO));
        }
        let members = std::mem::take(&mut self.buses.lock().members);
        for bus in members.into_values().flatten() {
            bus.abandon();
        }
    }

    /// Bytes of events that wait for JS.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Whether JS is far behind.
    pub fn is_behind(&self) -> bool {
        self.queue.is_crowded()
    }

    /// Waits until it is not.
    pub async fn room(&self) {
        self.queue.room().await;
    }

    /// A member of the bus is being made.
    pub fn expect_bus(&self, number: u32) {
        self.buses.lock().members.insert(number, None);
    }

    /// Keeps a member of the bus; gives it back if JS wants it no more.
    pub fn keep_bus(&self, number: u32, bus: Arc<Node>) -> Option<Arc<Node>> {
        match self.buses.lock().members.get_mut(&number) {
            Some(place) => {
                *place = Some(bus);
                None
            }
            None => Some(bus),
        }
    }

    /// A member of the bus.
    pub fn bus(&self, number: u32) -> Option<Arc<Node>> {
        self.buses.lock().members.get(&number).cloned().flatten()
    }

    /// A member of the bus has something to carry out at the end of the batch.
    pub fn touch_bus(&self, number: u32) {
        let touched = &mut self.buses.lock().touched;
        if !touched.contains(&number) {
            touched.push(number);
        }
    }

    /// The members that were touched since the last time.
    pub fn take_touched_buses(&self) -> Vec<u32> {
        std::mem::take(&mut self.buses.lock().touched)
    }

    /// Forgets a member of the bus that has left.
    pub fn drop_bus(&self, number: u32) {
        self.buses.lock().members.remove(&number);
    }

    /// Queues one event.
    pub fn push(
        self: &Arc<Self>,
        op: u8,
        flags: u8,
        id: u32,
        body: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) {
        if self.queue.push(op, flags, id, body) {
            super::network::wake_later(self);
        }
    }

    /// As [`Self::push`], with a body: see [`Queue::push_with`].
    pub fn push_with(
        self: &Arc<Self>,
        op: u8,
        flags: u8,
        id: u32,
        body: Bytes,
        head: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) {
        if self.queue.push_with(op, flags, id, body, head) {
            super::network::wake_later(self);
        }
    }

    /// Something went wrong that no call can report.
    pub fn log(self: &Arc<Self>, level: u8, text: &str) {
        if level <= self.log_level.load(Ordering::Relaxed) {
            self.push(event::LOG, 0, 0, |record| {
                record.u32(u32::from(level)).bytes(text.as_bytes())
            });
        }
    }

    /// Keeps what listens.
    pub fn keep_listening(&self, id: u32, listening: Listening) {
        self.listening.lock().insert(id, listening);
    }

    /// Hands a connection to a server, if it has not been stopped.
    pub fn hand_over(&self, id: u32, connection: Accepting) {
        if let Some(Listening::Server(server)) = self.listening.lock().get(&id) {
            server.hand(connection);
        }
    }

    /// Gives it back to be stopped.
    pub fn take_listening(&self, id: u32) -> Option<Listening> {
        self.listening.lock().remove(&id)
    }
}
