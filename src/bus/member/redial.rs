//! Members that cannot be dialed: tried again later, told of once, and what waits
//! for them finds another way if there is one.

use super::Member;
use crate::bus::Millis;
use crate::bus::calls::Stage;
use crate::bus::peer::LinkState;
use crate::bus::table::PeerNumber;
use crate::bus::wire::{Frame, Kind};
use crate::grpc::backoff::Doubling;

/// Between dials that fail.
pub(super) const PAUSES: Doubling = Doubling {
    first: 50,
    longest: 1_000,
};
/// A member that cannot be dialed for so long, and that the registry still has,
/// is not one that has just ended.
const UNREACHABLE: Millis = 4_000;

impl Member {
    pub(super) fn dial_failed(&mut self, now: Millis, number: PeerNumber, why: String) {
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        peer.failures += 1;
        let pause = PAUSES.after(peer.failures);
        // Members that lost each other at once should not return at once.
        let jitter = self.next_link % 20;
        self.pause(now + pause + jitter, number, why);
        let known = self.peers.get(&number).is_some_and(|peer| peer.known);
        if known {
            self.complain(now, number);
            self.send_elsewhere(now, number);
        } else {
            self.give_up(now, number);
        }
    }

    /// The link is gone: another at once if something waits for it, but not while the
    /// peer ends each that it is given.
    pub(super) fn link_lost(&mut self, now: Millis, number: PeerNumber, why: &str) {
        let peer = self.peers.get_mut(&number);
        let at_once = peer.is_none_or(|peer| peer.lost_link(now));
        if at_once {
            self.recover(now, number);
        } else {
            self.dial_failed(now, number, why.to_owned());
        }
    }

    /// Says once that a member which the registry has cannot be dialed.
    fn complain(&mut self, now: Millis, number: PeerNumber) {
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        let (since, told) = *peer.failing.get_or_insert((now, false));
        if told || now - since < UNREACHABLE {
            return;
        }
        peer.failing = Some((since, true));
        let whom = self.describe(number);
        self.note(
            true,
            format!(
                "the registry has the member {whom}, and it cannot be dialed from here: it has to \
                 advertise an address that this machine reaches (OWT_GRPC_ADVERTISE there), and \
                 firewalls between have to let its port through"
            ),
        );
    }

    pub(super) fn pause(&mut self, until: Millis, number: PeerNumber, why: String) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.link = LinkState::Pause { until, why };
            self.tend_by(until);
        }
    }

    /// What waits for a peer that is hard to reach goes to others who serve the
    /// same ids, if there are any.
    fn send_elsewhere(&mut self, now: Millis, number: PeerNumber) {
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        for waiting in peer.outbox.take_requests() {
            let id = match &waiting.frame.kind {
                Some(Kind::Call(call)) => Some(call.to.clone()),
                Some(Kind::Cast(cast)) => Some(cast.to.clone()),
                _ => None,
            };
            match id.and_then(|id| self.choose(&id)) {
                Some(other) if other != number => self.route_again(now, waiting.frame),
                _ => {
                    if let Some(peer) = self.peers.get_mut(&number) {
                        peer.outbox.put_back(waiting);
                    }
                }
            }
        }
    }

    fn route_again(&mut self, now: Millis, frame: Frame) {
        match frame.kind {
            Some(Kind::Call(call)) => {
                if matches!(self.calls.stage(call.number), Some(Stage::Queued(_))) {
                    self.route_call(now, call);
                }
            }
            Some(Kind::Cast(cast)) => self.route_cast(now, cast),
            _ => self.counters.dropped += 1,
        }
    }

    /// Forgets a peer that is gone: what waits for it finds another, waits for
    /// one, or is dropped.
    pub(super) fn give_up(&mut self, now: Millis, number: PeerNumber) {
        let Some(mut peer) = self.peers.remove(&number) else {
            return;
        };
        self.numbers.remove(&*peer.name);
        self.given_up(number, None);
        if let LinkState::Dialing { conn, .. } = peer.link {
            self.close(conn);
        }
        for waiting in peer.outbox.take_requests() {
            self.route_again(now, waiting.frame);
        }
    }
}
