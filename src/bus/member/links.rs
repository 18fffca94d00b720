//! The links to other members: made when there is something to send, told from
//! one another when two are made at once, made again when they break.

use super::{Action, Member, Use, operator, rights};
use crate::bus::Millis;
use crate::bus::application::Failure;
use crate::bus::assembly::Assembly;
use crate::bus::peer::{Conn, LinkState};
use crate::bus::table::PeerNumber;
use crate::bus::wire::{Frame, Kind, Packet, frame};

/// What a peer may take to welcome a dial, and a dialer to say who it is.
const GREETING: Millis = 5_000;
/// How often those that wait are looked at.
const LOOK: Millis = 500;

impl Member {
    /// Somebody has opened a transport. Returns its number.
    pub fn incoming(&mut self, now: Millis) -> Conn {
        let conn = self.new_conn(Use::Greeting { since: now });
        self.tend_by(now + GREETING);
        conn
    }

    fn new_conn(&mut self, used: Use) -> Conn {
        let conn = self.next_conn;
        self.next_conn += 1;
        self.conns.insert(conn, used);
        conn
    }

    /// Something waits for a peer.
    pub(super) fn want_link(&mut self, now: Millis, number: PeerNumber) {
        let Some(peer) = self.peers.get(&number) else {
            return;
        };
        match peer.link {
            LinkState::Idle => self.dial(now, number),
            LinkState::Up { conn, .. } => {
                if self.dirty.last() != Some(&conn) {
                    self.dirty.push(conn);
                }
            }
            LinkState::Dialing { .. }
            | LinkState::Pause { .. }
            | LinkState::Ending { .. }
            | LinkState::Parting { .. } => {}
        }
    }

    fn dial(&mut self, now: Millis, number: PeerNumber) {
        let conn = self.new_conn(Use::Link(number));
        let link = self.next_link;
        self.next_link = self.next_link.wrapping_add(2);
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        peer.attempted = link;
        let (name, previous) = (peer.name.to_string(), peer.previous);
        peer.link = LinkState::Dialing {
            conn,
            link,
            since: now,
        };
        let address = peer.address.clone();
        self.actions.push(Action::Dial { conn, address });
        self.greet(conn, number, link, previous, name);
        self.tend_by(now + GREETING);
    }

    pub(super) fn send(&mut self, conn: Conn, kind: Kind) {
        let packet = Packet {
            frames: vec![frame(kind)],
        };
        self.actions.push(Action::Send { conn, packet });
    }

    pub(super) fn close(&mut self, conn: Conn) {
        self.challenged.remove(&conn);
        self.rights.remove(&conn);
        if self.conns.remove(&conn).is_some() {
            self.actions.push(Action::Close { conn });
        }
    }

    /// A packet has come.
    pub fn packet(&mut self, now: Millis, conn: Conn, packet: Packet) {
        for frame in packet.frames {
            match self.conns.get(&conn) {
                Some(Use::Greeting { .. }) => self.approached(now, conn, frame),
                Some(Use::Link(number)) => {
                    let number = *number;
                    self.linked(now, conn, number, frame);
                }
                // Given up: what it still brings does not count.
                None => return,
            }
        }
    }

    /// What came cannot be read.
    pub fn garbage(&mut self, now: Millis, conn: Conn, why: &str) {
        let whose = match self.conns.get(&conn) {
            Some(Use::Link(number)) => self.describe(*number),
            Some(Use::Greeting { .. }) => "somebody".to_owned(),
            None => return,
        };
        self.note(
            true,
            format!("{whose} does not keep to the bus protocol ({why}): the link was closed"),
        );
        self.actions.push(Action::Close { conn });
        self.lost(now, conn, "it does not keep to the bus protocol");
    }

