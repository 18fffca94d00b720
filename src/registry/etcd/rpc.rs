//! Calls to etcd: those of our own gRPC, with etcd's metadata.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::RwLock;
use prost::Message;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::wire::{AuthenticateRequest, AuthenticateResponse};
use crate::bus::pipe::{self, Pipe};
use crate::grpc::call::{self, Call, CallOptions};
use crate::grpc::channel::{Channel, Options, Tls};
use crate::grpc::gate::Gate;
use crate::grpc::metadata::MAX_METADATA;
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::{CallEvents, cost};
use crate::grpc::target::Target;
use crate::tls::credentials::ClientCredentials;

/// What etcd may take for one answer. It has lost its majority, or the network
/// is cut, if it takes longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// So long a token is new: etcd has just given it.
const NEW: Duration = Duration::from_secs(1);
/// An etcd that does not see a leader fails calls with this at once, instead of
/// letting them wait.
const HAS_LEADER: HeaderName = HeaderName::from_static("hasleader");
const TOKEN: HeaderName = HeaderName::from_static("token");

/// A method of etcd's, and the number that stands for it on a channel.
#[derive(Debug, Clone, Copy)]
pub struct Method(u32, &'static str);

pub const RANGE: Method = Method(1, "/etcdserverpb.KV/Range");
pub const TXN: Method = Method(2, "/etcdserverpb.KV/Txn");
pub const WATCH: Method = Method(3, "/etcdserverpb.Watch/Watch");
pub const GRANT: Method = Method(4, "/etcdserverpb.Lease/LeaseGrant");
pub const REVOKE: Method = Method(5, "/etcdserverpb.Lease/LeaseRevoke");
pub const KEEP_ALIVE: Method = Method(6, "/etcdserverpb.Lease/LeaseKeepAlive");
const AUTHENTICATE: Method = Method(7, "/etcdserverpb.Auth/Authenticate");

/// Who this member is for etcd.
#[derive(Clone)]
pub struct Login {
    /// The user that etcd knows this side as.
    pub user: String,
    /// And the password, which is in no log and no error.
    pub password: String,
}

/// One member of the etcd cluster.
pub struct Endpoint {
    channel: Arc<Channel>,
    login: Option<Login>,
    /// What etcd has given for the login, if it asks for one.
    token: RwLock<Option<HeaderValue>>,
    /// Those who find that a token has lapsed are helped by one new one.
    renewing: Mutex<()>,
}

impl Endpoint {
    /// Connects, and logs in if there is a login.
    ///
    /// # Errors
    /// The status that the connection or the login ended with.
    pub async fn open(
        target: Target,
        tls: Option<Arc<ClientCredentials>>,
        login: Option<&Login>,
    ) -> Result<Self, Status> {
        let shown = target.to_string();
        let channel = Channel::new(Options {
            target,
            proxy: None,
            tls: tls.map(Tls),
            // The lease is kept alive more often than etcd likes pings.
            keepalive: None,
            max_receive: None,
            max_send: None,
            max_metadata: MAX_METADATA,
        });
        let slow = |_| Status::unavailable(format!("No connection established to {shown} in time"));
        let ready = tokio::time::timeout(CALL_TIMEOUT, channel.ready(false)).await;
        ready.map_err(slow)??;
        let endpoint = Self {
            channel,
            login: login.cloned(),
            token: RwLock::default(),
            renewing: Mutex::default(),
        };
        endpoint.renew(None).await?;
        Ok(endpoint)
    }

    /// Logs in if there is a login, and if nobody has since the token was `lapsed`.
    ///
    /// # Errors
    /// Why etcd gives no token.
    pub async fn renew(&self, lapsed: Option<&HeaderValue>) -> Result<(), Status> {
        let Some(login) = &self.login else {
            return Ok(());
        };
        let _one_at_a_time = self.renewing.lock().await;
        if self.token().as_ref() == lapsed {
            let token = self.log_in(login).await?;
            *self.token.write() = token;
        }
        Ok(())
    }

    /// What shows who this member is.
    fn token(&self) -> Option<HeaderValue> {
        self.token.read().clone()
    }

    /// `None` if nobody has to be anybody there.
    async fn log_in(&self, login: &Login) -> Result<Option<HeaderValue>, Status> {
        let request = AuthenticateRequest {
            name: login.user.clone(),
            password: login.password.clone(),
        };
        let answer = self.attempt(AUTHENTICATE, &request, None).await;
        let answer: AuthenticateResponse = match answer {
            Err(status) if status.details.contains("authentication is not enabled") => {
                return Ok(None);
            }
            answer => answer?,
        };
        let mut token = HeaderValue::from_str(&answer.token)
            .map_err(|_| Status::internal("etcd's token cannot be sent back"))?;
        token.set_sensitive(true);
        Ok(Some(token))
    }

    fn request(Method(method, path): Method, token: Option<HeaderValue>, unary: bool) -> Call {
        let mut metadata = HeaderMap::from_iter([(HAS_LEADER, HeaderValue::from_static("true"))]);
        if let Some(token) = token {
            metadata.insert(TOKEN, token);
        }
        Call {
            method,
            path: PathAndQuery::from_static(path),
            metadata,
            options: CallOptions {
                timeout: unary.then_some(CALL_TIMEOUT),
                ..CallOptions::default()
            },
            message: None,
            complete: false,
            unary,
        }
    }

    /// One call, with a new token if the present one has lapsed.
    ///
    /// # Errors
    /// etcd's, or that it cannot be reached or read.
    pub async fn call<A: Message + Default>(
        &self,
        method: Method,
        request: &impl Message,
    ) -> Result<A, Status> {
        let token = self.token();
        match self.attempt(method, request, token.clone()).await {
            Err(status) if self.login.is_some() && has_lapsed(&status) => {
                self.renew(token.as_ref()).await?;
                self.attempt(method, request, self.token()).await
            }
            answer => answer,
        }
    }

    async fn attempt<A: Message + Default>(
        &self,
        method: Method,
        request: &impl Message,
        token: Option<HeaderValue>,
    ) -> Result<A, Status> {
        let (mut pipe, inbox) = Pipe::new(true);
        pipe.send(request);
        pipe.close();
        let (events, _) = Events::new();
        let gate = Arc::clone(&events.gate);
        let channel = Arc::clone(&self.channel);
        let call = Self::request(method, token, true);
        let ended = call::run(channel, call, inbox, gate, &events).await;
        match ended.reply {
            Some(reply) if ended.status.code == Code::OK => read(reply),
            _ => Err(ended.status),
        }
    }

    /// A stream, which ends when it is dropped.
    pub fn stream(&self, method: Method) -> Stream {
        let (pipe, inbox) = Pipe::new(true);
        let (events, answers) = Events::new();
        let channel = Arc::clone(&self.channel);
        let token = self.token();
        let call = Self::request(method, token.clone(), false);
        let task = tokio::spawn(async move {
            let gate = Arc::clone(&events.gate);
            let ended = call::run(channel, call, inbox, gate, &events).await;
            let _ = events.answers.send(Err(ended.status));
        });
        Stream {
            pipe,
            answers,
            task,
            token,
            opened: Instant::now(),
        }
    }
}

/// As etcd's own client has it: the token is not known any more, is of a time before
/// users or roles were changed (which 3.5.1 also says in other words), or of one when
/// nobody needed any.
fn has_lapsed(status: &Status) -> bool {
    let said = |text| status.details.contains(text);
    said("invalid auth token")
        || said("revision of auth store is old")
        || said("revision in header is old")
        || said("user name is empty")
}

fn read<A: Message + Default>(message: Bytes) -> Result<A, Status> {
    let unreadable = |error| Status::internal(format!("etcd sent what cannot be read: {error}"));
    pipe::read(message).map_err(unreadable)
}

/// See [`Endpoint::stream`].
pub struct Stream {
    pipe: Pipe,
    answers: UnboundedReceiver<Result<Bytes, Status>>,
    task: JoinHandle<()>,
    /// It was opened with.
    token: Option<HeaderValue>,
    opened: Instant,
}

impl Stream {
    /// Whether it has ended because the token has lapsed that it was opened with,
    /// which is that one. One that was refused at once would be so again.
    pub fn lapsed(self, status: &Status) -> Option<HeaderValue> {
        let token = self.token.clone();
        token.filter(|_| self.opened.elapsed() >= NEW && has_lapsed(status))
    }

    /// Sends a message; what comes of that is the stream's next answer.
    pub fn send(&mut self, message: &impl Message) {
        self.pipe.send(message);
    }

    /// The next message. May be given up while it waits.
    ///
    /// # Errors
    /// The end of the stream, whatever the reason.
    pub async fn next<A: Message + Default>(&mut self) -> Result<A, Status> {
        match self.answers.recv().await {
            Some(Ok(message)) => read(message),
            Some(Err(status)) if status.code != Code::OK => Err(status),
            _ => Err(Status::unavailable("etcd has ended the stream")),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Events {
    answers: UnboundedSender<Result<Bytes, Status>>,
    gate: Arc<Gate>,
}

impl Events {
    fn new() -> (Self, UnboundedReceiver<Result<Bytes, Status>>) {
        let (answers, inbox) = unbounded_channel();
        let gate = Arc::default();
        (Self { answers, gate }, inbox)
    }
}

impl CallEvents for Events {
    fn headers(&self, _: &HeaderMap) {}

    fn message(&self, message: Bytes) {
        self.gate.consume(cost(message.len()));
        let _ = self.answers.send(Ok(message));
    }

    fn writable(&self, _: usize) {}

    fn half_closed(&self) {}
}
