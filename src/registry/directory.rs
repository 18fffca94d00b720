//! The registry without its sockets: sessions and the time go in, messages to
//! sessions come out.
//!
//! Every change has a revision and goes to every session. A change is in effect
//! when every session has said that it applied its revision; one that is silent
//! is waited for a moment only, and not again before it has caught up.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::bus::Millis;
use crate::bus::wire::{
    Asked, Changes, Done, FromRegistry, Join, Joined, Reason, Record, Refusal, ToRegistry, Told,
    mismatch,
};

/// A session of a member, as the host numbers it.
pub type SessionNumber = u32;

/// A member that lost its session is kept so long.
const LEASE: Millis = 2_000;
/// So long a change waits for those who have not applied it.
const PATIENCE: Millis = 250;
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
    revision: u64,
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
                let member = self.member_of(session);
                match announce.record {
                    Some(record) if member.as_deref() == Some(&record.member) => {
                        self.set(record, session);
                        self.await_effect(now, session, announce.request, false);
                    }
                    _ => self.refuse(session, out_of_order("an Announce")),
                }
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
                self.remove(&member);
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
        self.set(record, session);
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

    fn changes_since(&self, since: u64, whole: bool) -> Changes {
        let new = self.members.values().filter(|m| m.revision > since);
        let gone = self.departures.iter().filter(|(at, _)| *at > since);
        let gone = gone.filter(|(_, name)| !self.members.contains_key(name));
        Changes {
            revision: self.revision,
            records: new.map(|member| member.record.clone()).collect(),
            gone: gone.map(|(_, name)| name.clone()).collect(),
            whole,
        }
    }

    /// A member is as its record says.
    fn set(&mut self, record: Record, session: SessionNumber) {
        if let Some(member) = self.members.get_mut(&record.member) {
            member.session = Some(session);
            member.expires = None;
            if member.record == record {
                return;
            }
        }
        self.revision += 1;
        self.broadcast(&Changes {
            revision: self.revision,
            records: vec![record.clone()],
            gone: Vec::new(),
            whole: false,
        });
        let member = Member {
            revision: self.revision,
            session: Some(session),
            expires: None,
            record,
        };
        self.members.insert(member.record.member.clone(), member);
    }

    fn remove(&mut self, name: &str) {
        if self.members.remove(name).is_none() {
            return;
        }
        self.revision += 1;
        self.departures.push_back((self.revision, name.to_owned()));
        if self.departures.len() > DEPARTURES {
            self.departures.pop_front();
        }
        self.broadcast(&Changes {
            revision: self.revision,
            records: Vec::new(),
            gone: vec![name.to_owned()],
            whole: false,
        });
    }

    fn broadcast(&mut self, changes: &Changes) {
        let joined = self.sessions.iter().filter(|(_, s)| s.member.is_some());
        let mut sessions: Vec<SessionNumber> = joined.map(|(number, _)| *number).collect();
        sessions.sort_unstable();
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
            if self.sessions.values().any(waits) {
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
        }
        self.settle(now);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        let expired = |member: &&Member| member.expires.is_some_and(|at| at <= now);
        let expired = self.members.values().filter(expired);
        let expired: Vec<String> = expired.map(|m| m.record.member.clone()).collect();
        for name in expired {
            self.remove(&name);
        }
        self.settle(now);
    }

    /// When `tick` is to be called.
    pub fn alarm(&self) -> Option<Millis> {
        let expiries = self.members.values().filter_map(|member| member.expires);
        let barrier = self.barriers.front().map(|barrier| barrier.until);
        expiries.chain(barrier).min()
    }
}

fn out_of_order(what: &str) -> Refusal {
    Refusal::new(Reason::Other, format!("{what} is not expected here"))
}
