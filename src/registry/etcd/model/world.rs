//! Members on that etcd, and all that happens to them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::store::Store;
use crate::bus::Millis;
use crate::bus::agreement::Terms;
use crate::bus::session::asked;
use crate::bus::wire::{Announce, Asked, Delta, Join, Record, Told};
use crate::registry::etcd::keys::{Keys, Seen, Write, Written};
use crate::registry::etcd::replica::{Action, LEASE, Replica};

/// From then on nothing breaks any more.
const CALM: Millis = 8_000;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Open,
    Deliver,
    Follow,
    Listed,
    FollowListed,
    Granted,
    Written(Box<WriteKey>),
    Tick,
    Announce,
    Fault(u8),
}

/// When, in which order, to whom, in which session of it, and what.
type Due = (Millis, u64, usize, u32, What);

/// Writes are kept in a table: what is queued has to be ordered.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WriteKey(usize);

pub(super) struct Actor {
    pub(super) replica: Replica,
    /// Of this session; what belongs to a former one does not arrive.
    session: u32,
    open: bool,
    /// How far its watches have been delivered, in the history.
    watch: Option<usize>,
    follow: Option<usize>,
    pub(super) record: Record,
    pub(super) request: u32,
    pub(super) done: u32,
    /// What it was told: the ids of each member.
    pub(super) view: BTreeMap<String, Vec<String>>,
    lost_at: Millis,
}

