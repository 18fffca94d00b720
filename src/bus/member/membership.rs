//! What this member wants known of itself, and what the registry tells of the
//! others.

use super::{Action, Member, Serving};
use crate::bus::Millis;
use crate::bus::application::Delivery;
use crate::bus::peer::Peer;
use crate::bus::session::{Effect, asked};
use crate::bus::table::{PeerNumber, SELF};
use crate::bus::wire::{Applied, Asked, Changes, FromRegistry, Record, ToRegistry, Told};

/// A new registry has so long to hear of a member that the former one knew.
const CONFIRM: Millis = 5_000;

impl Member {
    /// Serves an id. `Done` follows when everybody knows.
    pub fn serve(&mut self, now: Millis, request: u32, id: &str) {
        self.serving.insert(id.to_owned(), Serving::Active);
        let ids = &mut self.session.record.ids;
        if !ids.iter().any(|served| served == id) {
            ids.push(id.to_owned());
        }
        self.changed(now, Effect::Tell { request });
    }

    /// Serves an id no more. It is served until everybody knows.
    pub fn stop_serving(&mut self, now: Millis, request: u32, id: &str) {
        self.session.record.ids.retain(|served| served != id);
        if let Some(serving) = self.serving.get_mut(id) {
            *serving = Serving::Stopping(request);
        }
        let id = id.to_owned();
        self.changed(now, Effect::StopServing { request, id });
    }

    /// Adds patterns to a subscription of the application's.
    pub fn subscribe(
        &mut self,
        now: Millis,
        request: u32,
        subscription: u32,
        exchange: &str,
        patterns: &[String],
    ) {
        self.subscriptions.add(subscription, exchange, patterns);
        self.session.record.subscriptions = self.subscriptions.all();
        self.changed(now, Effect::Tell { request });
    }

    /// Takes patterns from a subscription of the application's.
    pub fn unsubscribe(
        &mut self,
        now: Millis,
        request: u32,
        subscription: u32,
        exchange: &str,
        patterns: &[String],
    ) {
        self.subscriptions.remove(subscription, exchange, patterns);
        self.session.record.subscriptions = self.subscriptions.all();
        self.changed(now, Effect::Withdrawn { request });
    }

    /// My own record is in the table like any other's.
    fn changed(&mut self, now: Millis, effect: Effect) {
        // The registry has been told that there is nothing any more.
        if self.leaving {
            return;
        }
        let new = self.table.set(SELF, self.session.record.clone());
        self.served(now, &new);
        if let Some(message) = self.session.announce(effect, now) {
            self.tell_registry(message);
        }
        if let Some(deadline) = self.session.next_deadline() {
            self.set_alarm(deadline);
        }
    }

    fn tell_registry(&mut self, message: ToRegistry) {
        self.actions.push(Action::ToRegistry(message));
    }

    /// Leaves: fails what is pending, tells the registry. `Left` follows.
    pub fn leave(&mut self, now: Millis) {
        if self.leaving {
            return;
        }
        self.leaving = true;
        self.close_calls();
        match self.session.leave(now) {
            Some(message) => {
                self.tell_registry(message);
                if let Some(deadline) = self.session.next_deadline() {
                    self.set_alarm(deadline);
                }
            }
            None => self.actions.push(Action::Left),
        }
    }

    /// There is a stream to a registry.
    pub fn registry_open(&mut self) {
        if !self.leaving {
            let message = self.session.open();
            self.tell_registry(message);
        }
    }

    /// The stream to the registry is gone.
    pub fn registry_lost(&mut self, why: &str) {
        if self.session.connected() {
            self.session.lost();
            let why = why.to_owned();
            self.deliver(Delivery::Parted { why });
        }
        if self.leaving {
            // No other registry is looked for: nobody will answer any more.
            let effects = self.session.done(u32::MAX);
            self.take_effect(effects);
        }
    }

    /// Whether a registry has ever let this member in.
    pub fn has_joined(&self) -> bool {
        self.session.epoch != 0
    }

    /// The registry says something.
    pub fn registry_message(&mut self, now: Millis, message: FromRegistry) {
        match message.kind {
            Some(Told::Joined(joined)) => self.session.joined(joined.epoch),
            Some(Told::Changes(changes)) => self.apply(now, changes),
            Some(Told::Done(done)) => {
                if self.session.has_joined(done.request) {
                    self.deliver(Delivery::Joined);
                }
                let effects = self.session.done(done.request);
                self.take_effect(effects);
            }
            Some(Told::Refusal(refusal)) => {
                let why = refusal.text;
                self.deliver(Delivery::Refused { why });
            }
            None => {}
        }
    }

    fn apply(&mut self, now: Millis, changes: Changes) {
        if changes.whole {
            let confirm_by = now + CONFIRM;
            for peer in self.peers.values_mut().filter(|peer| peer.known) {
                peer.unconfirmed.get_or_insert(now);
            }
            self.tend_by(confirm_by);
        }
        for record in changes.records {
            if record.member != self.identity.name {
                self.learn(now, record);
            }
        }
        for delta in changes.deltas {
            if let Some(number) = self.numbers.get(&delta.member).copied() {
                let new = self.table.change(number, delta);
                self.served(now, &new);
            }
        }
        for name in changes.gone {
            self.forget(now, &name);
        }
        self.session.revision = changes.revision;
        let revision = changes.revision;
        self.tell_registry(asked(Asked::Applied(Applied { revision })));
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
        self.peers.insert(number, Peer::new(name.to_owned()));
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
            .map(|peer| peer.name.clone())
            .collect();
        unconfirmed.sort_unstable();
        for name in unconfirmed {
            self.forget(now, &name);
        }
    }

    pub(super) fn end_overdue_requests(&mut self, now: Millis) {
        let overdue = self.session.overdue(now);
        self.take_effect(overdue);
    }

    fn take_effect(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let request = match effect {
                Effect::Tell { request } | Effect::Withdrawn { request } => request,
                Effect::StopServing { request, id } => {
                    let stopping = self.serving.get(&id);
                    if matches!(stopping, Some(Serving::Stopping(by)) if *by == request) {
                        self.serving.remove(&id);
                    }
                    request
                }
                Effect::Left => {
                    self.actions.push(Action::Left);
                    continue;
                }
            };
            self.deliver(Delivery::Done { request });
        }
    }
}
