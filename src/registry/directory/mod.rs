//! The registry without its sockets: sessions and the time go in, messages to
//! sessions come out.
//!
//! Every change has a revision and goes to every session. A change is in effect
//! when every session has said that it applied its revision; one that is silent
//! is waited for a moment only, and not again before it has caught up.
//!
//! Telling everybody of a change costs as much as there are members, so the more
//! there are, the longer changes are gathered that follow one another: when all
//! come back at once, each is told of many by one message.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::apart;
use crate::bus::Millis;
use crate::bus::wire::{
    Asked, Changes, Delta, Done, FromRegistry, Join, Joined, Reason, Record, Refusal, ToRegistry,
    Told, mismatch,
};

/// A session of a member, as the host numbers it.
pub type SessionNumber = u32;

/// A member that lost its session is kept so long.
const LEASE: Millis = 2_000;
/// So long a change waits for those who have not applied it.
const PATIENCE: Millis = 250;
/// Changes are told of at once, and then again after one ms for so many sessions.
const TOLD_PER_MS: usize = 50;
/// How many departures are remembered for members that come back.
const DEPARTURES: usize = 1_000;

/// What the host is to do.
#[derive(Debug)]
pub enum Action {
    /// Send to a session.
    Tell(SessionNumber, FromRegistry),
    /// Send what was given, and end.
    Close(SessionNumber),
}

#[derive(Default)]
struct Session {
    member: Option<String>,
    applied: u64,
    lagging: bool,
}

struct Member {
    record: Record,
    /// Of its last change.
    revision: u64,
    /// Of its last change that no delta tells.
    whole: u64,
    session: Option<SessionNumber>,
    expires: Option<Millis>,
}

/// A change that is not in effect yet.
struct Barrier {
    revision: u64,
    session: SessionNumber,
    request: u32,
    /// The session ends with it.
    leaving: bool,
    until: Millis,
}

/// See the module.
pub struct Directory {
    cluster: String,
    epoch: u64,
    revision: u64,
    sessions: HashMap<SessionNumber, Session>,
    members: BTreeMap<String, Member>,
    departures: VecDeque<(u64, String)>,
    barriers: VecDeque<Barrier>,
    /// A session that the first barrier was found to wait for.
    awaited: Option<SessionNumber>,
    /// When members without a session are forgotten.
    expiries: BTreeSet<(Millis, String)>,
    /// Every session has been told of all up to this revision.
    told: u64,
    /// What has changed since in records that have been told.
    untold: Vec<Delta>,
    /// Not told of more before.
    quiet_until: Millis,
    actions: Vec<Action>,
}

impl Directory {
    /// An empty directory. Each has an epoch of its own, never 0.
    pub fn new(cluster: String, epoch: u64) -> Self {
        Self {
            cluster,
            epoch: epoch | 1,
            revision: 0,
            sessions: HashMap::new(),
            members: BTreeMap::new(),
            departures: VecDeque::new(),
            barriers: VecDeque::new(),
            awaited: None,
            expiries: BTreeSet::new(),
            told: 0,
            untold: Vec::new(),
            quiet_until: 0,
            actions: Vec::new(),
        }
    }

