//! The registry without its sockets: sessions and the time go in, messages to
//! sessions come out. `admission` is who is let in, `sessions` what they say, and what
//! they may not, `rights` what is not told of them where there are rules.
//!
//! Every change has a revision and goes to every session. A change is in effect
//! when every session has said that it applied its revision; one that is silent
//! is waited for a moment only, and not again before it has caught up.
//!
//! Telling everybody of a change costs as much as there are members, so the more
//! there are, the longer changes are gathered that follow one another: when all
//! come back at once, each is told of many by one message.

mod admission;
mod rights;
mod sessions;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use prost::Message as _;

use self::admission::Challenged;
use crate::bus::Millis;
use crate::bus::agreement::Terms;
use crate::bus::once::Once;
use crate::bus::profile::Profile;
use crate::bus::rules::Rights;
use crate::bus::trust::Nonces;
use crate::bus::wire::{Changes, Delta, Done, FromRegistry, Told};

/// A session of a member, as the host numbers it.
pub type SessionNumber = u32;

/// So long a change waits for those who have not applied it.
const APPLIED_TIMEOUT: Millis = 250;
/// Changes are told of at once, and then again after one ms for so many sessions.
const TOLD_PER_MS: usize = 50;
/// The largest part of what is told at once; a message may be four times as large.
const PIECE: usize = 1 << 20;
/// How many departures are remembered for members that come back.
const DEPARTURES: usize = 1_000;

/// What the host is to do.
#[derive(Debug)]
pub enum Action {
    /// Send to a session.
    Tell(SessionNumber, FromRegistry),
    /// Send what was given, and end.
    Close(SessionNumber),
    /// Tell the operator.
    Note(String),
}

#[derive(Default)]
struct Session {
    member: Option<String>,
    /// It is to prove the secret before it is let in.
    challenged: Option<Box<Challenged>>,
    /// It has had one.
    joined: bool,
    /// Of the protocol, once it has joined.
    version: u32,
    /// By the certificate that it has shown, where there are rules.
    rights: Option<Arc<Rights>>,
    applied: u64,
    lagging: bool,
}

