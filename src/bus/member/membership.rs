//! What this member wants known of itself, and its sessions with the registry.

use super::{Action, Identity, Member, Serving};
use crate::bus::Millis;
use crate::bus::application::Delivery;
use crate::bus::rules::{Deed, Rights};
use crate::bus::session::{Effect, Unfit};
use crate::bus::table::{SELF, TAP};
use crate::bus::wire::{Declined, Delta, FromRegistry, Joined, Reason, Record, ToRegistry, Told};

/// What the registry is called among those who were doubted: no member is.
const REGISTRY: &str = "";

impl Member {
    /// Serves an id. `Done` follows when everybody knows.
    pub fn serve(&mut self, now: Millis, request: u32, id: &str) {
        self.serving.insert(id.to_owned(), Serving::Active);
        let delta = Delta {
            ids: vec![id.to_owned()],
            ..Delta::default()
        };
        let new = delta.clone();
        self.change(now, delta, Effect::Tell { request, new });
    }

    /// Serves an id no more. It is served until everybody knows.
    pub fn stop_serving(&mut self, now: Millis, request: u32, id: &str) {
        if let Some(serving) = self.serving.get_mut(id) {
            *serving = Serving::Stopping(request);
        }
        let id = id.to_owned();
        let delta = Delta {
            gone_ids: vec![id.clone()],
            ..Delta::default()
        };
        self.change(now, delta, Effect::StopServing { request, id });
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
        let new = self.subscriptions.add(subscription, exchange, patterns);
        let delta = Delta {
            subscriptions: new,
            ..Delta::default()
        };
        let new = delta.clone();
        self.change(now, delta, Effect::Tell { request, new });
        if exchange == TAP {
            self.begin_looking();
        }
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
        let gone = self.subscriptions.remove(subscription, exchange, patterns);
        let delta = Delta {
            gone_subscriptions: gone,
            ..Delta::default()
        };
        self.change(now, delta, Effect::Withdrawn { request });
    }

    /// My own record is in the table like any other's.
    fn change(&mut self, now: Millis, mut delta: Delta, effect: Effect) {
        // The registry has been told that there is nothing any more.
        if self.leaving {
            return;
        }
        delta.member.clone_from(&self.identity.name);
        let new = self.table.change(SELF, delta.clone());
        self.served(now, &new);
        if let Some(message) = self.session.announce(delta, effect, now) {
            self.tell_registry(message);
        }
        if let Some(deadline) = self.session.next_deadline() {
            self.set_alarm(deadline);
        }
    }

    pub(super) fn tell_registry(&mut self, message: ToRegistry) {
        self.actions.push(Action::ToRegistry(message));
    }

    /// Leaves: fails what is pending, tells the registry. `Left` follows.
    pub fn leave(&mut self, now: Millis) {
        if self.leaving {
            return;
        }
        self.leaving = true;
        self.close_calls();
        let message = self.session.leave(now);
        if !self.session.connected() {
            self.actions.push(Action::Left);
            return;
        }
        if let Some(message) = message {
            self.tell_registry(message);
        }
        if let Some(deadline) = self.session.next_deadline() {
            self.set_alarm(deadline);
        }
    }

    /// There is a stream to a registry.
    pub fn registry_open(&mut self) {
        if !self.leaving {
            let message = self.session.open(&mut self.nonces);
            self.tell_registry(message);
        }
    }

    /// The stream to the registry is gone, which the application is told of a session
    /// that it was told to have joined. Returns false if somebody else has to say why.
    pub fn registry_lost(&mut self, why: &str) -> bool {
        let parted = self.session.lost();
        if parted {
            let why = why.to_owned();
            self.deliver(Delivery::Parted { why });
        }
        if self.leaving {
            // No other registry is looked for: nobody will answer any more.
            let effects = self.session.done(u32::MAX);
            self.take_effect(effects);
        }
        parted || self.leaving
    }

    /// Whether a registry has ever let this member in.
    pub fn has_joined(&self) -> bool {
        self.session.epoch != 0
    }

    /// Whether a registry has been asked to let this member in, and has not said yet
    /// that all know of it.
    pub fn is_joining(&self) -> bool {
        self.session.is_joining()
    }

    /// The registry is somebody who has these rights.
    pub fn registry_vouched(&mut self, rights: &Rights) {
        if let Err(why) = rights.check(&Deed::Host) {
            self.session.give_up();
            self.distrust_registry(&why);
        }
    }

    /// The registry says something.
    pub fn registry_message(&mut self, now: Millis, message: FromRegistry) {
        if self.session.is_given_up() {
            return;
        }
        match message.kind {
            Some(Told::Challenge(challenge)) => match self.session.prove(challenge.nonce) {
                Some(proof) => self.tell_registry(proof),
                None => self.distrust_registry("it asks for a proof that is not expected"),
            },
            Some(Told::Joined(joined)) => self.let_in_by(&joined),
            Some(Told::Changes(_) | Told::Done(_)) if !self.session.is_trusted() => {}
            Some(Told::Changes(changes)) => self.apply(now, changes),
            Some(Told::Done(done)) => {
                if self.session.has_joined(done.request) {
                    self.introduced = true;
                    self.deliver(Delivery::Joined);
                }
                let effects = self.session.done(done.request);
                self.take_effect(effects);
            }
            Some(Told::Declined(declined)) => self.declined(declined),
            Some(Told::Refusal(refusal)) => {
                // Others may host it next, who have the secret and the rules that this
                // member has.
                let may_pass = matches!(refusal.reason(), Reason::Secret | Reason::Denied);
                if may_pass && self.has_joined() {
                    self.doubt_registry(&refusal.text);
                } else {
                    let why = refusal.text;
                    self.deliver(Delivery::Refused { why });
                }
            }
            None => {}
        }
    }

