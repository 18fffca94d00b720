//! The registry's part of a member's session where the registry is etcd, without
//! sockets: what the member says and what etcd tells goes in with the time, what
//! the member is told and what etcd is asked comes out.
//!
//! A replica outlives its session: what it knows is continued in the next one.

mod eldest;
mod news;
mod words;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::effects::Effects;
use super::keys::Write;
use crate::bus::Millis;
use crate::bus::agreement::Terms;
use crate::bus::profile::Profile;
use crate::bus::wire::{Done, FromRegistry, Reason, Refusal, Told};

/// A member that etcd does not hear of is kept so long, in seconds.
pub const LEASE: u32 = 5;
/// So long a change waits for the eldest's word. The eldest waits less long for
/// those who are behind; if it is silent itself, this is the end.
const EFFECT_TIMEOUT: Millis = 400;
/// So long a member is known on whose lease has ended: if it lives it notices, and
/// is back before.
const GRACE: Millis = 1_000;
/// The longest pause between two writes that only tell how far a member is.
const LONGEST_GAP: Millis = 100;

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Tell the member.
    Tell(FromRegistry),
    /// Tell its operator.
    Warn(String),
    /// Ask for a lease; answered by `leased`.
    Grant,
    /// Give it back: nothing that goes with it is needed.
    Revoke(i64),
    /// Read everything; answered by `listed`.
    List,
    /// Watch from this revision on; answered by `watching`, then `watched`, or by
    /// `compacted`.
    Watch { from: u64 },
    /// Read how far the members are, and watch it; answered by `watched`, and by
    /// `unfollowed` when that ends.
    Follow,
    /// Nothing more is to be heard of how far others are.
    Unfollow,
    /// Answered by `written`.
    Write(Write),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no session.
    Closed,
    /// It does not know everything yet.
    Joining,
    Open,
}

/// What the member wants known of itself.
#[derive(Default)]
struct Own {
    profile: Option<Profile>,
    /// Whether the member is leaving.
    gone: bool,
    /// The request that made the record what it is.
    request: u32,
    /// etcd has to be told.
    dirty: bool,
    /// When its key was written last, 0 if there is none.
    modified: u64,
}

/// A change of this member's that is not in effect yet.
struct Barrier {
    revision: u64,
    request: u32,
    leaving: bool,
    until: Millis,
}

/// One member's copy of what etcd has, and what it makes known there.
pub struct Replica {
    name: String,
    terms: Terms,
    epoch: u64,
    phase: Phase,
    lease: Option<i64>,
    own: Own,
    /// When each member's key came to be.
    members: BTreeMap<String, u64>,
    /// The same, the eldest first.
    ages: BTreeSet<(u64, String)>,
    /// Those whose keys went without a word, and until when they are known on.
    missing: BTreeMap<String, Millis>,
    /// Of what is known, 0 if it is not to be continued.
    revision: u64,
    /// Of what the member was told last, and what it has applied.
    told: u64,
    applied: u64,
    effects: Effects,
    following: bool,
    barriers: VecDeque<Barrier>,
    /// The one under way.
    write: Option<Write>,
    next_write: Millis,
    /// What etcd has refused is tried again then.
    write_again: Millis,
    grant_again: Option<Millis>,
    /// What others have been told of this member, and by it.
    acknowledged: u64,
    published: u64,
    random: u64,
    /// etcd has taken what this member wrote, once.
    has_stood: bool,
    actions: Vec<Action>,
}

impl Replica {
    /// A replica for one member. `seed` is any number: members differ in it.
    pub fn new(name: String, terms: Terms, seed: u64) -> Self {
        Self {
            name,
            terms,
            epoch: 0,
            phase: Phase::Closed,
            lease: None,
            own: Own::default(),
            members: BTreeMap::new(),
            ages: BTreeSet::new(),
            missing: BTreeMap::new(),
            revision: 0,
            told: 0,
            applied: 0,
            effects: Effects::default(),
            following: false,
            barriers: VecDeque::new(),
            write: None,
            next_write: 0,
            write_again: 0,
            grant_again: None,
            acknowledged: 0,
            published: 0,
            random: seed | 1,
            has_stood: false,
            actions: Vec::new(),
        }
    }