struct Member {
    profile: Profile,
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

/// All members that a registry knows, and their sessions.
pub struct Directory {
    terms: Terms,
    nonces: Nonces,
    /// Who did not prove the secret, as far as that was said.
    doubted: Once,
    /// Who was denied what, as far as that was said.
    denied: Once,
    epoch: u64,
    revision: u64,
    sessions: HashMap<SessionNumber, Session>,
    /// Until when those that were opened have to have joined, the oldest first.
    openings: VecDeque<(Millis, SessionNumber)>,
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
    /// An empty directory. Each has an epoch of its own, never 0, and entropy that is
    /// random and told to nobody.
    pub fn new(terms: Terms, epoch: u64, entropy: &[u8; 32]) -> Self {
        Self {
            terms,
            nonces: Nonces::new(entropy),
            doubted: Once::default(),
            denied: Once::forgetting(),
            epoch: epoch | 1,
            revision: 0,
            sessions: HashMap::new(),
            openings: VecDeque::new(),
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
        let first = self.departures.partition_point(|(at, _)| *at <= since);
        let gone = self.departures.range(first..);
        let gone = gone.filter(|(_, name)| !self.members.contains_key(name));
        Changes {
            revision: self.revision,
            records: new.map(|member| member.profile.record()).collect(),
            gone: gone.map(|(_, name)| name.clone()).collect(),
            whole,
            deltas: Vec::new(),
        }
    }

    /// A member is as it says.
    fn set(&mut self, now: Millis, profile: Profile, session: SessionNumber) {
        let who = &profile.who;
        if let Some(member) = self.members.get_mut(&who.member) {
            member.session = Some(session);
            if let Some(at) = member.expires.take() {
                self.expiries.remove(&(at, who.member.clone()));
            }
            if member.profile == profile {
                return;
            }
            if member.profile.who == *who {
                self.revision += 1;
                self.untold.push(member.profile.delta_to(&profile));
                member.revision = self.revision;
                member.profile = profile;
                return self.tell_all(now);
            }
        }
        self.revision += 1;
        let member = Member {
            revision: self.revision,
            whole: self.revision,
            session: Some(session),
            expires: None,
            profile,
        };
        self.members
            .insert(member.profile.who.member.clone(), member);
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
        let pieces = in_pieces(changes, told);
        let joined = self.sessions.iter().filter(|(_, s)| s.member.is_some());
        let mut sessions: Vec<SessionNumber> = joined.map(|(number, _)| *number).collect();
        sessions.sort_unstable();
        self.quiet_until = now + (sessions.len() / TOLD_PER_MS) as Millis;
        for session in sessions {
            for piece in &pieces {
                self.tell(session, Told::Changes(piece.clone()));
            }
        }
    }

    fn await_effect(&mut self, now: Millis, session: SessionNumber, request: u32, leaving: bool) {
        self.barriers.push_back(Barrier {
            revision: self.revision,
            session,
            request,
            leaving,
            until: now + APPLIED_TIMEOUT,
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

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        let expired = self.expiries.iter().take_while(|(at, _)| *at <= now);
        let expired: Vec<String> = expired.map(|(_, name)| name.clone()).collect();
        for name in expired {
            self.remove(now, &name);
        }
        self.end_unjoined(now);
        self.tell_all(now);
        self.settle(now);
    }

    /// When `tick` is to be called.
    pub fn alarm(&self) -> Option<Millis> {
        let expiry = self.expiries.first().map(|(at, _)| *at);
        let barrier = self.barriers.front().map(|barrier| barrier.until);
        let untold = (self.told < self.revision).then_some(self.quiet_until);
        let opening = self.openings.front().map(|(by, _)| *by);
        let all = expiry.into_iter().chain(barrier);
        all.chain(untold).chain(opening).min()
    }
}

/// Changes in messages that are not too large. All but the last leave a member where it
/// was: one that is cut off between is told all of it again.
fn in_pieces(changes: Changes, since: u64) -> Vec<Changes> {
    if changes.encoded_len() <= PIECE {
        return vec![changes];
    }
    let piece = |whole| Changes {
        revision: since,
        whole,
        ..Changes::default()
    };
    let mut pieces = Vec::new();
    let mut last = piece(changes.whole);
    let mut size = 0;
    let mut room_for = |length: usize, last: &mut Changes| {
        size += length;
        if size > PIECE && size > length {
            size = length;
            pieces.push(std::mem::replace(last, piece(false)));
        }
    };
    for record in changes.records {
        room_for(record.encoded_len(), &mut last);
        last.records.push(record);
    }
    for delta in changes.deltas {
        room_for(delta.encoded_len(), &mut last);
        last.deltas.push(delta);
    }
    last.gone = changes.gone;
    last.revision = changes.revision;
    pieces.push(last);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::wire::Record;

    #[test]
    fn what_is_told_comes_in_pieces_that_a_message_has_room_for_and_that_are_all_of_it() {
        let record = |n: usize, ids: usize| Record {
            member: n.to_string(),
            ids: vec!["x".repeat(250); ids],
            ..Record::default()
        };
        for (count, ids) in [(0, 0), (3, 10), (9, 4_000), (40, 500)] {
            let changes = Changes {
                revision: 9,
                records: (0..count).map(|n| record(n, ids)).collect(),
                gone: vec!["gone".to_owned()],
                whole: true,
                deltas: vec![Delta::default(); 3],
            };
            let pieces = in_pieces(changes.clone(), 4);
            let mut all = Changes::default();
            for (n, piece) in pieces.into_iter().enumerate() {
                assert!(piece.encoded_len() < 2 * PIECE);
                assert_eq!(piece.whole, n == 0);
                all.whole |= piece.whole;
                all.records.extend(piece.records);
                all.deltas.extend(piece.deltas);
                all.gone.extend(piece.gone);
                assert!(all.revision <= 4, "only the last is as of now");
                all.revision = piece.revision;
            }
            assert_eq!(all, changes);
        }
    }
}
