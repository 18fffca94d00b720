//! Another member, as this one sees it: the link to it and what waits for it.

use super::Millis;
use super::outbox::{Assembly, Outbox};
use super::wire::Hello;

/// A transport that may carry a link: a number of this member's.
pub type Conn = u32;

/// Where the link to a peer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// None, and none is needed.
    Idle,
    /// This member has dialed and waits for the Welcome.
    Dialing {
        conn: Conn,
        link: u64,
        since: Millis,
    },
    /// Frames pass.
    Up { conn: Conn, link: u64, dialed: bool },
    /// Dialing failed and is tried again later.
    Pause { until: Millis, why: String },
}

/// See the module.
pub struct Peer {
    /// Its name.
    pub name: String,
    /// What it shows on its links, once the registry has told.
    pub token: String,
    /// host:port of its endpoint.
    pub address: String,
    /// The registry has it.
    pub known: bool,
    /// A new registry has not mentioned it since then.
    pub unconfirmed: Option<Millis>,
    pub link: LinkState,
    /// The last link that stood.
    pub previous: u64,
    pub failures: u32,
    pub outbox: Outbox,
    pub assembly: Assembly,
}

/// How a Hello is answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is the link from now on; what there was before is given up.
    Accept,
    /// Another link is the one.
    Crossed,
}

impl Peer {
    /// A peer of which nothing is known but its name.
    pub fn new(name: String) -> Self {
        Self {
            name,
            token: String::new(),
            address: String::new(),
            known: false,
            unconfirmed: None,
            link: LinkState::Idle,
            previous: 0,
            failures: 0,
            outbox: Outbox::default(),
            assembly: Assembly::default(),
        }
    }

    /// The transport of the link that stands.
    pub fn up(&self) -> Option<Conn> {
        match self.link {
            LinkState::Up { conn, .. } => Some(conn),
            _ => None,
        }
    }

    /// Whether a request sent now would find a way, as far as is known.
    pub fn seems_reachable(&self) -> bool {
        !matches!(self.link, LinkState::Pause { .. })
    }

    /// What to do with a Hello of this peer. Both sides come to one link:
    ///
    /// - both dial: the dial of the member whose name is the lower one counts;
    /// - the link stands and I had dialed it: the peer answered, so it knows of
    ///   it. A Hello that does not mention it was sent before that;
    /// - the link stands and the peer had dialed it: a peer dials one at a time,
    ///   so it has given the former up.
    pub fn answer(&self, hello: &Hello, me: &str) -> Answer {
        let accept = match &self.link {
            LinkState::Idle | LinkState::Pause { .. } => true,
            LinkState::Dialing { .. } => self.name.as_str() < me,
            LinkState::Up { link, dialed, .. } => !dialed || hello.previous == *link,
        };
        if accept {
            Answer::Accept
        } else {
            Answer::Crossed
        }
    }
}
