//! One JS environment (the main thread, or a worker): its queue of events, its
//! calls, its channels and servers. Shared by its JS thread, which drains the
//! queue, and the network thread, which does all the rest.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::queue::Queue;
use super::record::{Writer, event};
use crate::bus::node::Node;
use crate::grpc::call::Ended;
use crate::grpc::serve::Closed;
use crate::grpc::server::{Accepted, Application, Incoming, Server};
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::{CallEvents, Gate, Outgoing};
use crate::registry::host::Host;

/// Wakes the JS thread. Called on the network thread.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// See the module.
pub struct Environment {
    queue: Queue,
    wake: Mutex<Option<Wake>>,
    calls: Mutex<HashMap<u32, Entry>>,
    listening: Mutex<HashMap<u32, Listening>>,
    buses: Mutex<Buses>,
    next_server_call: AtomicU32,
    log_level: AtomicU8,
}

/// What the network thread needs to pass commands on to a call.
struct Entry {
    inbox: UnboundedSender<Outgoing>,
    gate: Arc<Gate>,
    /// Client calls: how to cancel. Server calls end by their stream.
    task: Option<AbortHandle>,
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
            calls: Mutex::default(),
            listening: Mutex::default(),
            buses: Mutex::default(),
            next_server_call: AtomicU32::new(2),
            log_level: AtomicU8::new(0),
        })
    }

    /// For the JS thread: see [`Queue::drain`].
    pub fn drain(&self, into: &mut [u8]) -> i64 {
        self.queue.drain(into)
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
        for (_, entry) in std::mem::take(&mut *self.calls.lock()) {
            if let Some(task) = entry.task {
                task.abort();
            }
        }
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

    /// As [`Self::push`], with an end that is not copied if it is large.
    pub fn push_with(
        self: &Arc<Self>,
        op: u8,
        flags: u8,
        id: u32,
        end: Bytes,
        body: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) {
        if self.queue.push_with(op, flags, id, end, body) {
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

    /// Registers a client call; its end is reported exactly once, by
    /// [`CallHandle::end`] or when the handle is dropped.
    pub fn begin(
        self: &Arc<Self>,
        id: u32,
        inbox: UnboundedSender<Outgoing>,
        gate: Arc<Gate>,
    ) -> CallHandle {
        let entry = Entry {
            inbox,
            gate,
            task: None,
        };
        self.calls.lock().insert(id, entry);
        CallHandle {
            environment: Arc::clone(self),
            id,
            is_server: false,
        }
    }

    /// How to cancel a call that has begun.
    pub fn set_task(&self, id: u32, task: AbortHandle) {
        if let Some(entry) = self.calls.lock().get_mut(&id) {
            entry.task = Some(task);
        }
    }

    /// Passes on what the application sends; a call that is over ignores it.
    pub fn pass(&self, id: u32, outgoing: Outgoing) {
        if let Some(entry) = self.calls.lock().get(&id) {
            let _ = entry.inbox.send(outgoing);
        }
    }

    /// The application has read that much.
    pub fn credit(&self, id: u32, bytes: usize) {
        if let Some(entry) = self.calls.lock().get(&id) {
            entry.gate.consume(bytes);
        }
    }

    /// The application gives up.
    pub fn cancel(self: &Arc<Self>, id: u32) {
        let Some(entry) = self.calls.lock().remove(&id) else {
            return;
        };
        if let Some(task) = entry.task {
            task.abort();
            let status = Status::new(Code::Cancelled, "Cancelled on client");
            self.push_ended(id, &status.into());
        } else {
            let status = Status::new(Code::Cancelled, "Cancelled by the server");
            let _ = entry.inbox.send(Outgoing::Status(status));
            self.push_closed(id, Closed::Finished);
        }
    }

    /// Keeps what listens.
    pub fn keep_listening(&self, id: u32, listening: Listening) {
        self.listening.lock().insert(id, listening);
    }

    /// Gives it back to be stopped.
    pub fn take_listening(&self, id: u32) -> Option<Listening> {
        self.listening.lock().remove(&id)
    }

    fn push_ended(self: &Arc<Self>, id: u32, ended: &Ended) {
        let trailers = &ended.status.trailers;
        if let Some(reply) = &ended.reply
            && ended.status.code == Code::Ok
        {
            // grpc-status is reserved, so plain headers have nothing to tell.
            let told = |headers: &HeaderMap| {
                let mut any = false;
                crate::grpc::metadata::for_each(headers, |_, _| any = true);
                any
            };
            if told(&ended.headers) || told(trailers) {
                self.push(event::REPLY, event::FLAG, id, |record| {
                    record
                        .sized_metadata(&ended.headers)
                        .sized_metadata(trailers)
                        .bytes(reply)
                });
            } else {
                self.push(event::REPLY, 0, id, |record| record.bytes(reply));
            }
            return;
        }
        self.push(event::STATUS, event::FLAG, id, |record| {
            record
                .u32(ended.status.code as u32)
                .sized(ended.status.details.as_bytes())
                .sized_metadata(&ended.headers)
                .metadata(trailers)
        });
    }

    fn push_closed(self: &Arc<Self>, id: u32, how: Closed) {
        let reason = match how {
            Closed::Replied => return,
            Closed::Finished => 0,
            Closed::Cancelled => 1,
            Closed::DeadlineExceeded => 2,
            Closed::ConnectionLost => 3,
        };
        self.push(event::CLOSED, 0, id, |record| record.u32(reason));
    }
}

/// The running side of a registered call. Whoever takes the entry out of the
/// table reports the end, so it is reported once: on the network thread alone.
pub struct CallHandle {
    environment: Arc<Environment>,
    id: u32,
    is_server: bool,
}

impl CallHandle {
    /// The end of a client call.
    pub fn end(self, ended: &Ended) {
        if self.leave() {
            self.environment.push_ended(self.id, ended);
        }
    }

    fn close(self, how: Closed) {
        if self.leave() {
            self.environment.push_closed(self.id, how);
        }
    }

    fn leave(&self) -> bool {
        self.environment.calls.lock().remove(&self.id).is_some()
    }
}

impl Drop for CallHandle {
    /// A task that was dropped with its connection, or that panicked.
    fn drop(&mut self) {
        if !self.leave() {
            return;
        }
        if self.is_server {
            self.environment
                .push_closed(self.id, Closed::ConnectionLost);
        } else {
            let status = Status::internal("The call ended without a result: a bug in owt-grpc");
            self.environment.push_ended(self.id, &status.into());
        }
    }
}

impl CallEvents for CallHandle {
    fn headers(&self, headers: &HeaderMap) {
        self.environment.push(event::HEADERS, 0, self.id, |record| {
            record.metadata(headers)
        });
    }

    fn message(&self, message: Bytes) {
        self.environment
            .push(event::MESSAGE, 0, self.id, |record| record.bytes(&message));
    }

    fn writable(&self, cost: usize) {
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        self.environment
            .push(event::WRITABLE, 0, self.id, |record| record.u32(cost));
    }

    fn half_closed(&self) {
        self.environment
            .push(event::HALF_CLOSED, 0, self.id, |record| record);
    }
}

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
        self.environment
            .push(event::CONNECTED, 0, connection, |record| {
                record.u32(self.server).bytes(peer.to_string().as_bytes())
            });
    }

    fn disconnected(&self, connection: u32) {
        self.environment
            .push(event::DISCONNECTED, 0, connection, |record| record);
    }

    async fn accept(&self, incoming: Incoming) -> Accepted<CallHandle> {
        self.environment.queue.room().await;
        let environment = &self.environment;
        let (sender, inbox) = unbounded_channel();
        let gate = Arc::new(Gate::default());
        // Even numbers; skipping those of calls that have lasted a whole round.
        let id = loop {
            let id = environment.next_server_call.fetch_add(2, Ordering::Relaxed);
            if id != 0 && !environment.calls.lock().contains_key(&id) {
                break id;
            }
        };
        let entry = Entry {
            inbox: sender,
            gate: Arc::clone(&gate),
            task: None,
        };
        environment.calls.lock().insert(id, entry);
        let left = incoming
            .deadline
            .map_or(f64::INFINITY, |left| left.as_secs_f64() * 1000.0);
        let message: Option<&Bytes> = incoming.message.as_ref();
        let flags = if message.is_some() { event::FLAG } else { 0 };
        environment.push(event::INCOMING, flags, id, |record| {
            record
                .u32(self.server)
                .u32(incoming.method)
                .u32(incoming.connection)
                .f64(left)
                .sized_metadata(&incoming.metadata)
                .bytes(message.map_or(&[], |message| message))
        });
        Accepted {
            inbox,
            gate,
            events: CallHandle {
                environment: Arc::clone(environment),
                id,
                is_server: true,
            },
        }
    }

    fn closed(&self, events: CallHandle, how: Closed) {
        events.close(how);
    }

    fn warn(&self, text: String) {
        self.environment.log(level::WARN, &text);
    }
}
