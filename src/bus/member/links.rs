//! The links to other members: made when there is something to send, told from
//! one another when two are made at once, made again when they break.

use super::detour::FIRST_PAUSE;
use super::{Action, Member, Use};
use crate::bus::Millis;
use crate::bus::agreement::Side;
use crate::bus::application::Failure;
use crate::bus::assembly::Assembly;
use crate::bus::bounds;
use crate::bus::calls::Place;
use crate::bus::peer::{Answer, Conn, LinkState};
use crate::bus::table::PeerNumber;
use crate::bus::wire::{Frame, Hello, Kind, Packet, Reason, Refusal, Welcome, frame};

/// What a peer may take to welcome a dial, and a dialer to say who it is.
const GREETING: Millis = 5_000;
/// The pause after a dial that crossed the peer's: its link should stand by then.
const CROSSED_PAUSE: Millis = 100;
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
            | LinkState::Resting { .. }
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
        peer.link = LinkState::Dialing {
            conn,
            link,
            since: now,
        };
        let terms = &self.identity.terms;
        let hello = Hello {
            version: terms.versions.oldest(),
            newest_version: terms.versions.newest_if_another(),
            cluster: terms.cluster.clone(),
            member: self.identity.name.clone(),
            token: self.identity.token.clone(),
            link,
            previous: peer.previous,
            to: peer.name.clone(),
        };
        let address = peer.address.clone();
        self.actions.push(Action::Dial { conn, address });
        self.send(conn, Kind::Hello(hello));
        self.tend_by(now + GREETING);
    }

    pub(super) fn send(&mut self, conn: Conn, kind: Kind) {
        let packet = Packet {
            frames: vec![frame(kind)],
        };
        self.actions.push(Action::Send { conn, packet });
    }

    pub(super) fn close(&mut self, conn: Conn) {
        if self.conns.remove(&conn).is_some() {
            self.actions.push(Action::Close { conn });
        }
    }

    /// A packet has come.
    pub fn packet(&mut self, now: Millis, conn: Conn, packet: Packet) {
        for frame in packet.frames {
            match self.conns.get(&conn) {
                Some(Use::Greeting { .. }) => self.greeted(now, conn, frame),
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

    /// The first frame of somebody who dialed.
    fn greeted(&mut self, now: Millis, conn: Conn, frame: Frame) {
        let Some(Kind::Hello(hello)) = frame.kind else {
            return self.garbage(now, conn, "no Hello");
        };
        if let Err(violation) = bounds::of_hello(&hello) {
            return self.garbage(now, conn, &violation.0);
        }
        let version = match self.identity.terms.agree_with(Side::from(&hello)) {
            Ok(version) => version,
            Err(mismatch) => {
                return self.turn_away(conn, &hello, &mismatch.here, mismatch.there);
            }
        };
        match self.admit(&hello) {
            Ok(number) => self.accept(now, conn, number, &hello, version),
            Err(refusal) => {
                let here = refusal.text.clone();
                self.turn_away(conn, &hello, &here, refusal);
            }
        }
    }

    /// Refuses somebody who has dialed, and says so here, too, unless it will pass.
    fn turn_away(&mut self, conn: Conn, hello: &Hello, here: &str, refusal: Refusal) {
        if !matches!(refusal.reason(), Reason::Crossed | Reason::UnknownMember) {
            let text = format!("a link of {} was refused: {here}", hello.member);
            self.note(true, text);
        }
        self.send(conn, Kind::Refusal(refusal));
        self.close(conn);
    }

    fn admit(&self, hello: &Hello) -> Result<PeerNumber, Refusal> {
        if hello.to != self.identity.name {
            let text = format!("{} is not here any more", hello.to);
            return Err(Refusal::new(Reason::Other, text));
        }
        let taken = || Refusal::new(Reason::NameTaken, "another member has that name");
        if hello.member == self.identity.name {
            return Err(taken());
        }
        let number = self.numbers.get(&hello.member);
        let Some((number, peer)) = number.and_then(|n| Some((*n, self.peers.get(n)?))) else {
            let text = "the registry has not told of that member yet";
            return Err(Refusal::new(Reason::UnknownMember, text));
        };
        if peer.token != hello.token {
            return Err(taken());
        }
        match peer.answer(hello, &self.identity.name) {
            Answer::Accept => Ok(number),
            Answer::Crossed => Err(Refusal::new(Reason::Crossed, "another link is the one")),
        }
    }

    fn accept(&mut self, now: Millis, conn: Conn, number: PeerNumber, hello: &Hello, version: u32) {
        match self.peers.get(&number).map(|peer| peer.link.clone()) {
            Some(LinkState::Dialing { conn: mine, .. }) => self.close(mine),
            Some(LinkState::Parting { conn: former }) => {
                // It has closed that one, and this member did not see it yet.
                self.close(former);
                if let Some(peer) = self.peers.get_mut(&number) {
                    peer.rested = true;
                }
            }
            Some(LinkState::Up { conn: former, .. } | LinkState::Resting { conn: former, .. }) => {
                self.close(former);
                self.link_down(number, "it was made anew");
            }
            _ => {}
        }
        self.conns.insert(conn, Use::Link(number));
        // As members of before there were ranges say it, where that is the same.
        let told = if version == hello.version { 0 } else { version };
        self.send(conn, Kind::Welcome(Welcome { version: told }));
        self.link_up(now, number, conn, hello.link, false, version);
    }

    fn link_up(
        &mut self,
        now: Millis,
        number: PeerNumber,
        conn: Conn,
        link: u64,
        dialed: bool,
        version: u32,
    ) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.version = version;
            peer.link = LinkState::Up { conn, link, dialed };
            self.tally.reconnects += u64::from(peer.previous != 0 && !peer.rested);
            peer.active = now;
            peer.rested = false;
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
        self.want_link(now, number);
    }

    /// A frame on a transport that is one peer's.
    fn linked(&mut self, now: Millis, conn: Conn, number: PeerNumber, frame: Frame) {
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        if let LinkState::Dialing { link, .. } = peer.link {
            match frame.kind {
                Some(Kind::Welcome(welcome)) => {
                    match self.identity.terms.versions.chosen(welcome.version) {
                        Some(version) => self.link_up(now, number, conn, link, true, version),
                        None => self.garbage(now, conn, "a version that was not offered"),
                    }
                }
                Some(Kind::Refusal(refusal)) => self.refused(now, conn, number, &refusal),
                _ => self.garbage(now, conn, "no Welcome"),
            }
            return;
        }
        match peer.assembly.take(frame, self.identity.max_message) {
            Ok(Some(whole)) => {
                let in_order = match whole.kind {
                    Some(Kind::Rest(_)) => self.rest(now, number),
                    Some(Kind::Stay(_)) => self.stay(now, number),
                    Some(kind) => {
                        peer.active = now;
                        peer.failures = 0;
                        self.receive(now, number, kind);
                        true
                    }
                    None => true,
                };
                if !in_order {
                    self.garbage(now, conn, "a Rest or Stay that nobody asked for");
                }
            }
            Ok(None) => peer.active = now,
            Err(violation) => self.garbage(now, conn, &violation.0),
        }
    }

    fn refused(&mut self, now: Millis, conn: Conn, number: PeerNumber, refusal: &Refusal) {
        self.close(conn);
        let soon = match refusal.reason() {
            Reason::Crossed => CROSSED_PAUSE,
            Reason::UnknownMember => FIRST_PAUSE,
            _ => {
                let whom = self.describe(number);
                self.note(true, format!("{whom} refuses the link: {}", refusal.text));
                return self.dial_failed(now, number, refusal.text.clone());
            }
        };
        self.pause(now + soon, number, refusal.text.clone());
    }

    /// A transport is gone, or could not be opened.
    pub fn lost(&mut self, now: Millis, conn: Conn, why: &str) {
        let Some(Use::Link(number)) = self.conns.remove(&conn) else {
            return;
        };
        match self.peers.get(&number).map(|peer| &peer.link) {
            Some(LinkState::Dialing { conn: current, .. }) if *current == conn => {
                self.dial_failed(now, number, why.to_owned());
            }
            Some(
                LinkState::Up { conn: current, .. } | LinkState::Resting { conn: current, .. },
            ) if *current == conn => {
                self.link_down(number, why);
                self.link_lost(now, number, why);
            }
            Some(LinkState::Parting { conn: current }) if *current == conn => {
                self.rested(now, number);
            }
            _ => {}
        }
    }

    /// Ends what was on a link. It may have arrived, so it is not sent again.
    fn link_down(&mut self, number: PeerNumber, why: &str) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.link = LinkState::Idle;
            peer.rested = false;
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
            if let Some(Kind::Call(call)) = &mut frame.kind {
                call.timeout = calls.left(number_of_call, now);
            }
            calls.move_to(number_of_call, Place::Sent(number))
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
        let busy = peers.filter(|(_, peer)| !peer.is_at_rest());
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
            LinkState::Up { .. } => self.rest_at(peer),
            LinkState::Idle | LinkState::Resting { .. } | LinkState::Parting { .. } => None,
        });
        let greetings = self.conns.values().filter_map(|used| match used {
            Use::Greeting { since } => Some(since + GREETING),
            Use::Link(_) => None,
        });
        let unconfirmed = self.peers.values().filter_map(Member::forget_at);
        peers.chain(greetings).chain(unconfirmed).min()
    }
}
