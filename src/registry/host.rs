//! The registry on a real port.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;

use super::beside;
use super::directory::{Action, Directory, SessionNumber};
use super::unread;
use crate::bus::Millis;
use crate::bus::agreement::Terms;
use crate::bus::pipe::{self, Pipe};
use crate::bus::registry::{Hosted, Pending};
use crate::bus::trust;
use crate::grpc::gate::Gate;
use crate::grpc::server::Server;
use crate::grpc::service::{Accepted, Application as Service, Closed, Incoming, Method};
use crate::grpc::stream::{CallEvents, Outgoing, cost};
use crate::tls::credentials::ServerCredentials;

/// The method that members call.
pub const SESSION: &str = "/owt.bus.v1.Registry/Session";
/// What load balancers and probes ask.
const HEALTH: &str = "/grpc.health.v1.Health/Check";
const HEALTH_NUMBER: u32 = 1;
/// A framed `HealthCheckResponse`: it listens, so it serves.
const SERVING: &[u8] = &[0, 0, 0, 0, 2, 0x08, 1];
/// The session of those who only ask for health. Sessions count from 1.
const NO_SESSION: SessionNumber = 0;
/// A process that was stopped for so long begins anew: members have given up their sessions
/// from then on, and what they have done since is theirs to say.
const AWAY: Duration = Duration::from_secs(3);
/// What stopping may take for what is still to be told.
const STOP_TIMEOUT: Duration = Duration::from_millis(100);

/// Where a registry tells what no session can.
pub type Warn = Box<dyn Fn(String) + Send + Sync>;

/// What a registry is made with.
pub struct Options {
    /// Who differs in them is refused.
    pub terms: Terms,
    /// TLS, or plaintext.
    pub tls: Option<Arc<ServerCredentials>>,
    /// See [`Warn`].
    pub warn: Warn,
    /// Where it tells of sessions that it has closed or does not let in.
    pub note: Warn,
    /// Addresses of this machine at which another registry would be noticed.
    pub beside: Vec<String>,
}

/// A registry that listens.
pub struct Host {
    server: Server,
    served: Arc<Served>,
}

struct Served {
    state: Mutex<State>,
    terms: Terms,
    started: Instant,
    alarm: Notify,
    note: Warn,
}

struct State {
    directory: Directory,
    pipes: HashMap<SessionNumber, unread::Session>,
    next: SessionNumber,
}

impl Host {
    /// Serves an empty directory.
    ///
    /// # Errors
    /// What the system said to binding the address.
    pub async fn bind(host: &str, port: u16, options: Options) -> io::Result<Self> {
        let served = Arc::new(Served {
            state: Mutex::new(State {
                directory: empty_directory(&options.terms)?,
                pipes: HashMap::new(),
                next: 1,
            }),
            terms: options.terms,
            started: Instant::now(),
            alarm: Notify::new(),
            note: options.note,
        });
        let service = Sessions {
            served: Arc::clone(&served),
            warn: options.warn,
        };
        let mut how = pipe::server_options(SESSION, options.tls);
        let health = Method {
            number: HEALTH_NUMBER,
            request_stream: false,
        };
        how.methods.insert(HEALTH.to_owned(), health);
        let listening = Server::listen(host, port, how, service).await?;
        tokio::spawn(keep_time(Arc::downgrade(&served)));
        let here = (host.to_owned(), listening.port);
        tokio::spawn(look_beside(Arc::downgrade(&served), here, options.beside));
        Ok(Self {
            server: listening,
            served,
        })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// Ends every session: the members find another registry.
    pub async fn stop(self) {
        // No longer listening before the sessions end: nobody comes back here.
        let close = async {
            for (_, pipe) in self.served.state.lock().pipes.drain() {
                pipe.close();
            }
        };
        tokio::join!(self.server.stop(STOP_TIMEOUT), close);
    }
}

impl Hosted for Host {
    fn port(&self) -> u16 {
        Self::port(self)
    }

    fn stop(self: Box<Self>) -> Pending<'static, ()> {
        Box::pin(Self::stop(*self))
    }
}

fn empty_directory(terms: &Terms) -> io::Result<Directory> {
    let epoch = RandomState::new().hash_one("epoch");
    let entropy = trust::entropy().map_err(io::Error::other)?;
    Ok(Directory::new(terms.clone(), epoch, &entropy))
}

/// Binds a registry that others are told of. In plaintext it stays on this
/// machine, unless that is wanted otherwise.
///
/// # Errors
/// What the system said to the host or to binding it; `InvalidInput` with a
/// text for a person if plaintext would leave the machine.
pub async fn open(host: &str, port: u16, options: Options, insecure: bool) -> io::Result<Host> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
    let stays = addresses.iter().all(|address| address.ip().is_loopback());
    if !stays && !insecure && options.tls.is_none() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it would be reached from other machines in plaintext: set up TLS, or \
             OWT_GRPC_INSECURE=1 if you trust that network",
        ));
    }
    Host::bind(host, port, options).await
}

