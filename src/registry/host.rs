//! The registry on a real port.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::directory::{Action, Directory, SessionNumber};
use crate::bus::Millis;
use crate::bus::pipe::{self, Pipe};
use crate::grpc::serve::Closed;
use crate::grpc::server::{Accepted, Application as Service, Incoming, Server};
use crate::grpc::stream::{CallEvents, Gate, cost};
use crate::grpc::target::Target;
use crate::tls::credentials::Mutual;

/// The method that members call.
pub const SESSION: &str = "/owt.bus.v1.Registry/Session";
/// What stopping may take for what is still to be told.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A registry that listens.
pub struct Host {
    server: Server,
    desk: Arc<Desk>,
}

struct Desk {
    state: Mutex<State>,
    started: Instant,
    alarm: Notify,
}

struct State {
    directory: Directory,
    pipes: HashMap<SessionNumber, Pipe>,
    next: SessionNumber,
}

impl Host {
    /// Serves an empty directory.
    ///
    /// # Errors
    /// What the system said to binding the address.
    pub async fn bind(at: &Target, cluster: String, tls: Option<&Mutual>) -> io::Result<Self> {
        let epoch = RandomState::new().hash_one("epoch");
        let desk = Arc::new(Desk {
            state: Mutex::new(State {
                directory: Directory::new(cluster, epoch),
                pipes: HashMap::new(),
                next: 1,
            }),
            started: Instant::now(),
            alarm: Notify::new(),
        });
        let service = Sessions(Arc::clone(&desk));
        let options = pipe::server_options(SESSION, tls);
        let server = Server::listen(at.host(), at.port(), options, service).await?;
        tokio::spawn(keep_time(Arc::downgrade(&desk)));
        Ok(Self { server, desk })
    }

    /// Ends every session: the members find another registry.
    pub async fn stop(self) {
        // No longer listening before the sessions end: nobody comes back here.
        let close = async {
            for pipe in self.desk.state.lock().pipes.values() {
                pipe.close();
            }
        };
        tokio::join!(self.server.stop(LAST_WORDS), close);
    }
}

async fn keep_time(desk: Weak<Desk>) {
    loop {
        let Some(owner) = desk.upgrade() else { return };
        let alarm = owner.state.lock().directory.alarm();
        let due = alarm.map(|at| owner.started + Duration::from_millis(at + 1));
        let sleep = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                // To see whether the desk is still there.
                None => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        };
        tokio::select! {
            () = owner.alarm.notified() => continue,
            () = sleep => {}
        }
        owner.with(Directory::tick);
    }
}

impl Desk {
    fn with(&self, work: impl FnOnce(&mut Directory, Millis)) {
        let now = Millis::try_from(self.started.elapsed().as_millis()).unwrap_or(Millis::MAX);
        let mut state = self.state.lock();
        let before = state.directory.alarm();
        work(&mut state.directory, now);
        for action in state.directory.take_actions() {
            match action {
                Action::Tell(session, message) => {
                    if let Some(pipe) = state.pipes.get_mut(&session) {
                        pipe.send(&message);
                    }
                }
                Action::Close(session) => {
                    if let Some(pipe) = state.pipes.remove(&session) {
                        pipe.close();
                    }
                }
            }
        }
        if state.directory.alarm() != before {
            self.alarm.notify_one();
        }
    }
}

struct Sessions(Arc<Desk>);

struct SessionEvents {
    desk: Arc<Desk>,
    session: SessionNumber,
    gate: Arc<Gate>,
}

impl SessionEvents {
    fn lost(&self) {
        if let Some(pipe) = self.desk.state.lock().pipes.remove(&self.session) {
            pipe.close();
        }
        self.desk
            .with(|directory, now| directory.lost(now, self.session));
    }
}

impl CallEvents for SessionEvents {
    fn headers(&self, _: &HeaderMap) {}

    fn message(&self, message: Bytes) {
        self.gate.consume(cost(message.len()));
        match pipe::read(message) {
            Ok(message) => self
                .desk
                .with(|directory, now| directory.message(now, self.session, message)),
            Err(_) => self.lost(),
        }
    }

    fn writable(&self, _: usize) {}

    fn half_closed(&self) {
        self.lost();
    }
}

impl Service for Sessions {
    type Events = SessionEvents;

    fn connected(&self, _: u32, _: SocketAddr) {}

    fn disconnected(&self, _: u32) {}

    async fn accept(&self, _: Incoming) -> Accepted<SessionEvents> {
        let (pipe, inbox) = Pipe::new(false);
        let gate = Arc::<Gate>::default();
        let session = {
            let mut state = self.0.state.lock();
            let session = state.next;
            state.next += 1;
            state.pipes.insert(session, pipe);
            session
        };
        Accepted {
            inbox,
            gate: Arc::clone(&gate),
            events: SessionEvents {
                desk: Arc::clone(&self.0),
                session,
                gate,
            },
        }
    }

    fn closed(&self, events: SessionEvents, _: Closed) {
        events.lost();
    }

    fn warn(&self, _: String) {}
}
