//! A link that nobody uses is closed by agreement, and dialed again when somebody
//! has something to say.
//!
//! The dialer asks with an `IdleClose`, and says nothing more until it is answered. The
//! other side answers `StayOpen` if it has something to say or a call there; else it
//! answers with an `IdleClose` of its own, says nothing more either, and waits for the
//! dialer to close. So when a link is closed like this nothing is under way on
//! it, and no call is with the other side. Handlers that go on replying to
//! calls that have their last reply are heard over the next link.

use super::Member;
use crate::bus::Millis;
use crate::bus::peer::LinkState;
use crate::bus::table::PeerNumber;
use crate::bus::wire::{IdleClose, Kind, StayOpen};

impl Member {
    /// Whether a link could be closed without anybody missing it.
    fn may_end(&self, number: PeerNumber) -> bool {
        let empty = |peer: &super::Peer| peer.outbox.is_empty();
        self.peers.get(&number).is_some_and(empty) && !self.calls.has_one_with(number)
    }

    /// When a link has been idle for so long that its dialer asks to close it.
    pub(super) fn idle_until(&self, peer: &super::Peer) -> Option<Millis> {
        let dialed = matches!(peer.link, LinkState::Up { dialed: true, .. });
        dialed.then(|| peer.active.saturating_add(self.identity.idle))
    }