/// Says what may be another registry of this machine.
async fn look_beside(served: Weak<Served>, (host, port): (String, u16), addresses: Vec<String>) {
    let told = beside::told(&host, port, &addresses).await;
    if let (Some(text), Some(served)) = (told, served.upgrade()) {
        (served.note)(text);
    }
}

async fn keep_time(served: Weak<Served>) {
    loop {
        let Some(owner) = served.upgrade() else {
            return;
        };
        let alarm = owner.state.lock().directory.alarm();
        // To see whether it is served still, and this process has not been stopped.
        let look = Instant::now() + Duration::from_secs(1);
        let due = alarm.map_or(look, |at| owner.started + Duration::from_millis(at + 1));
        let due = due.min(look);
        let is_due = tokio::select! {
            () = owner.alarm.notified() => false,
            () = tokio::time::sleep_until(due.into()) => true,
        };
        if due.elapsed() > AWAY {
            owner.begin_anew();
        }
        if is_due {
            owner.with(Directory::tick);
        }
    }
}

impl Served {
    fn with(&self, work: impl FnOnce(&mut Directory, Millis)) {
        let now = Millis::try_from(self.started.elapsed().as_millis()).unwrap_or(Millis::MAX);
        let mut state = self.state.lock();
        let before = state.directory.alarm();
        work(&mut state.directory, now);
        self.carry_out(&mut state, now);
        if state.directory.alarm() != before {
            self.alarm.notify_one();
        }
    }
}

impl Served {
    /// Forgets all, and ends every session: the members come back and say what they are.
    fn begin_anew(&self) {
        // Without entropy it stays what it is.
        if let Ok(directory) = empty_directory(&self.terms) {
            let mut state = self.state.lock();
            state.directory = directory;
            for (_, session) in state.pipes.drain() {
                session.close();
            }
        }
    }

    fn carry_out(&self, state: &mut State, now: Millis) {
        let mut actions = VecDeque::from(state.directory.take_actions());
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Tell(session, message) => {
                    let pipe = state.pipes.get_mut(&session);
                    if pipe.is_none_or(|pipe| pipe.tell(message)) {
                        continue;
                    }
                    let whose = state.directory.member_of(session).unwrap_or_default();
                    (self.note)(format!(
                        "the registry has closed the session of {whose}: it does not read what it is told"
                    ));
                    state.directory.lost(now, session);
                    actions.extend(state.directory.take_actions());
                    actions.push_back(Action::Close(session));
                }
                Action::Note(text) => (self.note)(text),
                Action::Close(session) => {
                    if let Some(pipe) = state.pipes.remove(&session) {
                        pipe.close();
                    }
                }
            }
        }
    }
}

struct Sessions {
    served: Arc<Served>,
    warn: Warn,
}

struct SessionEvents {
    served: Arc<Served>,
    session: SessionNumber,
    gate: Arc<Gate>,
}

impl SessionEvents {
    fn lost(&self) {
        if let Some(pipe) = self.served.state.lock().pipes.remove(&self.session) {
            pipe.close();
        }
        self.served
            .with(|directory, now| directory.lost(now, self.session));
    }
}

impl CallEvents for SessionEvents {
    fn headers(&self, _: &HeaderMap) {}

    fn message(&self, message: Bytes) {
        self.gate.consume(cost(message.len()));
        match pipe::read(message) {
            Ok(message) => self
                .served
                .with(|directory, now| directory.message(now, self.session, message)),
            Err(_) => self.lost(),
        }
    }

    fn writable(&self, cost: usize) {
        if let Some(pipe) = self.served.state.lock().pipes.get_mut(&self.session) {
            pipe.taken(cost);
        }
    }

    fn half_closed(&self) {
        self.lost();
    }
}

impl Service for Sessions {
    type Events = SessionEvents;

    fn connected(&self, _: u32, _: SocketAddr) {}

    fn disconnected(&self, _: u32) {}

    fn accept(&self, incoming: Incoming<'_>) -> Accepted<SessionEvents> {
        let gate = Arc::<Gate>::default();
        if incoming.method == HEALTH_NUMBER {
            let (answer, inbox) = unbounded_channel();
            let reply = Outgoing::Reply(Bytes::from_static(SERVING), HeaderMap::new());
            let _ = answer.send(reply);
            return Accepted {
                inbox,
                gate: Arc::clone(&gate),
                events: SessionEvents {
                    served: Arc::clone(&self.served),
                    session: NO_SESSION,
                    gate,
                },
            };
        }
        let (pipe, inbox) = Pipe::new(false);
        let session = {
            let mut state = self.served.state.lock();
            let session = state.next;
            state.next += 1;
            state.pipes.insert(session, unread::Session::new(pipe));
            session
        };
        let rights = self.served.terms.rules.of(incoming.certificate);
        self.served.with(|directory, now| {
            directory.opened(now, session);
            if let Some(rights) = rights {
                directory.vouched(session, rights);
            }
        });
        Accepted {
            inbox,
            gate: Arc::clone(&gate),
            events: SessionEvents {
                served: Arc::clone(&self.served),
                session,
                gate,
            },
        }
    }

    fn closed(&self, events: SessionEvents, _: Closed) {
        events.lost();
    }

    fn warn(&self, text: String) {
        (self.warn)(text);
    }
}
