//! A member on real sockets: carries out what the pure member wants done and
//! tells it what happens. All of it runs on the network thread.
//!
//! `listening` is where it listens, `ports` on which ports it may, `endpoint` what is heard
//! there and on links, `links` what the node makes of that; `joined` is the node as its
//! registry sees it, `behind` its waiting for an application that is behind, `leaving` its
//! end.

mod behind;
mod endpoint;
mod joined;
mod leaving;
mod links;
mod listening;
mod options;
mod ports;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::Notify;

use behind::Behind;
use listening::Listening;
pub use options::Options;
pub use ports::Ports;

use super::Millis;
use super::application::Application;
use super::member::{Action, Identity, Member};
use super::peer::Conn;
use super::pipe::Pipe;
use super::registry::{Hosted, Session};
use super::rules::Rules;
use super::trust;
use super::wire::ToRegistry;
use crate::grpc::server::Server;
use crate::grpc::tasks::Tasks;

/// The pure member with its sockets, timers and registry.
pub struct Node {
    state: Mutex<State>,
    application: Box<dyn Application>,
    listening: Listening,
    rules: Rules,
    started: Instant,
    alarm: Notify,
    behind: Behind,
    /// Goes with the node, which ends its tasks.
    tasks: Tasks,
}

struct State {
    member: Member,
    pipes: FxHashMap<Conn, Pipe>,
    /// The session with the registry.
    registry: Option<Box<dyn Session>>,
    endpoint: Option<Server>,
    host: Option<Box<dyn Hosted>>,
    next_tick: Option<Millis>,
    left: bool,
}

impl Node {
    /// Listens, and joins as soon as there is a registry.
    ///
    /// # Errors
    /// What is wrong with the options or with this machine, for a person.
    pub async fn start(
        options: Options,
        application: Box<dyn Application>,
    ) -> Result<Arc<Self>, String> {
        let addresses = options.registry.addresses().await?;
        if let Some(advertised) = &options.advertise {
            addresses.allows(advertised)?;
        }
        let tls = options.tls;
        let host = match (options.advertise, &tls) {
            (Some(host), _) => host,
            (None, Some(tls)) => addresses.vouched_for(&tls.server.names())?,
            (None, None) => addresses.advertise.to_string(),
        };
        let listening = Listening {
            ip: addresses.listen,
            host,
            ports: options.ports,
            tls,
        };
        let (server, node_of_service) = listening.bind().await?;
        let rules = options.terms.rules.clone();
        let member = Member::new(Identity {
            name: options.name,
            token: options.token,
            terms: options.terms,
            address: listening.address(server.port),
            may_move: listening.may_move(),
            seed: options.seed,
            registry_proves: options.registry.proves(),
            entropy: trust::entropy()?,
            max_message: options.max_message,
            idle: options.idle,
        });
        let node = Arc::new(Self {
            state: Mutex::new(State {
                member,
                pipes: FxHashMap::default(),
                registry: None,
                endpoint: Some(server),
                host: None,
                next_tick: None,
                left: false,
            }),
            application,
            listening,
            rules,
            started: Instant::now(),
            alarm: Notify::new(),
            behind: Behind::default(),
            tasks: Tasks::new(),
        });
        *node_of_service.lock() = Arc::downgrade(&node);
        node.spawn(keep_time(Arc::downgrade(&node)));
        let member = Arc::downgrade(&node);
        node.spawn(options.registry.keep_joined(member, addresses.registry));
        Ok(node)
    }

    /// Runs a task for as long as there is a node.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Lets the member do something, and carries out what it wants then.
    pub fn with<R>(self: &Arc<Self>, work: impl FnOnce(&mut Member, Millis) -> R) -> R {
        let now = self.now();
        let mut state = self.state.lock();
        let result = work(&mut state.member, now);
        self.carry_out(&mut state, now);
        result
    }

    /// As [`Self::with`], but what the member wants waits for [`Self::flush_all`]:
    /// many requests become one packet.
    pub fn queue(&self, work: impl FnOnce(&mut Member, Millis)) {
        let now = self.now();
        work(&mut self.state.lock().member, now);
    }

    /// Carries out what the member wants.
    pub fn flush_all(self: &Arc<Self>) {
        self.with(|_, _| ());
    }

    fn now(&self) -> Millis {
        let elapsed = self.started.elapsed();
        elapsed.as_secs() * 1000 + Millis::from(elapsed.subsec_millis())
    }

    fn carry_out(self: &Arc<Self>, state: &mut State, now: Millis) {
        for action in state.member.take_actions(now) {
            match action {
                Action::Deliver(delivery) => self.application.deliver(delivery),
                Action::Send { conn, packet } => {
                    if let Some(pipe) = state.pipes.get_mut(&conn) {
                        pipe.send_packet(&packet);
                    }
                }
                Action::Dial { conn, address } => self.dial(state, conn, &address),
                Action::Close { conn } => {
                    if let Some(pipe) = state.pipes.remove(&conn) {
                        pipe.close();
                    }
                }
                Action::ToRegistry(message) => Self::tell_registry(state, &message),
                Action::LeaveRegistry => {
                    if let Some(session) = state.registry.take() {
                        session.cut();
                    }
                }
                Action::Move => self.spawn(Arc::clone(self).listen_elsewhere()),
                Action::Left => {
                    let node = Arc::clone(self);
                    tokio::spawn(async move { node.finish().await });
                }
            }
        }
        for conn in state.member.take_dirty() {
            Self::flush(state, now, conn);
        }
        let alarm = state.member.alarm();
        if alarm.is_some() && (state.next_tick.is_none() || alarm < state.next_tick) {
            state.next_tick = alarm;
            self.alarm.notify_one();
        }
    }

    fn flush(state: &mut State, now: Millis, conn: Conn) {
        let Some(pipe) = state.pipes.get_mut(&conn) else {
            return;
        };
        while pipe.has_room() {
            let Some(packet) = state.member.next_packet(now, conn) else {
                return;
            };
            pipe.send_packet(&packet);
        }
    }

    fn tell_registry(state: &mut State, message: &ToRegistry) {
        if let Some(session) = &mut state.registry {
            session.send(message);
        }
    }
}

async fn keep_time(node: Weak<Node>) {
    loop {
        let Some(owner) = node.upgrade() else { return };
        let next = owner.state.lock().next_tick;
        let due = next.map(|at| owner.started + Duration::from_millis(at));
        let sleep = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = owner.alarm.notified() => continue,
            () = sleep => {}
        }
        owner.state.lock().next_tick = None;
        owner.with(Member::tick);
    }
}
