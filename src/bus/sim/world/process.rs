//! A process: a member, at times the registry, and what its application has in
//! mind.

use std::collections::HashSet;

use rustc_hash::FxHashMap;

use super::Event;
use crate::bus::member::{Identity, Member};
use crate::bus::peer::Conn;
use crate::bus::sim::network::{End, Time};
use crate::registry::candidates::{CANDIDATES, Search};
use crate::registry::directory::{Directory, SessionNumber};

pub(super) enum Purpose {
    Link(Conn),
    /// A member's way to the registry.
    Registry,
    /// At the registry.
    Session(SessionNumber),
}

pub(super) struct Process {
    pub(super) alive: bool,
    pub(super) died: Time,
    /// Of the world's, or [`INTRUDER`].
    pub(super) build: usize,
    /// It is replaced: takes nothing new on, and leaves soon.
    pub(super) retiring: bool,
    /// The processes that calls of fixed ids are for.
    /// Calls that end with a reply, unless this process ends before.
    pub(super) sure: HashSet<u32>,
    pub(super) callees: FxHashMap<u32, usize>,
    /// The members that calls were for which members answer themselves.
    pub(super) asked: FxHashMap<u32, String>,
    pub(super) taps: bool,
    pub(super) member: Member,
    pub(super) directory: Option<Directory>,
    pub(super) ends: FxHashMap<End, Purpose>,
    pub(super) conns: FxHashMap<Conn, End>,
    pub(super) registry: Option<End>,
    /// Where it looks for one.
    pub(super) search: Search,
    /// It keeps what it has, and does nothing, since then.
    pub(super) stopped_since: Option<Time>,
    /// How often it was.
    pub(super) stops: u32,
    /// What waits for it to go on.
    pub(super) kept: Vec<Event>,
    pub(super) sessions: FxHashMap<SessionNumber, End>,
    pub(super) next_session: SessionNumber,
    pub(super) next_call: u32,
    pub(super) next_request: u32,
    pub(super) subscription: u32,
    pub(super) served: Vec<String>,
    pub(super) ticking: Option<Time>,
}

/// The build of one that is not to get in.
pub(super) const INTRUDER: usize = 2;

impl Process {
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped_since.is_some()
    }

    pub(super) fn is_intruder(&self) -> bool {
        self.build == INTRUDER
    }

    pub(super) fn new(identity: Identity, build: usize) -> Self {
        Self {
            alive: true,
            died: Time::MAX,
            build,
            retiring: false,
            sure: HashSet::new(),
            callees: FxHashMap::default(),
            asked: FxHashMap::default(),
            taps: false,
            member: Member::new(identity),
            directory: None,
            ends: FxHashMap::default(),
            conns: FxHashMap::default(),
            registry: None,
            search: Search::among(CANDIDATES),
            stopped_since: None,
            stops: 0,
            kept: Vec::new(),
            sessions: FxHashMap::default(),
            next_session: 1,
            next_call: 1,
            next_request: 1,
            subscription: 1,
            served: Vec::new(),
            ticking: None,
        }
    }
}