    /// It tells nobody something of this member, and this member tells it no more.
    fn declined(&mut self, declined: Declined) {
        let Declined { delta, text } = declined;
        let delta = delta.unwrap_or_default();
        self.table.change(SELF, delta.undone());
        let requests = self.session.declined(&delta);
        if requests.is_empty() && self.is_denied_first(REGISTRY, &text) {
            self.note(true, format!("the registry: {text}"));
        }
        for request in requests {
            let why = text.clone();
            self.deliver(Delivery::Declined { request, why });
        }
    }

    fn let_in_by(&mut self, joined: &Joined) {
        let found = self.session.joined(joined);
        if found.is_ok() {
            let unsaid = self.session.take_unsaid();
            self.actions
                .extend(unsaid.into_iter().map(Action::ToRegistry));
        }
        match found {
            Ok(None) => self.doubted.forget(REGISTRY),
            Ok(Some(doubt)) => self.doubt_registry(&format!(
                "it will not be trusted once the secret is required: {}",
                doubt.here()
            )),
            Err(Unfit::Doubt(doubt)) => self.distrust_registry(&doubt.here()),
            Err(Unfit::Version(version)) => self.distrust_registry(&format!(
                "it talks in version {version} of the bus protocol, which was not offered"
            )),
        }
    }

    /// Said once, until a registry is as it has to be.
    fn doubt_registry(&mut self, why: &str) {
        if self.doubted.is_new(REGISTRY) {
            self.note(true, format!("the registry: {why}"));
        }
    }

    /// Its words do not count. One that was in already looks for another.
    fn distrust_registry(&mut self, why: &str) {
        if self.has_joined() {
            self.doubt_registry(why);
            self.session.lost();
            self.actions.push(Action::LeaveRegistry);
        } else {
            let why = format!("who is at the registry's place is not trusted: {why}");
            self.deliver(Delivery::Refused { why });
        }
    }

    /// The address of this member may have been another's, who is gone and known
    /// still: whoever dials that one comes here then. So this member goes
    /// elsewhere, before anybody calls it.
    pub(super) fn avoid(&mut self, records: &[Record]) {
        let Identity { name, address, .. } = &self.identity;
        let is_there = |record: &Record| record.address == *address && record.member != *name;
        if self.identity.may_move && !self.introduced && records.iter().any(is_there) {
            self.identity.may_move = false;
            self.actions.push(Action::Move);
        }
    }

    /// This member listens at another address: joins anew with it.
    pub fn moved(&mut self, address: String) {
        self.identity.may_move = true;
        self.session.profile.who.address.clone_from(&address);
        self.identity.address = address;
        self.table.set(SELF, self.session.profile.clone());
        self.session.lost();
    }

    pub(super) fn end_overdue_requests(&mut self, now: Millis) {
        let overdue = self.session.overdue(now);
        self.take_effect(overdue);
    }

    fn take_effect(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let request = match effect {
                Effect::Tell { request, .. } | Effect::Withdrawn { request } => request,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::wire::{Asked, Changes};

    #[test]
    fn a_member_that_is_at_an_address_of_another_joins_anew_at_a_different_one() {
        let identity = Identity {
            address: "h:1".to_owned(),
            may_move: true,
            ..Identity::of("me")
        };
        let another = Record {
            member: "gone".to_owned(),
            address: "h:1".to_owned(),
            ..Record::default()
        };
        let told = |kind| FromRegistry { kind: Some(kind) };
        let changes = |whole| {
            told(Told::Changes(Changes {
                records: vec![another.clone()],
                whole,
                ..Changes::default()
            }))
        };
        let moves = |member: &mut Member| {
            let actions = member.take_actions(0);
            let is_move = |action: &&Action| matches!(action, Action::Move);
            actions.iter().filter(is_move).count()
        };
        let mut member = Member::new(identity.clone());
        member.registry_open();
        member.registry_message(0, changes(true));
        member.registry_message(0, changes(false));
        assert_eq!(moves(&mut member), 1, "once is enough");
        member.moved("h:2".to_owned());
        // The session that it ends is not one that was lost.
        member.registry_lost("closed");
        member.registry_open();
        let actions = member.take_actions(0);
        let [Action::ToRegistry(ToRegistry { kind })] = &actions[..] else {
            panic!("{actions:?}");
        };
        let Some(Asked::Join(join)) = kind else {
            panic!("{kind:?}");
        };
        assert_eq!(join.record.as_ref().map(|r| &*r.address), Some("h:2"));
        member.registry_message(0, changes(true));
        assert_eq!(moves(&mut member), 0);
        // Where the address is the user's choice it stays.
        let may_move = false;
        let mut member = Member::new(Identity {
            may_move,
            ..identity
        });
        member.registry_open();
        member.registry_message(0, changes(true));
        assert_eq!(moves(&mut member), 0);
    }
}
