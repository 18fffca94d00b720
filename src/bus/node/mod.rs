//! A member on real sockets: carries out what the pure member wants done and
//! tells it what happens. All of it runs on the network thread.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::Millis;
use super::application::{Application, Delivery};
use super::behind::Behind;
use super::endpoint::LinkEvents;
use super::listening::{LINK, Listening};
use super::member::{Action, Identity, Member};
use super::numbered::Numbered;
pub use super::options::Options;
use super::peer::Conn;
use super::pipe::{self, Pipe};
use super::rules::Rules;
use super::trust;
use super::wire::{FromRegistry, ToRegistry};
use crate::grpc::server::Server;
use crate::registry::Session;
use crate::registry::host::Host;

/// What leaving may take for what is still to be sent.
const LAST_WORDS: Duration = Duration::from_millis(150);

/// See the module.
pub struct Node {
    state: Mutex<State>,
    application: Box<dyn Application>,
    listening: Listening,
    rules: Rules,
    started: Instant,
    alarm: Notify,
    pub(super) behind: Behind,
    /// Goes with the node, which ends its tasks.
    alive: watch::Sender<()>,
}

struct State {
    member: Member,
    pipes: Numbered<Conn, Pipe>,
    /// The session with the registry.
    registry: Option<Box<dyn Session>>,
    endpoint: Option<Server>,
    host: Option<Host>,
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
        let reach = options.registry.reach().await?;
        if let Some((advertised, _)) = &options.advertise {
            reach.allows(advertised)?;
        }
        let tls = options.tls;
        let port = options.advertise.as_ref().and_then(|(_, port)| *port);
        let host = match (options.advertise, &tls) {
            (Some((host, _)), _) => host,
            (None, Some(tls)) => reach.vouched_for(&tls.server.names())?,
            (None, None) => reach.advertise.to_string(),
        };
        let ip = reach.listen;
        let listening = Listening {
            ip,
            host,
            port,
            tls,
        };
        let (server, node_of_service) = listening.bind().await?;
        let rules = options.terms.rules.clone();
        let member = Member::new(Identity {
            name: options.name,
            token: options.token,
            terms: options.terms,
            address: listening.address(server.port),
            may_move: port.is_none(),
            seed: options.seed,
            registry_proves: options.registry.proves(),
            entropy: trust::entropy()?,
            max_message: options.max_message,
            idle: options.idle,
        });
        let node = Arc::new(Self {
            state: Mutex::new(State {
                member,
                pipes: Numbered::default(),
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
            alive: watch::Sender::new(()),
        });
        *node_of_service.lock() = Arc::downgrade(&node);
        node.spawn(keep_time(Arc::downgrade(&node)));
        let registry = options.registry;
        node.spawn(registry.keep_joined(Arc::downgrade(&node), reach.can_host));
        Ok(node)
    }

    /// Runs a task for as long as there is a node.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut alive = self.alive.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                // Nothing is ever sent: this is the sender's end.
                _ = alive.changed() => {}
            }
        });
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

    fn dial(self: &Arc<Self>, state: &mut State, conn: Conn, address: &str) {
        let (pipe, inbox) = Pipe::new(true);
        state.pipes.insert(conn, pipe);
        let events = LinkEvents::new(Arc::downgrade(self), conn);
        let target = address.parse();
        let tls = self.listening.tls.clone();
        self.spawn(async move {
            let why = match target {
                Ok(target) => {
                    let channel = pipe::channel_to(target, tls.as_ref());
                    pipe::dial(channel, LINK, inbox, events.gate(), &events)
                        .await
                        .details
                }
                Err(error) => format!("{error}"),
            };
            events.ended(&why);
        });
    }

    /// Listens on another port, and joins anew with that.
    async fn listen_elsewhere(self: Arc<Self>) {
        // Where no other port is to be had this one has to do.
        let Ok((server, node_of_service)) = self.listening.bind().await else {
            return;
        };
        *node_of_service.lock() = Arc::downgrade(&self);
        let address = self.listening.address(server.port);
        let former = {
            let mut state = self.state.lock();
            if state.left {
                return;
            }
            state.member.moved(address);
            if let Some(session) = state.registry.take() {
                session.close();
            }
            state.endpoint.replace(server)
        };
        // Nobody has a call on its links: there was no id to call.
        drop(former);
    }

    // For `endpoint`.

    /// Somebody has dialed this member.
    pub(super) fn incoming(self: &Arc<Self>, pipe: Pipe, certificate: Option<&[u8]>) -> Conn {
        let conn = self.with(Member::incoming);
        self.carried(conn, certificate);
        self.state.lock().pipes.insert(conn, pipe);
        conn
    }

    /// A link's transport is to somebody who has shown this certificate.
    pub(super) fn carried(self: &Arc<Self>, conn: Conn, certificate: Option<&[u8]>) {
        if let Some(rights) = self.rules.of(certificate) {
            self.with(|member, _| member.vouched(conn, rights));
        }
    }

    /// A link brought a message.
    pub(super) fn arrived(self: &Arc<Self>, conn: Conn, message: Bytes) {
        match pipe::read(message) {
            Ok(packet) => self.with(|member, now| member.packet(now, conn, packet)),
            Err(why) => self.with(|member, now| member.garbage(now, conn, &why)),
        }
    }

    /// The peer has taken that much.
    pub(super) fn taken(&self, conn: Conn, cost: usize) {
        let now = self.now();
        let mut state = self.state.lock();
        if let Some(pipe) = state.pipes.get_mut(&conn) {
            pipe.taken(cost);
            Self::flush(&mut state, now, conn);
        }
    }

    /// The peer sends nothing more.
    pub(super) fn half_closed(self: &Arc<Self>, conn: Conn) {
        if let Some(pipe) = self.state.lock().pipes.get(&conn) {
            pipe.close();
        }
        self.lost(conn, "it left");
    }

    /// Whom this member is one for.
    pub(super) fn application(&self) -> &dyn Application {
        &*self.application
    }

    /// A transport of `conn` is gone.
    pub(super) fn lost(self: &Arc<Self>, conn: Conn, why: &str) {
        let why = if why.is_empty() {
            "it closed the link"
        } else {
            why
        };
        self.state.lock().pipes.remove(&conn);
        self.with(|member, now| member.lost(now, conn, why));
    }

    // For the registry.

    /// A session with the registry begins.
    pub fn registry_open(self: &Arc<Self>, session: Box<dyn Session>) {
        self.state.lock().registry = Some(session);
        self.with(|member, _| member.registry_open());
    }

    /// It is with somebody who has shown this certificate.
    pub fn registry_carried(self: &Arc<Self>, certificate: Option<&[u8]>) {
        if let Some(rights) = self.rules.of(certificate) {
            self.with(|member, _| member.registry_vouched(&rights));
        }
    }

    /// It has ended. Returns false if somebody else has to say why.
    pub fn registry_lost(self: &Arc<Self>, why: &str) -> bool {
        self.state.lock().registry = None;
        self.with(|member, _| member.registry_lost(why))
    }

    /// It brought a message.
    pub fn registry_message(self: &Arc<Self>, message: FromRegistry) {
        self.with(|member, now| member.registry_message(now, message));
    }

    /// This process serves the registry from now on.
    pub fn keep_host(&self, host: Host) {
        let mut state = self.state.lock();
        if !state.left {
            state.host = Some(host);
        }
    }

    /// It does so at that port no more.
    pub async fn end_host(&self, port: u16) {
        let host = self.state.lock().host.take_if(|host| host.port() == port);
        if let Some(host) = host {
            host.stop().await;
        }
    }

    /// What the member says of itself.
    pub fn ask<R>(&self, question: impl FnOnce(&Member) -> R) -> R {
        question(&self.state.lock().member)
    }

    /// Tells the application what only the way to the registry knows.
    pub fn deliver(&self, delivery: Delivery) {
        self.application.deliver(delivery);
    }

    /// The member has left: sends what is still to be sent, and ends all.
    async fn finish(self: Arc<Self>) {
        let patience = Instant::now();
        while patience.elapsed() < LAST_WORDS && !self.is_flushed() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (endpoint, host) = {
            let mut state = self.state.lock();
            state.left = true;
            state.pipes.values().for_each(Pipe::close);
            state.registry.iter().for_each(|session| session.close());
            (state.endpoint.take(), state.host.take())
        };
        // Those who had dialed see the end of the stream; what was dialed from
        // here ends when the other side has seen it.
        let stop_endpoint = async {
            if let Some(endpoint) = endpoint {
                endpoint.stop(LAST_WORDS).await;
            }
        };
        let stop_host = async {
            if let Some(host) = host {
                host.stop().await;
            }
        };
        tokio::join!(stop_endpoint, stop_host);
        self.application.deliver(Delivery::Left);
        self.alive.send_replace(());
    }

    /// The application is gone: ends all at once.
    pub fn abandon(&self) {
        let mut state = self.state.lock();
        state.left = true;
        state.pipes.clear();
        state.registry = None;
        // Dropped, they cut off what is left.
        state.endpoint = None;
        state.host = None;
        self.alive.send_replace(());
    }

    fn is_flushed(&self) -> bool {
        let state = self.state.lock();
        state.member.is_flushed() && state.pipes.values().all(Pipe::is_flushed)
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
