//! A member of the bus, without its sockets: what it is asked and what reaches
//! it goes in with the time, what is to be done comes out as actions.
//!
//! `traffic` is calls, casts and topics, `waiting` calls that nobody serves yet;
//! `links` the links to other members, `greeting` and `admission` what passes
//! before one stands, `idle` their end when nobody uses them,
//! `redial` what becomes of those that fail; `membership` what the registry knows
//! and tells, `roster` what it tells of others; `rights` what others may do by the rules, `operator` what needs the
//! operator's secret; `builtin` what a member answers without its application; `tap` copies
//! of what it hands over; `losses` what is said of what was dropped.

mod action;
mod admission;
mod builtin;
mod greeting;
mod identity;
mod idle;
#[cfg(test)]
mod inspection;
mod links;
mod losses;
mod membership;
mod operator;
mod redial;
mod rights;
mod roster;
mod status;
mod tap;
mod totals;
pub mod traffic;
#[cfg(test)]
mod two;
mod waiting;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use action::Action;
use admission::Challenged;
pub use identity::Identity;
use rustc_hash::FxHashMap;
use tap::{Seen, Tap};
use totals::Totals;

use super::Millis;
use super::application::Delivery;
use super::calls::Calls;
use super::once::Once;
use super::peer::{Conn, LinkState, Peer};
use super::rules::Rights;
use super::session::Session;
use super::subscriptions::Subscriptions;
pub use super::table::TAP;
use super::table::{PeerNumber, Table};
use super::trust::{Nonces, Trust, token};
use super::wire::{Call, Record};

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

/// A member of the bus, pure: it does no I/O and reads no clock.
pub struct Member {
    identity: Identity,
    session: Session,
    table: Table,
    /// Numbers that this process has chosen itself: nobody can aim at their hashing, so it
    /// may be quick, as it may be wherever a map is of this kind.
    peers: FxHashMap<PeerNumber, Peer>,
    numbers: HashMap<String, PeerNumber>,
    next_peer: PeerNumber,
    conns: FxHashMap<Conn, Use>,
    /// Those who have dialed and are to prove the secret.
    challenged: FxHashMap<Conn, Challenged>,
    nonces: Nonces,
    /// Who did not prove the secret, as far as that was said.
    doubted: Once,
    /// By the certificates of those at the other end, where there are rules.
    rights: FxHashMap<Conn, Arc<Rights>>,
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
    totals: Totals,
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
            peers: FxHashMap::default(),
            numbers: HashMap::new(),
            next_peer: 1,
            conns: FxHashMap::default(),
            challenged: FxHashMap::default(),
            nonces,
            doubted: Once::default(),
            rights: FxHashMap::default(),
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
            totals: Totals::default(),
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
            let traffic = &mut self.totals.received;
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