    /// Asks to close a link that is idle.
    pub(super) fn tend_idle(&mut self, now: Millis, number: PeerNumber) {
        let may_end = self.may_end(number);
        let Some(peer) = self.peers.get(&number) else {
            return;
        };
        let is_idle = self.idle_until(peer).is_some_and(|at| at <= now);
        let LinkState::Up { conn, link, .. } = peer.link else {
            return;
        };
        if !is_idle {
            return;
        }
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.active = now;
            if may_end {
                peer.link = LinkState::Ending { conn, link };
                self.send(conn, Kind::IdleClose(IdleClose {}));
            }
        }
    }

    /// The other side has asked whether the link may be closed, or says that it
    /// may. False if that is out of order.
    #[must_use]
    pub(super) fn asked_to_end(&mut self, now: Millis, number: PeerNumber) -> bool {
        match self.peers.get(&number).map(|peer| &peer.link) {
            Some(LinkState::Ending { conn, .. }) => {
                let conn = *conn;
                self.close(conn);
                self.ended_idle(now, number);
                true
            }
            Some(LinkState::Up {
                conn,
                dialed: false,
                ..
            }) => {
                let conn = *conn;
                if !self.may_end(number) {
                    self.send(conn, Kind::StayOpen(StayOpen {}));
                    return true;
                }
                self.send(conn, Kind::IdleClose(IdleClose {}));
                if let Some(peer) = self.peers.get_mut(&number) {
                    peer.link = LinkState::Parting { conn };
                }
                true
            }
            _ => false,
        }
    }

    /// The other side wants to keep the link.
    #[must_use]
    pub(super) fn stay(&mut self, now: Millis, number: PeerNumber) -> bool {
        let Some(peer) = self.peers.get_mut(&number) else {
            return false;
        };
        let LinkState::Ending { conn, link } = peer.link else {
            return false;
        };
        peer.active = now;
        peer.link = LinkState::Up {
            conn,
            link,
            dialed: true,
        };
        self.tend_by(now.saturating_add(self.identity.idle));
        self.want_link(now, number);
        true
    }

    /// A link is closed, and nothing was lost with it.
    pub(super) fn ended_idle(&mut self, now: Millis, number: PeerNumber) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.link = LinkState::Idle;
            peer.ended_idle = true;
            peer.failures = 0;
        }
        self.recover(now, number);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bytes::Bytes;

    use super::*;
    use crate::bus::application::Delivery;
    use crate::bus::member::traffic::Calling;
    use crate::bus::member::{Action, Identity};
    use crate::bus::peer::Conn;
    use crate::bus::trust::token;
    use crate::bus::wire::{Changes, FromRegistry, Record, Reply, Told};

    const IDLE: Millis = 1_000;

    /// Two members that know each other, without delay between them.
    struct Pair {
        members: [Member; 2],
        wires: HashMap<(usize, Conn), (usize, Conn)>,
        told: [Vec<Delivery>; 2],
        now: Millis,
    }

    impl Pair {
        fn new() -> Self {
            let member = |n: usize| {
                Member::new(Identity {
                    address: n.to_string(),
                    idle: IDLE,
                    ..Identity::of(&n.to_string())
                })
            };
            let mut members = [member(0), member(1)];
            let record = |n: usize| Record {
                member: n.to_string(),
                token: token::told(&n.to_string()),
                address: n.to_string(),
                ids: vec![format!("id{n}")],
                ..Record::default()
            };
            for (n, member) in members.iter_mut().enumerate() {
                member.serve(0, 1, &format!("id{n}"));
                let changes = Changes {
                    revision: 1,
                    records: vec![record(1 - n)],
                    ..Changes::default()
                };
                let kind = Some(Told::Changes(changes));
                member.registry_message(0, FromRegistry { kind });
            }
            Self {
                members,
                wires: HashMap::new(),
                told: [vec![], vec![]],
                now: 0,
            }
        }

        /// Until neither has anything to do.
        fn settle(&mut self) {
            loop {
                let mut is_quiet = true;
                for n in 0..2 {
                    for action in self.members[n].take_actions(self.now) {
                        is_quiet = false;
                        self.carry_out(n, action);
                    }
                    for conn in self.members[n].take_dirty() {
                        while let Some(packet) = self.members[n].next_packet(self.now, conn) {
                            is_quiet = false;
                            self.carry_out(n, Action::Send { conn, packet });
                        }
                    }
                }
                if is_quiet {
                    return;
                }
            }
        }

        fn carry_out(&mut self, n: usize, action: Action) {
            let now = self.now;
            match action {
                Action::Dial { conn, .. } => {
                    let other = self.members[1 - n].incoming(now);
                    self.wires.insert((n, conn), (1 - n, other));
                    self.wires.insert((1 - n, other), (n, conn));
                }
                Action::Send { conn, packet } => {
                    let (other, conn) = self.wires[&(n, conn)];
                    self.members[other].packet(now, conn, packet);
                }
                Action::Close { conn } => {
                    let (other, conn) = self.wires[&(n, conn)];
                    self.members[other].lost(now, conn, "closed");
                }
                Action::Deliver(delivery) => self.told[n].push(delivery),
                Action::ToRegistry(_) | Action::LeaveRegistry | Action::Move | Action::Left => {}
            }
        }

        fn after(&mut self, time: Millis) {
            self.now += time;
            for member in &mut self.members {
                member.tick(self.now);
            }
            self.settle();
        }

        fn are_linked(&self) -> bool {
            let mut peers = self.members.iter().flat_map(|m| m.peers.values());
            peers.all(|peer| peer.up().is_some())
        }

        fn call(&mut self, from: usize, timeout: Millis) {
            let calling = Calling {
                number: 7,
                to: format!("id{}", 1 - from),
                method: "m".to_owned(),
                body: Bytes::from_static(b"[]"),
                timeout,
                many: true,
                trace: String::new(),
            };
            self.members[from].call(self.now, calling);
            self.settle();
        }

        fn reply(&mut self, to: usize, kind: &str) {
            let reply = Reply {
                number: 7,
                kind: kind.to_owned(),
                ..Reply::default()
            };
            self.members[1 - to].reply(self.now, 1, reply);
            self.settle();
        }
    }

    #[test]
    fn a_link_rests_when_no_call_is_with_either_side_and_later_replies_find_their_caller() {
        // The one that dials is the caller, and the other one is.
        for caller in [0, 1] {
            let mut pair = Pair::new();
            pair.call(0, 10 * IDLE);
            pair.reply(0, "");
            if caller == 1 {
                pair.call(1, 10 * IDLE);
            }
            assert!(pair.are_linked());
            if caller == 0 {
                pair.after(IDLE);
                assert!(!pair.are_linked(), "nothing keeps it");
                pair.reply(0, "onStatus");
                assert!(pair.are_linked(), "a later reply makes it again");
            } else {
                pair.after(IDLE);
                pair.after(IDLE);
                assert!(pair.are_linked(), "a call of the other side keeps it");
                pair.reply(1, "");
                pair.after(2 * IDLE);
                assert!(!pair.are_linked());
                pair.reply(1, "onStatus");
            }
            let of_kind = |wanted: &str| {
                let is_it =
                    |d: &&Delivery| matches!(d, Delivery::Reply { kind, .. } if kind == wanted);
                pair.told[caller].iter().filter(is_it).count()
            };
            assert_eq!((of_kind(""), of_kind("onStatus")), (1, 1));
            let lost = |d: &Delivery| matches!(d, Delivery::Failed { .. });
            assert!(!pair.told.iter().flatten().any(lost));
        }
    }
}
