//! Casts and messages that are dropped: counted, and told of by spells.

use super::{Action, Member};
use crate::bus::Millis;
use crate::bus::table::PeerNumber;

/// Casts and messages wait so long for a link.
const TIME_TO_LIVE: Millis = 5_000;
const MIB: usize = 1 << 20;

impl Member {
    /// There is no room for one more that is for a peer.
    pub(super) fn overflowed(&mut self, now: Millis, number: PeerNumber) {
        let Some(peer) = self.peers.get(&number) else {
            return self.counters.dropped += 1;
        };
        let (frames, bytes) = peer.outbox.depth();
        self.dropped(now, number, 1, || {
            let size = bytes / MIB;
            format!("{frames} frames of {size} MiB wait for it, and it takes them too slowly")
        });
    }

    /// A peer does not read what it has asked for: its link is closed.
    pub(super) fn unread(&mut self, now: Millis, number: PeerNumber) {
        let Some(peer) = self.peers.get(&number) else {
            return;
        };
        let Some(conn) = peer.stands() else {
            return;
        };
        let size = peer.outbox.depth().1 / MIB;
        let why = format!("it does not read the replies to its calls, {size} MiB wait for it");
        let whom = self.describe(number);
        self.note(true, format!("the link of {whom} was closed: {why}"));
        self.actions.push(Action::Close { conn });
        self.lost(now, conn, &why);
    }

    /// Drops what has waited too long for a link.
    pub(super) fn drop_expired(&mut self, now: Millis, number: PeerNumber) {
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        if peer.stands().is_some() {
            return;
        }
        let count = peer.outbox.expire(now.saturating_sub(TIME_TO_LIVE)) as u64;
        self.dropped(now, number, count, || {
            let seconds = TIME_TO_LIVE / 1000;
            format!("there has been no link to it for {seconds} s")
        });
    }

    fn dropped(
        &mut self,
        now: Millis,
        number: PeerNumber,
        count: u64,
        why: impl FnOnce() -> String,
    ) {
        if count == 0 {
            return;
        }
        self.counters.dropped += count;
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        let begins = peer.losses.happened(now, count);
        if let Some(at) = peer.losses.alarm(now) {
            self.tend_by(at);
        }
        if begins {
            let whom = self.describe(number);
            let why = why();
            self.note(
                true,
                format!("casts and messages for {whom} are being dropped: {why}"),
            );
        }
    }

    /// Tells of the losses that are over.
    pub(super) fn tend_losses(&mut self, now: Millis) {
        let peers = self.peers.iter_mut().filter_map(|(number, peer)| {
            let over = peer.losses.over(now, peer.outbox.is_empty())?;
            Some((*number, over))
        });
        let over: Vec<_> = peers.collect();
        for (number, over) in over {
            let whom = self.describe(number);
            let seconds = over.took.div_ceil(1000);
            let count = over.count;
            self.note(
                true,
                format!("{count} casts and messages for {whom} were dropped within {seconds} s"),
            );
        }
    }

    /// When there may be some.
    pub(super) fn losses_alarm(&self, now: Millis) -> Option<Millis> {
        let peers = self.peers.values();
        peers.filter_map(|peer| peer.losses.alarm(now)).min()
    }
}