    pub(super) fn link_up(
        &mut self,
        now: Millis,
        number: PeerNumber,
        conn: Conn,
        link: u64,
        dialed: bool,
        version: u32,
    ) {
        let rights = self.rights_on(conn);
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.version = version;
            peer.rights = rights;
            peer.link = LinkState::Up { conn, link, dialed };
            self.totals.reconnects += u64::from(peer.previous != 0 && !peer.ended_idle);
            peer.active = now;
            peer.ended_idle = false;
            peer.previous = link;
            peer.mine = dialed.then_some(link);
            if !dialed {
                peer.theirs = Some(link);
            }
            peer.up_since = now;
            peer.failing = None;
            self.counters.links += 1;
        }
        if dialed {
            self.tend_by(now.saturating_add(self.identity.idle));
        }
        self.begin_standing(number);
        self.want_link(now, number);
    }

    /// A frame on a transport that is one peer's.
    fn linked(&mut self, now: Millis, conn: Conn, number: PeerNumber, frame: Frame) {
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        if let LinkState::Dialing { link, .. } = peer.link {
            return self.answered(now, conn, number, link, frame);
        }
        match peer.assembly.take(frame, self.identity.max_message) {
            Ok(Some(whole)) => {
                let in_order = match whole.kind {
                    Some(Kind::IdleClose(_)) => self.asked_to_end(now, number),
                    Some(Kind::StayOpen(_)) => self.stay(now, number),
                    Some(kind) => {
                        peer.active = now;
                        peer.failures = 0;
                        let by_rights = rights::objection(peer, &kind);
                        match by_rights.or_else(|| operator::objection(peer, &kind)) {
                            Some(denial) => self.deny(now, number, kind, denial),
                            None => self.receive(now, number, kind),
                        }
                        true
                    }
                    None => true,
                };
                if !in_order {
                    self.garbage(now, conn, "an IdleClose or StayOpen that nobody asked for");
                }
            }
            Ok(None) => peer.active = now,
            Err(violation) => self.garbage(now, conn, &violation.0),
        }
    }

    /// A transport is gone, or could not be opened.
    pub fn lost(&mut self, now: Millis, conn: Conn, why: &str) {
        self.challenged.remove(&conn);
        self.rights.remove(&conn);
        let Some(Use::Link(number)) = self.conns.remove(&conn) else {
            return;
        };
        match self.peers.get(&number).map(|peer| &peer.link) {
            Some(LinkState::Dialing { conn: current, .. }) if *current == conn => {
                self.dial_failed(now, number, why.to_owned());
            }
            Some(LinkState::Up { conn: current, .. } | LinkState::Ending { conn: current, .. })
                if *current == conn =>
            {
                self.link_down(number, why);
                self.link_lost(now, number, why);
            }
            Some(LinkState::Parting { conn: current }) if *current == conn => {
                self.ended_idle(now, number);
            }
            _ => {}
        }
    }

    /// Ends what was on a link. It may have arrived, so it is not sent again.
    pub(super) fn link_down(&mut self, number: PeerNumber, why: &str) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.link = LinkState::Idle;
            peer.standing = None;
            peer.ended_idle = false;
            peer.assembly = Assembly::default();
            peer.outbox.link_lost();
        }
        self.given_up(number, None);
        let detail = format!("{}: {why}", self.describe(number));
        for call in self.calls.lost_with(number) {
            self.fail(call, Failure::PeerLost, detail.clone());
        }
    }

    /// After a loss: a new link at once if something waits for it.
    pub(super) fn recover(&mut self, now: Millis, number: PeerNumber) {
        let Some(peer) = self.peers.get(&number) else {
            return;
        };
        if !peer.known {
            self.give_up(now, number);
        } else if !peer.outbox.is_empty() {
            self.dial(now, number);
        }
    }

    /// The next packet for a transport that can take one.
    pub fn next_packet(&mut self, now: Millis, conn: Conn) -> Option<Packet> {
        let Some(Use::Link(number)) = self.conns.get(&conn).copied() else {
            return None;
        };
        let peer = self.peers.get_mut(&number)?;
        if peer.up() != Some(conn) {
            return None;
        }
        let calls = &mut self.calls;
        peer.outbox.next_packet(|number_of_call, frame| {
            let left = calls.send(number_of_call, number, now);
            if let (Some(left), Some(Kind::Call(call))) = (left, &mut frame.kind) {
                call.timeout = left;
            }
            left.is_some()
        })
    }

    pub(super) fn tend_links(&mut self, now: Millis) {
        let silent: Vec<Conn> = self
            .conns
            .iter()
            .filter(|(_, used)| matches!(used, Use::Greeting { since } if since + GREETING <= now))
            .map(|(conn, _)| *conn)
            .collect();
        for conn in silent {
            self.close(conn);
        }
        // Most members of a large group have nothing to do with each other.
        let peers = self.peers.iter();
        let busy = peers.filter(|(_, peer)| !peer.is_unused());
        let mut numbers: Vec<PeerNumber> = busy.map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        for number in numbers {
            self.tend_link(now, number);
        }
    }

    fn tend_link(&mut self, now: Millis, number: PeerNumber) {
        self.drop_expired(now, number);
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        match peer.link {
            LinkState::Dialing { conn, since, .. } if since + GREETING <= now => {
                self.close(conn);
                let why = format!("no answer within {} s", GREETING / 1000);
                self.dial_failed(now, number, why);
            }
            LinkState::Pause { until, .. } if until <= now => {
                if peer.outbox.is_empty() {
                    peer.link = LinkState::Idle;
                } else {
                    self.dial(now, number);
                }
            }
            LinkState::Up { .. } => self.tend_idle(now, number),
            _ => {}
        }
    }

    pub(super) fn links_alarm(&self, now: Millis) -> Option<Millis> {
        let peers = self.peers.values().filter_map(|peer| match peer.link {
            LinkState::Dialing { since, .. } => Some((since + GREETING).min(now + LOOK)),
            LinkState::Pause { until, .. } => Some(until),
            LinkState::Up { .. } => self.idle_until(peer),
            LinkState::Idle | LinkState::Ending { .. } | LinkState::Parting { .. } => None,
        });
        let greetings = self.conns.values().filter_map(|used| match used {
            Use::Greeting { since } => Some(since + GREETING),
            Use::Link(_) => None,
        });
        let unconfirmed = self.peers.values().filter_map(Member::forget_at);
        peers.chain(greetings).chain(unconfirmed).min()
    }
}
