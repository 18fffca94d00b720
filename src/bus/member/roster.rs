//! Who the other members are, as the registry tells it.

use super::Member;
use crate::bus::Millis;
use crate::bus::bounds::{self, Violation};
use crate::bus::peer::Peer;
use crate::bus::session::asked;
use crate::bus::table::PeerNumber;
use crate::bus::wire::{Applied, Asked, Changes, Record};

/// A new registry has so long to hear of a member that the former one knew.
const CONFIRM: Millis = 5_000;

impl Member {
    /// Who is new, who has changed, and who has gone.
    pub(super) fn apply(&mut self, now: Millis, changes: Changes) {
        self.avoid(&changes.records);
        if changes.whole {
            let confirm_by = now + CONFIRM;
            for peer in self.peers.values_mut().filter(|peer| peer.known) {
                peer.unconfirmed.get_or_insert(now);
            }
            self.tend_by(confirm_by);
        }
        for record in changes.records {
            if record.member == self.identity.name {
                continue;
            }
            match bounds::of_record(&record) {
                Ok(()) => self.learn(now, record),
                Err(violation) => self.pass_over(&record.member, &violation),
            }
        }
        for delta in changes.deltas {
            let Some(number) = self.numbers.get(&delta.member).copied() else {
                continue;
            };
            match bounds::of_delta(&delta) {
                Ok(()) => {
                    let new = self.table.change(number, delta);
                    self.served(now, &new);
                }
                Err(violation) => self.pass_over(&delta.member, &violation),
            }
        }
        for name in changes.gone {
            self.forget(now, &name);
        }
        self.session.revision = changes.revision;
        let revision = changes.revision;
        self.tell_registry(asked(Asked::Applied(Applied { revision })));
    }

    /// A registry that looks at what it is told does not tell of such.
    fn pass_over(&mut self, member: &str, violation: &Violation) {
        let name: String = member.chars().take(bounds::LONGEST_NAME).collect();
        let what = &violation.0;
        self.note(
            true,
            format!("the registry tells of a member {name} with {what}: that is passed over"),
        );
    }

    fn learn(&mut self, now: Millis, record: Record) {
        let number = self.number_of(&record.member);
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.token.clone_from(&record.token);
            peer.address.clone_from(&record.address);
            peer.known = true;
            peer.unconfirmed = None;
        }
        let new = self.table.set(number, record);
        self.served(now, &new);
    }

    fn number_of(&mut self, name: &str) -> PeerNumber {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.next_peer;
        self.next_peer += 1;
        self.numbers.insert(name.to_owned(), number);
        self.peers.insert(number, Peer::new(name));
        number
    }

    fn forget(&mut self, now: Millis, name: &str) {
        let Some(number) = self.numbers.get(name).copied() else {
            return;
        };
        self.table.remove(number);
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        peer.known = false;
        peer.unconfirmed = None;
        // A link that stands goes on for what is under way on it.
        if peer.stands().is_none() {
            self.give_up(now, number);
        }
    }

    /// A member says itself that it does not serve an id.
    pub(super) fn doubt(&mut self, now: Millis, peer: PeerNumber, id: &str) {
        self.table.doubt(now, peer, id);
        if let Some(until) = self.table.doubts_until() {
            self.tend_by(until);
        }
    }

    /// When a peer is forgotten that a new registry has not heard of.
    pub(super) fn forget_at(peer: &Peer) -> Option<Millis> {
        peer.unconfirmed.map(|since| since + CONFIRM)
    }

    pub(super) fn tend_unconfirmed(&mut self, now: Millis) {
        let mut unconfirmed: Vec<String> = self
            .peers
            .values()
            .filter(|peer| Self::forget_at(peer).is_some_and(|at| at <= now))
            .map(|peer| peer.name.to_string())
            .collect();
        unconfirmed.sort_unstable();
        for name in unconfirmed {
            self.forget(now, &name);
        }
    }
}
