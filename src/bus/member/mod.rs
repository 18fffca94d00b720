//! A member of the bus, without its sockets: what it is asked and what reaches
//! it goes in with the time, what is to be done comes out as actions.
//!
//! `traffic` is calls, casts and topics, `waiting` calls that nobody serves yet;
//! `links` the links to other members, `greeting` and `admission` what passes
//! before one stands, `rest` their end when nobody uses them,
//! `detour` what becomes of those that fail; `membership` what the registry knows
//! and tells; `rights` what others may do by the rules, `operator` what needs the
//! operator's secret; `inside` what a member answers without its application; `tap` copies
//! of what it hands over; `losses` what is said of what was dropped.

mod admission;
mod detour;
mod greeting;
mod inside;
mod links;
mod losses;
mod membership;
mod operator;
mod rest;
mod rights;
mod status;
mod tally;
mod tap;
pub mod traffic;
#[cfg(test)]
mod two;
mod waiting;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use admission::Challenged;
pub use greeting::Greeted;
pub use operator::Standing;
use tally::Tally;
use tap::{Seen, Tap};

use super::Millis;
use super::agreement::Terms;
#[cfg(test)]
use super::agreement::Versions;
use super::application::Delivery;
use super::calls::Calls;
use super::numbered::Numbered;
use super::once::Once;
use super::peer::{Conn, LinkState, Peer};
#[cfg(test)]
use super::profile::Profile;
use super::rules::Rights;
use super::session::Session;
use super::subscriptions::Subscriptions;
pub use super::table::TAP;
use super::table::{PeerNumber, Table};
use super::trust::{Nonces, Trust, token};
use super::wire::{Call, Packet, Record, ToRegistry};

/// What is to be done for the member.
#[derive(Debug)]
pub enum Action {
    /// Open a transport. It is lost if that fails.
    Dial {
        /// Its number from now on.
        conn: Conn,
        /// host:port
        address: String,
    },
    /// Send this before anything that `next_packet` gives.
    Send {
        /// On which transport.
        conn: Conn,
        /// What.
        packet: Packet,
    },
    /// Send what was given, and end. Nothing more is said of the transport.
    Close {
        /// Which.
        conn: Conn,
    },
    /// Tell the registry.
    ToRegistry(ToRegistry),
    /// End the session with the registry, whatever that does: it is not trusted.
    LeaveRegistry,
    /// Listen on another port, and call `moved`.
    Move,
    /// Tell the application.
    Deliver(Delivery),
    /// All that `leave` waits for has happened.
    Left,
}

/// What a member is made with.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Unique among all members that are and were.
    pub name: String,
    /// Shows on links that the member is who it says it is.
    pub token: String,
    /// Who differs in them is refused.
    pub terms: Terms,
    /// host:port of its endpoint.
    pub address: String,
    /// Whether that may become another.
    pub may_move: bool,
    /// Whether the registry is one of ours, and has the secret if there is one.
    pub registry_proves: bool,
    /// Of what it makes numbers that nobody can foretell: random, and told to nobody.
    pub entropy: [u8; 32],
    /// Where its links' numbers begin: chosen at random.
    pub seed: u64,
    /// Largest body, in bytes, in both directions.
    pub max_message: usize,
    /// A link without traffic is closed after so long.
    pub idle: Millis,
}

/// What a transport is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Somebody has dialed and has not said who.
    Greeting { since: Millis },
    /// A dial of this member's, or a link that stands.
    Link(PeerNumber),
}

enum Serving {
    Active,
    /// Until the request is in effect.
    Stopping(u32),
}

/// See the module.
pub struct Member {
    identity: Identity,
    session: Session,
    table: Table,
    peers: Numbered<PeerNumber, Peer>,
    numbers: HashMap<String, PeerNumber>,
    next_peer: PeerNumber,
    conns: Numbered<Conn, Use>,
    /// Those who have dialed and are to prove the secret.
    challenged: Numbered<Conn, Challenged>,
    nonces: Nonces,
    /// Who did not prove the secret, as far as that was said.
    doubted: Once,
    /// By the certificates of those at the other end, where there are rules.
    rights: Numbered<Conn, Arc<Rights>>,
    /// Who was denied what, as far as that was said.
    denied: Once,
    next_conn: Conn,
    next_link: u64,
    calls: Calls,
    /// Calls to ids that nobody serves yet.
    /// By their turn: any of them may end first.
    waiting: HashMap<Arc<str>, BTreeMap<u64, Call>>,
    next_waiting: u64,
    waiting_bytes: usize,
    serving: HashMap<String, Serving>,
    subscriptions: Subscriptions,
    /// The application has been told that it has joined.
    introduced: bool,
    leaving: bool,
    counters: Counters,
    tally: Tally,
    tap: Tap,
    actions: Vec<Action>,
    /// Transports that may have something to send.
    dirty: Vec<Conn>,
    alarm: Option<Millis>,
    /// When the peers are to be looked after, one by one. Calls end more often.
    tend_at: Option<Millis>,
}

/// What was lost on the way, and what was made, for `status`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counters {
    /// Casts that nobody served.
    pub unroutable: u64,
    /// Casts and messages that a peer was too slow or too far for.
    pub dropped: u64,
    /// Links that have come to stand: more than there are peers means that some
    /// were made again.
    pub links: u64,
}

