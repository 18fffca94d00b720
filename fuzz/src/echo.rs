//! A good server, and a good call: what has to go on beside whatever else happens.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::uri::PathAndQuery;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::yield_now;

use crate::grpc::budget::{By, PROCESS};
use crate::grpc::call::{self, Call, CallOptions, Ended};
use crate::grpc::channel::{self, Channel};
use crate::grpc::gate::Gate;
use crate::grpc::metadata::MAX_METADATA;
use crate::grpc::server::Server;
use crate::grpc::service::{Accepted, Application, Closed, Incoming, Method, Options};
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::{CallEvents, Outgoing, cost};
use crate::grpc::tenure::Terms;
use crate::http2;

/// Largest message, in bytes, on both sides.
const LARGEST: usize = 64 << 10;
/// What the process may hold for its peers: little, so that it is reached.
const BUDGET: usize = 1 << 20;
/// What peers say.
const WORDS: &[u8] = b"What a good peer says comes back.";

/// A server of `/s/Unary` and `/s/Stream`, which send back what they are sent.
pub struct Echo {
    /// Where.
    pub port: u16,
    _server: Server,
    connections: watch::Receiver<usize>,
}

impl Echo {
    /// Listens.
    pub async fn listen() -> Self {
        PROCESS.set_limit(BUDGET, By::Program);
        let method = |number, request_stream| Method {
            number,
            request_stream,
        };
        let options = Options {
            methods: HashMap::from([
                ("/s/Unary".to_owned(), method(1, false)),
                ("/s/Stream".to_owned(), method(2, true)),
            ]),
            tls: None,
            keepalive: None,
            max_receive: Some(LARGEST),
            max_send: Some(LARGEST),
            max_metadata: MAX_METADATA,
            max_streams: Some(32),
            max_connections: None,
            terms: Terms::default(),
            max_call: None,
        };
        let (counted, connections) = watch::channel(0);
        let service = Service(counted);
        let server = Server::listen("127.0.0.1", 0, options, service).await;
        let server = server.expect("a port");
        Self {
            port: server.port,
            _server: server,
            connections,
        }
    }

    /// Waits until so many connections are left.
    pub async fn has_only(&mut self, count: usize) {
        let settled = self
            .connections
            .wait_for(|connections| *connections == count);
        let settled = tokio::time::timeout(Duration::from_secs(60), settled).await;
        assert!(settled.is_ok(), "a connection outlasts its peer");
    }
}

/// What one target runs in, with a good server and a client of it.
pub struct World {
    /// Nobody waits for a deadline: the time jumps there when nothing happens.
    pub runtime: Runtime,
    /// The server.
    pub echo: Echo,
    /// The client.
    pub good: Arc<Channel>,
}

impl World {
    /// A new one.
    #[allow(clippy::new_without_default)] // as costly as it looks
    pub fn new() -> Self {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let echo = runtime.block_on(Echo::listen());
        let good = channel(echo.port);
        Self {
            runtime,
            echo,
            good,
        }
    }
}

struct Service(watch::Sender<usize>);

impl Application for Service {
    type Events = Replying;

    fn connected(&self, _: u32, _: SocketAddr) {
        self.0.send_modify(|connections| *connections += 1);
    }

    fn disconnected(&self, _: u32) {
        self.0.send_modify(|connections| *connections -= 1);
    }

    fn accept(&self, incoming: Incoming) -> Accepted<Replying> {
        let (replies, inbox) = unbounded_channel();
        let gate = Arc::<Gate>::default();
        if let Some(message) = incoming.message {
            let reply = http2::message(0, None, &message).into();
            let _ = replies.send(Outgoing::Reply(reply, HeaderMap::new()));
        }
        let events = Replying {
            replies,
            gate: Arc::clone(&gate),
        };
        Accepted {
            inbox,
            gate,
            events,
        }
    }

    fn closed(&self, _: Replying, _: Closed) {}

    fn warn(&self, _: String) {}
}

struct Replying {
    replies: UnboundedSender<Outgoing>,
    gate: Arc<Gate>,
}

impl CallEvents for Replying {
    fn headers(&self, _: &HeaderMap) {}

    fn message(&self, message: Bytes) {
        self.gate.consume(cost(message.len()));
        self.gate.wrote(cost(message.len()));
        let reply = Bytes::from(http2::message(0, None, &message));
        let _ = self.replies.send(Outgoing::Message(reply.into()));
    }

    fn writable(&self, _: usize) {}

    fn half_closed(&self) {
        let _ = self
            .replies
            .send(Outgoing::Status(Status::new(Code::OK, "")));
    }
}

/// A caller, who does not look at what comes.
struct Calling(Arc<Gate>);

impl CallEvents for Calling {
    fn headers(&self, _: &HeaderMap) {}

    fn message(&self, message: Bytes) {
        self.0.consume(cost(message.len()));
    }

    fn writable(&self, _: usize) {}

    fn half_closed(&self) {}
}

/// The way to a port of this machine.
pub fn channel(port: u16) -> Arc<Channel> {
    Channel::new(channel::Options {
        target: format!("127.0.0.1:{port}").parse().expect("a target"),
        proxy: None,
        tls: None,
        keepalive: None,
        max_receive: Some(LARGEST),
        max_send: Some(LARGEST),
        max_metadata: MAX_METADATA,
    })
}

/// How a call is made.
#[derive(Clone, Copy)]
pub struct How {
    /// One reply is expected to one message.
    pub unary: bool,
    /// Until it is given up, in ms.
    pub timeout: Option<u64>,
    /// See [`CallOptions::wait_for_ready`].
    pub wait_for_ready: bool,
}

/// Calls, and says that nothing follows.
pub async fn call(channel: &Arc<Channel>, how: How) -> Ended {
    let (sending, inbox) = unbounded_channel();
    let words = Bytes::from(http2::message(0, None, WORDS));
    if !how.unary {
        for _ in 0..3 {
            let _ = sending.send(Outgoing::Message(words.clone().into()));
        }
        let _ = sending.send(Outgoing::End);
    }
    let call = Call {
        method: if how.unary { 1 } else { 2 },
        path: PathAndQuery::from_static(if how.unary { "/s/Unary" } else { "/s/Stream" }),
        metadata: HeaderMap::new(),
        options: CallOptions {
            timeout: how.timeout.map(Duration::from_millis),
            wait_for_ready: how.wait_for_ready,
        },
        message: how.unary.then_some(words),
        complete: how.unary,
        unary: how.unary,
    };
    let gate = Arc::<Gate>::default();
    let events = Calling(Arc::clone(&gate));
    call::run(Arc::clone(channel), call, inbox, gate, &events).await
}

/// A good call, which has to end well.
pub async fn call_well(channel: &Arc<Channel>) {
    let how = How {
        unary: true,
        timeout: None,
        wait_for_ready: true,
    };
    let ended = call(channel, how).await;
    assert_eq!(ended.status.code, Code::OK, "{}", ended.status.details);
    assert_eq!(ended.reply.as_deref(), Some(WORDS));
}

/// What peers made the process hold is given back once they are gone.
pub async fn nothing_is_held() {
    for _ in 0..1000 {
        if PROCESS.total() == 0 {
            return;
        }
        yield_now().await;
    }
    panic!("{} bytes are still counted", PROCESS.total());
}
