//! A link that nobody uses is closed in peace, and dialed again when somebody
//! has something to say.
//!
//! The dialer asks with a Rest, and says nothing more until it is answered. The
//! other side answers Stay if it has something to say or a call there; else it
//! answers with a Rest of its own, says nothing more either, and waits for the
//! dialer to close. So when a link is closed like this nothing is under way on
//! it, and no call is with the other side. Handlers that go on replying to
//! calls that have their last reply are heard over the next link.

use super::Member;
use crate::bus::Millis;
use crate::bus::peer::LinkState;
use crate::bus::table::PeerNumber;
use crate::bus::wire::{Kind, Rest, Stay};

impl Member {
    /// Whether a link could be closed without anybody missing it.
    fn may_rest(&self, number: PeerNumber) -> bool {
        let empty = |peer: &super::Peer| peer.outbox.is_empty();
        self.peers.get(&number).is_some_and(empty) && !self.calls.has_one_with(number)
    }

    /// When a link has been idle for so long that its dialer asks to close it.
    pub(super) fn rest_at(&self, peer: &super::Peer) -> Option<Millis> {
        let dialed = matches!(peer.link, LinkState::Up { dialed: true, .. });
        dialed.then(|| peer.active.saturating_add(self.identity.idle))
    }

    /// Asks to close a link that is idle.
    pub(super) fn tend_idle(&mut self, now: Millis, number: PeerNumber) {
        let may_rest = self.may_rest(number);
        let Some(peer) = self.peers.get(&number) else {
            return;
        };
        let is_idle = self.rest_at(peer).is_some_and(|at| at <= now);
        let LinkState::Up { conn, link, .. } = peer.link else {
            return;
        };
        if !is_idle {
            return;
        }
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.active = now;
            if may_rest {
                peer.link = LinkState::Resting { conn, link };
                self.send(conn, Kind::Rest(Rest {}));
            }
        }
    }

    /// The other side has asked whether the link may be closed, or says that it
    /// may. False if that is out of order.
    #[must_use]
    pub(super) fn rest(&mut self, now: Millis, number: PeerNumber) -> bool {
        match self.peers.get(&number).map(|peer| &peer.link) {
            Some(LinkState::Resting { conn, .. }) => {
                let conn = *conn;
                self.close(conn);
                self.rested(now, number);
                true
            }
            Some(LinkState::Up {
                conn,
                dialed: false,
                ..
            }) => {
                let conn = *conn;
                if !self.may_rest(number) {
                    self.send(conn, Kind::Stay(Stay {}));
                    return true;
                }
                self.send(conn, Kind::Rest(Rest {}));
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
        let LinkState::Resting { conn, link } = peer.link else {
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
    pub(super) fn rested(&mut self, now: Millis, number: PeerNumber) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.link = LinkState::Idle;
            peer.rested = true;
        }
        self.recover(now, number);
    }
}