impl Member {
    /// A member that has not joined yet.
    pub fn new(identity: Identity) -> Self {
        let record = Record {
            member: identity.name.clone(),
            token: token::told(&identity.token),
            address: identity.address.clone(),
            ..Record::default()
        };
        let mut table = Table::default();
        table.set(super::table::SELF, record.clone());
        let nonces = Nonces::new(&identity.entropy);
        let mut terms_of_session = identity.terms.clone();
        if !identity.registry_proves {
            terms_of_session.trust = Trust::none();
        }
        Self {
            session: Session::new(terms_of_session, record, identity.token.clone()),
            next_link: identity.seed | 1,
            identity,
            table,
            peers: Numbered::default(),
            numbers: HashMap::new(),
            next_peer: 1,
            conns: Numbered::default(),
            challenged: Numbered::default(),
            nonces,
            doubted: Once::default(),
            rights: Numbered::default(),
            denied: Once::forgetting(),
            next_conn: 1,
            calls: Calls::default(),
            waiting: HashMap::new(),
            next_waiting: 0,
            waiting_bytes: 0,
            serving: HashMap::new(),
            subscriptions: Subscriptions::default(),
            introduced: false,
            leaving: false,
            counters: Counters::default(),
            tally: Tally::default(),
            tap: Tap::default(),
            actions: Vec::new(),
            dirty: Vec::new(),
            alarm: None,
            tend_at: None,
        }
    }

    /// What is to be done, in order.
    pub fn take_actions(&mut self, now: Millis) -> Vec<Action> {
        self.publish_copies(now);
        std::mem::take(&mut self.actions)
    }

    /// Transports to ask `next_packet` for.
    pub fn take_dirty(&mut self) -> Vec<Conn> {
        std::mem::take(&mut self.dirty)
    }

    /// When `tick` is to be called.
    pub fn alarm(&self) -> Option<Millis> {
        self.alarm
    }

    /// Whether nothing waits for a peer that can be told.
    pub fn is_flushed(&self) -> bool {
        let mut peers = self.peers.values();
        peers.all(|peer| peer.outbox.is_empty() || !peer.seems_reachable())
    }

    fn set_alarm(&mut self, at: Millis) {
        self.alarm = Some(self.alarm.map_or(at, |alarm| alarm.min(at)));
    }

    fn tend_by(&mut self, at: Millis) {
        self.tend_at = Some(self.tend_at.map_or(at, |tend_at| tend_at.min(at)));
        self.set_alarm(at);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        if self.alarm.is_none_or(|alarm| alarm > now) {
            return;
        }
        self.end_overdue_calls(now);
        self.end_overdue_requests(now);
        if self.tend_at.is_some_and(|at| at <= now) {
            self.tend_links(now);
            self.tend_unconfirmed(now);
            self.tend_losses(now);
            let trusted = self.table.trust_again(now);
            self.served(now, &trusted);
            let alarms = [
                self.links_alarm(now),
                self.losses_alarm(now),
                self.table.doubts_until(),
            ];
            self.tend_at = alarms.into_iter().flatten().min();
        }
        self.alarm = None;
        let calls = self.calls.next_deadline();
        let alarms = [calls, self.session.next_deadline(), self.tend_at];
        if let Some(next) = alarms.into_iter().flatten().min() {
            self.set_alarm(next.max(now + 1));
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        if let Delivery::Request {
            from,
            to,
            method,
            body,
            ..
        } = &delivery
        {
            let traffic = &mut self.tally.received;
            if from.is_some() {
                traffic.call(body.len());
            } else {
                traffic.cast(body.len());
            }
            self.tap(|| Seen::Request {
                from: *from,
                id: to.clone(),
                method: method.clone(),
                body: body.clone(),
            });
        }
        self.actions.push(Action::Deliver(delivery));
    }

    /// A peer for a person.
    fn describe(&self, number: PeerNumber) -> String {
        match self.peers.get(&number) {
            Some(peer) => match &peer.link {
                LinkState::Pause { why, .. } => {
                    format!("{} at {} ({why})", peer.name, peer.address)
                }
                _ => format!("{} at {}", peer.name, peer.address),
            },
            None => "a member that is gone".to_owned(),
        }
    }

    fn note(&mut self, warning: bool, text: String) {
        self.deliver(Delivery::Note { warning, text });
    }
}

/// For tests.
#[cfg(test)]
impl Identity {
    /// One of that name in the cluster `c`; its token is its name, too.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            token: name.to_owned(),
            terms: Terms::of("c"),
            address: format!("{name}:1"),
            may_move: false,
            registry_proves: true,
            entropy: [0; 32],
            seed: 1,
            max_message: 1 << 20,
            idle: 300_000,
        }
    }
}

/// For the simulation, which sees through walls.
#[cfg(test)]
impl Member {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// Whether all know of this member, as far as the registry has told.
    pub fn is_registered(&self) -> bool {
        self.session.is_registered()
    }

    /// Of the registry it was let in by.
    pub fn epoch(&self) -> u64 {
        self.session.epoch
    }

    /// Whether requests to an id have somewhere to go.
    pub fn knows(&self, id: &str) -> bool {
        self.table.serves(id)
    }

    /// What this member wants known of itself.
    pub fn profile(&self) -> &Profile {
        &self.session.profile
    }

    /// What it knows of a member, itself included.
    pub fn view(&self, name: &str) -> Option<&Profile> {
        if name == self.identity.name {
            return self.table.profile(super::table::SELF);
        }
        self.table.profile(*self.numbers.get(name)?)
    }

    /// What it speaks.
    pub fn versions(&self) -> Versions {
        self.identity.terms.versions
    }

    /// In what it talks to a member, 0 if it did not.
    pub fn version_with(&self, name: &str) -> u32 {
        let peer = self.numbers.get(name).and_then(|n| self.peers.get(n));
        peer.map_or(0, |peer| peer.version)
    }

    /// How many others it knows.
    pub fn known(&self) -> usize {
        let others = self.table.profiles();
        others
            .filter(|(peer, _)| *peer != super::table::SELF)
            .count()
    }
}
