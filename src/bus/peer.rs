//! Another member, as this one sees it: the link to it and what waits for it.

use std::sync::Arc;

use bytes::Bytes;

use super::Millis;
use super::assembly::Assembly;
use super::outbox::Outbox;
use super::rules::Rights;
use super::spells::Spells;
use super::standing::Standing;
use super::wire::Hello;

/// A link that has stood so long was of use, as one that has brought something.
const STOOD: Millis = 1_000;

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
    /// This member, which had dialed, has asked to close it; it stands until that
    /// is answered. Nothing is sent.
    Ending { conn: Conn, link: u64 },
    /// This member has agreed to that; it stands until the peer closes it.
    /// Nothing is sent, and nothing will come.
    Parting { conn: Conn },
    /// Dialing failed and is tried again later.
    Pause { until: Millis, why: String },
}

/// What this member knows of another, and has for it.
pub struct Peer {
    /// Its name.
    pub name: Arc<str>,
    /// What it shows on its links, once the registry has told.
    pub token: String,
    /// host:port of its endpoint.
    pub address: String,
    /// The registry has it.
    pub known: bool,
    /// A new registry has not mentioned it since then.
    pub unconfirmed: Option<Millis>,
    pub link: LinkState,
    /// What this member has said on its dial, as long as it is not answered.
    pub greeted: Option<Box<Greeted>>,
    /// Of the protocol, on the last link that stood; 0 before.
    pub version: u32,
    /// What it may do, by the certificate of the last link that stood; `None` where there
    /// are no rules.
    pub rights: Option<Arc<Rights>>,
    /// What the two have asked and proved of the operator's secret on the last link that
    /// stood; `None` where neither asks.
    pub standing: Option<Box<Standing>>,
    /// When something was last sent or received.
    pub active: Millis,
    /// The last link was closed because it was idle: nothing was lost with it.
    pub ended_idle: bool,
    /// The last link that stood.
    pub previous: u64,
    /// The same, if this member had dialed it.
    pub mine: Option<u64>,
    /// The last that this member has dialed.
    pub attempted: u64,
    /// The last that the peer had dialed and this member has accepted.
    pub theirs: Option<u64>,
    /// Since when the link stands.
    pub up_since: Millis,
    /// Dials that failed, and links that were lost at once, with none of use between.
    pub failures: u32,
    /// Since when dialing has failed, and whether that has been told.
    pub failing: Option<(Millis, bool)>,
    /// Casts and messages for it that were dropped.
    pub losses: Spells,
    pub outbox: Outbox,
    pub assembly: Assembly,
}

/// What this member has said where it has dialed.
pub struct Greeted {
    /// What it has said of itself.
    pub hello: Hello,
    /// What it was asked to prove something about.
    pub challenge: Option<Bytes>,
}

impl Greeted {
    /// What it said, and what it was asked to prove about it, if it was.
    pub fn challenged(self) -> Option<(Hello, Bytes)> {
        Some((self.hello, self.challenge?))
    }
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
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            token: String::new(),
            address: String::new(),
            known: false,
            unconfirmed: None,
            link: LinkState::Idle,
            greeted: None,
            version: 0,
            rights: None,
            standing: None,
            active: 0,
            ended_idle: false,
            previous: 0,
            mine: None,
            attempted: 0,
            theirs: None,
            up_since: 0,
            failures: 0,
            failing: None,
            losses: Spells::default(),
            outbox: Outbox::default(),
            assembly: Assembly::default(),
        }
    }

    /// The transport that takes frames.
    pub fn up(&self) -> Option<Conn> {
        match self.link {
            LinkState::Up { conn, .. } => Some(conn),
            _ => None,
        }
    }

    /// The transport of the link that stands, in use or about to be closed.
    pub fn stands(&self) -> Option<Conn> {
        match self.link {
            LinkState::Up { conn, .. }
            | LinkState::Ending { conn, .. }
            | LinkState::Parting { conn } => Some(conn),
            LinkState::Idle | LinkState::Dialing { .. } | LinkState::Pause { .. } => None,
        }
    }

    /// The link that stood is lost. Whether the next is to be made at once: the link
    /// was of use, or is the first that was not.
    pub fn lost_link(&mut self, now: Millis) -> bool {
        if self.failures > 0 && self.up_since + STOOD > now {
            return false;
        }
        self.failures = 1;
        true
    }

    /// Whether there is no link, and nothing waits for one.
    pub fn is_unused(&self) -> bool {
        matches!(self.link, LinkState::Idle) && self.outbox.is_empty()
    }

    /// Whether a reply may still be wanted: the callers have not been told that
    /// the link was lost.
    pub fn awaits_replies(&self) -> bool {
        self.stands().is_some() || self.ended_idle
    }

    /// Whether a request sent now would find a way, as far as is known.
    pub fn seems_reachable(&self) -> bool {
        !matches!(self.link, LinkState::Pause { .. })
    }

    /// What to do with a Hello of this peer. One that is late is not answered as if
    /// it were new: its sender has given it up. Both sides come to one link:
    ///
    /// - both dial: the dial of the member whose name is the lower one counts;
    /// - the link stands, in use or about to be closed: the peer has given it up.
    pub fn answer(&self, hello: &Hello, me: &str) -> Answer {
        let is_dialing = matches!(self.link, LinkState::Dialing { .. });
        if self.is_late(hello) || is_dialing && &*self.name > me {
            Answer::Crossed
        } else {
            Answer::Accept
        }
    }

    /// Whether something newer is known of the peer than what it says. Members
    /// number their links upwards.
    fn is_late(&self, hello: &Hello) -> bool {
        // The peer has answered a dial of mine, so it knew of that one, or of one
        // that I tried after it.
        let before_mine = self.mine.is_some_and(|link| {
            hello.previous.wrapping_sub(link) > self.attempted.wrapping_sub(link)
        });
        let overtaken = |link: u64| hello.link.wrapping_sub(link).wrapping_sub(1) >= 1 << 63;
        before_mine || self.theirs.is_some_and(overtaken)
    }
}