    /// What is to be done, in order.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// What the member's key goes with.
    pub fn lease(&self) -> Option<i64> {
        self.lease
    }

    /// Whether it matters how far others are.
    pub fn follows(&self) -> bool {
        self.following
    }

    fn tell(&mut self, kind: Told) {
        let message = FromRegistry { kind: Some(kind) };
        self.actions.push(Action::Tell(message));
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.tell(Told::Refusal(refusal));
    }

    /// etcd answers: which it is, and the revision it is at.
    pub fn found(&mut self, cluster: u64, revision: u64) {
        let epoch = cluster | 1;
        if epoch != self.epoch || revision < self.revision {
            // Not the one that is known, or it has lost its memory.
            self.revision = 0;
            self.effects.restart();
            self.acknowledged = 0;
            self.published = 0;
            self.own.modified = 0;
        }
        self.epoch = epoch;
    }

    /// There is a lease.
    pub fn leased(&mut self, now: Millis, lease: i64) {
        self.lease = Some(lease);
        self.write_what_is_due(now);
    }

    /// It is gone, and all keys with it.
    pub fn lease_lost(&mut self) {
        if self.lease.take().is_none() {
            return;
        }
        self.own.dirty = true;
        self.acknowledged = 0;
        self.published = 0;
        if self.phase == Phase::Closed {
            // Who knows what else is gone.
            self.revision = 0;
        } else {
            self.actions.push(Action::Grant);
        }
    }

    /// Whether etcd has ever let this member in.
    pub fn has_stood(&self) -> bool {
        self.has_stood
    }

    /// The session is gone. The member goes on with what it knows.
    pub fn lost(&mut self) {
        self.write_again = 0;
        self.grant_again = None;
        self.phase = Phase::Closed;
        self.following = false;
        self.effects.forget_all();
        // It may have been done, or not.
        if self
            .write
            .take()
            .is_some_and(|write| write.record.is_some())
        {
            self.own.dirty = true;
        }
        self.actions.clear();
    }

    /// Up to where etcd has told what is watched.
    pub fn reached(&self) -> u64 {
        self.revision
    }

    /// Whether what this member is, is in etcd or on its way there.
    pub fn is_written(&self) -> bool {
        !self.own.dirty
    }

    /// The watch stands: nothing is missed from now on.
    pub fn watching(&mut self, now: Millis) {
        if self.phase == Phase::Open {
            return; // Again, and nothing was missed.
        }
        self.phase = Phase::Open;
        if !self.own.dirty {
            // All is as it was. Who was there knows it, who came has read it.
            self.has_stood = true;
            self.await_effect(now, self.own.modified);
        }
        self.turn(now);
    }

    /// What it was to begin with is not there any more.
    pub fn compacted(&mut self) {
        self.phase = Phase::Joining;
        self.actions.push(Action::List);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        self.turn(now);
    }

    /// When `tick` is to be called.
    pub fn alarm(&self) -> Option<Millis> {
        if self.phase != Phase::Open {
            return None;
        }
        let barrier = self.barriers.front().map(|barrier| barrier.until);
        let eldest = self.effects.deadline(self.known());
        let eldest = eldest.filter(|_| self.is_eldest());
        let can_write = self.write.is_none() && self.lease.is_some();
        let write = self.write_due().filter(|_| can_write);
        let missing = self.missing.values().min().copied();
        [barrier, eldest, write, self.grant_again, missing]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due by now.
    fn turn(&mut self, now: Millis) {
        if self.phase != Phase::Open {
            return;
        }
        self.give_up_missing(now);
        self.tend_effects(now);
        if self.grant_again.take_if(|at| *at <= now).is_some() {
            self.actions.push(Action::Grant);
        }
        while let Some(first) = self.barriers.front() {
            if first.revision > self.effects.settled() && first.until > now {
                break;
            }
            let Some(barrier) = self.barriers.pop_front() else {
                break;
            };
            if barrier.leaving
                && let Some(lease) = self.lease.take()
            {
                self.actions.push(Action::Revoke(lease));
            }
            let request = barrier.request;
            self.tell(Told::Done(Done { request }));
        }
        self.write_what_is_due(now);
    }
}

fn name_taken(name: &str) -> Refusal {
    let text = format!("another member has the name {name:?}");
    Refusal::new(Reason::NameTaken, text)
}