pub(super) struct World {
    pub(super) now: Millis,
    random: fastrand::Rng,
    keys: Keys,
    store: Store,
    pub(super) actors: Vec<Actor>,
    queue: BinaryHeap<Reverse<Due>>,
    next: u64,
    pub(super) writes: Vec<Write>,
    /// Done is to mean that all know.
    pub(super) strict: bool,
    pub(super) dones: usize,
    log: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64, members: usize) -> Self {
        let mut world = Self {
            now: 0,
            random: fastrand::Rng::with_seed(seed),
            keys: Keys::new("/p", &Terms::of("c")),
            store: Store {
                revision: 1,
                ..Store::default()
            },
            actors: Vec::new(),
            queue: BinaryHeap::new(),
            next: 0,
            writes: Vec::new(),
            strict: false,
            dones: 0,
            log: Vec::new(),
        };
        for number in 0..members {
            let name = format!("m{number}");
            world.actors.push(Actor {
                replica: Replica::new(name.clone(), Terms::of("c"), seed + number as u64),
                session: 0,
                open: false,
                watch: None,
                follow: None,
                record: Record {
                    member: name.clone(),
                    token: format!("t{number}"),
                    ..Record::default()
                },
                request: 0,
                done: 0,
                view: BTreeMap::new(),
                lost_at: 0,
            });
            let at = world.random.u64(0..200);
            world.at(at, number, What::Open);
            for _ in 0..3 {
                let at = world.random.u64(0..6_000);
                world.at(at, number, What::Announce);
            }
            for _ in 0..2 {
                let at = world.random.u64(0..6_000);
                let fault = world.random.u8(0..3);
                world.at(at, number, What::Fault(fault));
            }
        }
        world
    }

    pub(super) fn at(&mut self, after: Millis, actor: usize, what: What) {
        let session = self.actors[actor].session;
        self.next += 1;
        self.queue
            .push(Reverse((self.now + after, self.next, actor, session, what)));
    }

    fn soon(&mut self, actor: usize, what: What) {
        let after = self.random.u64(1..15);
        self.at(after, actor, what);
    }

    pub(super) fn run(&mut self, until: Millis) {
        while let Some(Reverse((at, _, _, _, _))) = self.queue.peek() {
            if *at > until {
                break;
            }
            let Some(Reverse((at, _, actor, session, what))) = self.queue.pop() else {
                break;
            };
            self.now = at;
            let of_session = !matches!(what, What::Announce | What::Fault(_) | What::Open);
            if of_session && session != self.actors[actor].session {
                continue;
            }
            self.happen(actor, what);
            self.act(actor);
        }
        self.now = until;
    }

    pub(super) fn run_or_tell(&mut self, seed: u64, until: Millis) {
        let run = std::panic::AssertUnwindSafe(|| {
            self.run(until);
            self.check();
        });
        if std::panic::catch_unwind(run).is_err() {
            for line in &self.log {
                eprintln!("{line}");
            }
            panic!("SIM_SEED={seed}");
        }
    }

    fn lose(&mut self, actor: usize) {
        let this = &mut self.actors[actor];
        if !this.open {
            return;
        }
        this.open = false;
        this.session += 1;
        this.watch = None;
        this.follow = None;
        this.lost_at = self.now;
        this.replica.lost();
        let after = self.random.u64(10..7_000);
        self.at(after, actor, What::Open);
    }

    fn happen(&mut self, actor: usize, what: What) {
        let now = self.now;
        match what {
            What::Open => self.open(actor),
            What::Announce => self.announce(actor),
            What::Deliver => self.deliver(actor),
            What::Follow => {
                if let Some(from) = self.actors[actor].follow {
                    let news = self.news(from, true);
                    self.actors[actor].follow = Some(self.store.history.len());
                    self.actors[actor].replica.followed(now, news);
                }
            }
            What::Listed => {
                let all = self.list(false);
                let revision = u64::try_from(self.store.revision).unwrap();
                self.actors[actor].replica.listed(now, revision, all);
            }
            What::FollowListed => {
                let all = self.list(true);
                self.actors[actor].follow = Some(self.store.history.len());
                self.actors[actor].replica.followed(now, all);
            }
            What::Granted if self.refuses() => self.actors[actor].replica.grant_refused(now),
            What::Granted => {
                self.store.next_lease += 1;
                let lease = self.store.next_lease;
                self.store.leases.insert(lease);
                self.actors[actor].replica.leased(now, lease);
            }
            What::Written(write) => self.written(actor, write.0),
            What::Tick => self.actors[actor].replica.tick(now),
            What::Fault(0) => self.lose(actor),
            What::Fault(1) => {
                if let Some(lease) = self.actors[actor].replica.lease() {
                    self.store.end_lease(lease);
                    self.tell_watchers();
                }
            }
            What::Fault(_) => self.store.compacted = self.store.revision,
        }
    }

    fn open(&mut self, actor: usize) {
        let now = self.now;
        if self.actors[actor].open {
            return;
        }
        let this = &mut self.actors[actor];
        if let Some(lease) = this.replica.lease() {
            if now - this.lost_at > u64::from(LEASE) * 1000 {
                self.store.end_lease(lease);
            }
            if !self.store.leases.contains(&lease) {
                this.replica.lease_lost();
            }
        }
        if this.replica.lease().is_none() {
            self.store.next_lease += 1;
            let lease = self.store.next_lease;
            self.store.leases.insert(lease);
            this.replica.leased(now, lease);
        }
        this.replica
            .found(7, u64::try_from(self.store.revision).unwrap());
        this.open = true;
        let join = Join {
            record: Some(this.record.clone()),
            request: this.request,
            ..Join::default()
        };
        this.replica.asked(now, asked(Asked::Join(join)));
    }

    fn announce(&mut self, actor: usize) {
        let now = self.now;
        let this = &mut self.actors[actor];
        this.request += 1;
        let id = format!("{:06}", this.request);
        this.record.ids.push(id.clone());
        if this.open {
            let announce = Announce {
                request: this.request,
                delta: Some(Delta {
                    ids: vec![id],
                    ..Delta::default()
                }),
            };
            this.replica.asked(now, asked(Asked::Announce(announce)));
        }
    }

    fn written(&mut self, actor: usize, write: usize) {
        let now = self.now;
        let write = &self.writes[write];
        let name = format!("m{actor}");
        let txn = self.keys.write(&name, write);
        let how = if self.refuses() {
            Written::Refused
        } else {
            let answer = self.store.txn(&txn);
            answer.map_or(Written::NoLease, |answer| self.keys.written(&answer))
        };
        self.tell_watchers();
        // The answer is on its way for a while: it may never arrive.
        if self.random.u8(0..100) == 0 && self.now < CALM {
            self.lose(actor);
        } else {
            self.actors[actor].replica.written(now, how);
        }
    }

    /// Full, or somebody takes rights away: until it is calm.
    fn refuses(&mut self) -> bool {
        self.random.u8(0..20) == 0 && self.now < CALM
    }

    fn tell_watchers(&mut self) {
        for actor in 0..self.actors.len() {
            self.soon(actor, What::Deliver);
            self.soon(actor, What::Follow);
        }
    }

    fn list(&self, applied: bool) -> Vec<Seen> {
        let all = self.store.keys.values();
        let all = all.filter_map(|key| self.keys.seen(key, false));
        all.filter(|seen| is_of(seen, applied)).collect()
    }

    fn news(&self, from: usize, applied: bool) -> Vec<Seen> {
        let all = self.store.history[from..].iter();
        let all = all.filter_map(|event| self.keys.event(event));
        all.filter(|seen| is_of(seen, applied)).collect()
    }

    fn deliver(&mut self, actor: usize) {
        let Some(from) = self.actors[actor].watch else {
            return;
        };
        let news = self.news(from, false);
        self.actors[actor].watch = Some(self.store.history.len());
        let revision = u64::try_from(self.store.revision).unwrap();
        self.actors[actor].replica.watched(self.now, revision, news);
    }

    fn act(&mut self, actor: usize) {
        loop {
            let actions = self.actors[actor].replica.take_actions();
            if actions.is_empty() {
                break;
            }
            for action in actions {
                self.carry_out(actor, action);
            }
        }
        if let Some(alarm) = self.actors[actor].replica.alarm() {
            let after = alarm.saturating_sub(self.now).max(1);
            self.at(after, actor, What::Tick);
        }
    }

    fn carry_out(&mut self, actor: usize, action: Action) {
        self.log.push(format!("{} m{actor} {action:?}", self.now));
        match action {
            Action::Tell(message) => match message.kind {
                Some(Told::Changes(changes)) => self.apply(actor, changes),
                Some(Told::Done(done)) => self.done(actor, done.request),
                Some(Told::Refusal(refusal)) => panic!("{}", refusal.text),
                _ => {}
            },
            Action::Warn(text) => panic!("{text}"),
            Action::Grant => self.soon(actor, What::Granted),
            Action::Revoke(lease) => self.store.end_lease(lease),
            Action::List => self.soon(actor, What::Listed),
            Action::Follow => self.soon(actor, What::FollowListed),
            Action::Unfollow => self.actors[actor].follow = None,
            Action::Watch { from } => {
                let from = i64::try_from(from).unwrap();
                self.actors[actor].replica.watching(self.now);
                if from <= self.store.compacted {
                    self.actors[actor].replica.compacted();
                    return;
                }
                let first = self.store.history.iter().position(|event| {
                    event
                        .kv
                        .as_ref()
                        .is_some_and(|key| key.mod_revision >= from)
                });
                self.actors[actor].watch = Some(first.unwrap_or(self.store.history.len()));
                self.soon(actor, What::Deliver);
            }
            Action::Write(write) => {
                self.writes.push(write);
                let write = What::Written(Box::new(WriteKey(self.writes.len() - 1)));
                self.soon(actor, write);
            }
        }
    }
}

fn is_of(seen: &Seen, applied: bool) -> bool {
    applied == matches!(seen, Seen::Applied { .. } | Seen::Silent { .. })
}