    /// What is to be done, in order.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    fn tell(&mut self, session: SessionNumber, kind: Told) {
        let message = FromRegistry { kind: Some(kind) };
        self.actions.push(Action::Tell(session, message));
    }

    fn refuse(&mut self, session: SessionNumber, refusal: Refusal) {
        self.tell(session, Told::Refusal(refusal));
        self.sessions.remove(&session);
        self.actions.push(Action::Close(session));
    }

    /// A session says something.
    pub fn message(&mut self, now: Millis, session: SessionNumber, message: ToRegistry) {
        match message.kind {
            Some(Asked::Join(join)) => self.join(now, session, join),
            Some(Asked::Announce(announce)) => {
                let delta = announce.delta.unwrap_or_default();
                let own = self.member_of(session);
                let own = own.filter(|member| *member == delta.member);
                let Some(member) = own.and_then(|member| self.members.get(&member)) else {
                    return self.refuse(session, out_of_order("an Announce"));
                };
                let mut record = member.record.clone();
                delta.apply(&mut record);
                self.set(now, record, session);
                self.await_effect(now, session, announce.request, false);
            }
            Some(Asked::Applied(applied)) => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.applied = session.applied.max(applied.revision.min(self.revision));
                    session.lagging &= session.applied < self.revision;
                }
                self.settle(now);
            }
            Some(Asked::Leave(leave)) => {
                let Some(member) = self.member_of(session) else {
                    return self.refuse(session, out_of_order("a Leave"));
                };
                self.remove(now, &member);
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.member = None;
                }
                self.await_effect(now, session, leave.request, true);
            }
            None => {}
        }
    }

    fn member_of(&self, session: SessionNumber) -> Option<String> {
        self.sessions.get(&session)?.member.clone()
    }

    fn join(&mut self, now: Millis, session: SessionNumber, join: Join) {
        if let Some(refusal) = mismatch(join.version, &join.cluster, &self.cluster) {
            return self.refuse(session, refusal);
        }
        let Some(record) = join.record.filter(|record| !record.member.is_empty()) else {
            return self.refuse(session, out_of_order("a Join without a member"));
        };
        if let Some(present) = self.members.get(&record.member)
            && present.record.token != record.token
        {
            let text = format!("another member has the name {:?}", record.member);
            return self.refuse(session, Refusal::new(Reason::NameTaken, text));
        }
        let others = self.members.values().map(|member| &member.record);
        let others = others.filter(|other| other.member != record.member);
        if let Some(text) = apart::objection(&record, others) {
            return self.refuse(session, Refusal::new(Reason::Other, text));
        }
        // A member that comes back before its old session was missed.
        let former = self.members.get(&record.member).and_then(|m| m.session);
        if let Some(former) = former.filter(|former| *former != session) {
            self.sessions.remove(&former);
            self.actions.push(Action::Close(former));
        }
        let whole = join.epoch != self.epoch || !self.remembers(join.revision);
        let since = if whole { 0 } else { join.revision };
        let changes = self.changes_since(since, whole);
        self.tell(
            session,
            Told::Joined(Joined {
                epoch: self.epoch,
                lease_ms: u32::try_from(LEASE).unwrap_or(u32::MAX),
            }),
        );
        self.tell(session, Told::Changes(changes));
        let member = Some(record.member.clone());
        let entry = self.sessions.entry(session).or_default();
        entry.member = member;
        self.set(now, record, session);
        self.await_effect(now, session, join.request, false);
    }

    /// Whether every departure since a revision is remembered.
    fn remembers(&self, revision: u64) -> bool {
        let forgotten = self.departures.len() >= DEPARTURES
            && self
                .departures
                .front()
                .is_some_and(|(at, _)| *at > revision);
        revision <= self.revision && !forgotten
    }

    /// All that a member does not know which knows everything up to a revision.
    fn changes_since(&self, since: u64, whole: bool) -> Changes {
        self.changes(since, |member| member.revision > since, whole)
    }

    fn changes(&self, since: u64, is_new: impl Fn(&Member) -> bool, whole: bool) -> Changes {
        let new = self.members.values().filter(|member| is_new(member));
        let gone = self.departures.iter().filter(|(at, _)| *at > since);
        let gone = gone.filter(|(_, name)| !self.members.contains_key(name));
        Changes {
            revision: self.revision,
            records: new.map(|member| member.record.clone()).collect(),
            gone: gone.map(|(_, name)| name.clone()).collect(),
            whole,
            deltas: Vec::new(),
        }
    }

    /// A member is as its record says.
    fn set(&mut self, now: Millis, record: Record, session: SessionNumber) {
        if let Some(member) = self.members.get_mut(&record.member) {
            member.session = Some(session);
            if let Some(at) = member.expires.take() {
                self.expiries.remove(&(at, record.member.clone()));
            }
            if member.record == record {
                return;
            }
            if member.record.token == record.token && member.record.address == record.address {
                self.revision += 1;
                self.untold.push(Delta::between(&member.record, &record));
                member.revision = self.revision;
                member.record = record;
                return self.tell_all(now);
            }
        }
        self.revision += 1;
        let member = Member {
            revision: self.revision,
            whole: self.revision,
            session: Some(session),
            expires: None,
            record,
        };
        self.members.insert(member.record.member.clone(), member);
        self.tell_all(now);
    }

    fn remove(&mut self, now: Millis, name: &str) {
        let Some(member) = self.members.remove(name) else {
            return;
        };
        if let Some(at) = member.expires {
            self.expiries.remove(&(at, name.to_owned()));
        }
        self.revision += 1;
        self.departures.push_back((self.revision, name.to_owned()));
        self.tell_all(now);
        let told = |(at, _): &(u64, String)| *at <= self.told;
        if self.departures.len() > DEPARTURES && self.departures.front().is_some_and(told) {
            self.departures.pop_front();
        }
    }

    /// Tells every session of what has changed, unless they were told just now.
    fn tell_all(&mut self, now: Millis) {
        if now < self.quiet_until || self.told == self.revision {
            return;
        }
        let told = self.told;
        let mut changes = self.changes(told, |member| member.whole > told, false);
        changes.deltas = std::mem::take(&mut self.untold);
        let members = &self.members;
        let is_told = |delta: &Delta| members.get(&delta.member).is_some_and(|m| m.whole <= told);
        changes.deltas.retain(is_told);
        self.told = self.revision;
        let joined = self.sessions.iter().filter(|(_, s)| s.member.is_some());
        let mut sessions: Vec<SessionNumber> = joined.map(|(number, _)| *number).collect();
        sessions.sort_unstable();
        self.quiet_until = now + (sessions.len() / TOLD_PER_MS) as Millis;
        for session in sessions {
            self.tell(session, Told::Changes(changes.clone()));
        }
    }

    fn await_effect(&mut self, now: Millis, session: SessionNumber, request: u32, leaving: bool) {
        self.barriers.push_back(Barrier {
            revision: self.revision,
            session,
            request,
            leaving,
            until: now + PATIENCE,
        });
        self.settle(now);
    }

    /// Tells of the changes that have come into effect.
    fn settle(&mut self, now: Millis) {
        while let Some(first) = self.barriers.front() {
            let revision = first.revision;
            if first.until <= now {
                for session in self.sessions.values_mut() {
                    session.lagging |= session.applied < revision;
                }
            }
            let waits = |s: &Session| s.member.is_some() && !s.lagging && s.applied < revision;
            // Looking through all of them for each that answers would add up.
            let awaited = self.awaited.and_then(|number| self.sessions.get(&number));
            if awaited.is_some_and(waits) {
                return;
            }
            self.awaited = self
                .sessions
                .iter()
                .find(|(_, session)| waits(session))
                .map(|(number, _)| *number);
            if self.awaited.is_some() {
                return;
            }
            let Some(barrier) = self.barriers.pop_front() else {
                return;
            };
            if !self.sessions.contains_key(&barrier.session) {
                continue;
            }
            let request = barrier.request;
            self.tell(barrier.session, Told::Done(Done { request }));
            if barrier.leaving {
                self.sessions.remove(&barrier.session);
                self.actions.push(Action::Close(barrier.session));
            }
        }
    }

    /// A session is gone without a word.
    pub fn lost(&mut self, now: Millis, session: SessionNumber) {
        let Some(gone) = self.sessions.remove(&session) else {
            return;
        };
        let member = gone.member.and_then(|name| self.members.get_mut(&name));
        if let Some(member) = member.filter(|member| member.session == Some(session)) {
            member.session = None;
            member.expires = Some(now + LEASE);
            let name = member.record.member.clone();
            self.expiries.insert((now + LEASE, name));
        }
        self.settle(now);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        let expired = self.expiries.iter().take_while(|(at, _)| *at <= now);
        let expired: Vec<String> = expired.map(|(_, name)| name.clone()).collect();
        for name in expired {
            self.remove(now, &name);
        }
        self.tell_all(now);
        self.settle(now);
    }

    /// When `tick` is to be called.
    pub fn alarm(&self) -> Option<Millis> {
        let expiry = self.expiries.first().map(|(at, _)| *at);
        let barrier = self.barriers.front().map(|barrier| barrier.until);
        let untold = (self.told < self.revision).then_some(self.quiet_until);
        expiry.into_iter().chain(barrier).chain(untold).min()
    }
}

fn out_of_order(what: &str) -> Refusal {
    Refusal::new(Reason::Other, format!("{what} is not expected here"))
}
