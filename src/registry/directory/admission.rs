//! Who is let in: members that this registry can talk to, that prove the secret where
//! there is one, and whose names are theirs.

use bytes::Bytes;

use super::sessions::{LEASE, out_of_order, too_much};
use super::{Action, Directory, SessionNumber, in_pieces};
use crate::bus::Millis;
use crate::bus::agreement::Side;
use crate::bus::bounds;
use crate::bus::trust::{Doubt, NONCE, Transcript, token};
use crate::bus::wire::{Challenge, Join, Joined, Proof, Reason, Refusal, Told};
use crate::registry::address_conflict;

/// What a session has said that is to prove the secret.
pub(super) struct Challenged {
    join: Join,
    /// In which to talk then.
    version: u32,
    nonce: Bytes,
}

impl Directory {
    pub(super) fn join(&mut self, now: Millis, session: SessionNumber, join: Join) {
        let version = match self.terms.agree_with(Side::from(&join)) {
            Ok(version) => version,
            Err(mismatch) => return self.refuse(now, session, mismatch.there),
        };
        let present = self.sessions.entry(session).or_default();
        if present.member.is_some() || present.challenged.is_some() {
            return self.refuse(now, session, out_of_order("a second Join"));
        }
        let record = join.record.as_ref();
        let Some(record) = record.filter(|record| !record.member.is_empty()) else {
            return self.refuse(now, session, out_of_order("a Join without a member"));
        };
        let looked_at = bounds::of_record(record)
            .and_then(|()| bounds::nonce(&join.nonce))
            .and_then(|()| bounds::of_names(&join.shown, ""));
        if let Err(violation) = looked_at {
            return self.refuse(now, session, too_much(&violation));
        }
        if self.terms.trust.has_secret() {
            if join.nonce.len() == NONCE {
                let nonce = self.nonces.next();
                present.challenged = Some(Box::new(Challenged {
                    join,
                    version,
                    nonce: nonce.clone(),
                }));
                return self.tell(session, Told::Challenge(Challenge { nonce }));
            }
            let name = record.member.clone();
            if !self.trusts(now, session, &name, Doubt::Unproven) {
                return;
            }
        }
        self.let_in(now, session, join, version, Bytes::new());
    }

    /// The answer to a Challenge.
    pub(super) fn proved(&mut self, now: Millis, session: SessionNumber, proof: &Proof) {
        let present = self.sessions.get_mut(&session);
        let Some(challenged) = present.and_then(|present| present.challenged.take()) else {
            return self.refuse(now, session, out_of_order("a Proof"));
        };
        let Challenged {
            join,
            version,
            nonce,
        } = *challenged;
        let about = Transcript::of_session(&join, &nonce);
        let answer = self.terms.trust.answer(&proof.proofs, version, &about);
        let name = about.dialer.to_owned();
        match answer {
            Ok(answer) => {
                self.doubted.forget(&name);
                self.let_in(now, session, join, version, answer);
            }
            Err(doubt) => {
                if self.trusts(now, session, &name, doubt) {
                    self.let_in(now, session, join, version, Bytes::new());
                }
            }
        }
    }

    /// Whether a member is let in that has not proved the secret. If not, it has been told.
    fn trusts(&mut self, now: Millis, session: SessionNumber, name: &str, doubt: Doubt) -> bool {
        let is_required = self.terms.trust.is_required();
        if self.terms.trust.minds() && self.doubted.is_new(name) {
            let what = if is_required {
                "is not let in"
            } else {
                "will not be let in once the secret is required"
            };
            let text = format!("registry: the member {name} {what}: {}", doubt.here());
            self.actions.push(Action::Note(text));
        }
        if is_required {
            self.refuse(now, session, doubt.there());
        }
        !is_required
    }

    fn let_in(
        &mut self,
        now: Millis,
        session: SessionNumber,
        join: Join,
        version: u32,
        proof: Bytes,
    ) {
        let mut record = join.record.unwrap_or_default();
        if let Err(refusal) = self.check_name(session, &record.member) {
            return self.refuse(now, session, refusal);
        }
        if !token::is_shown(&record.token, &join.shown) {
            let text = "the token that was shown is not that of the record";
            return self.refuse(now, session, Refusal::new(Reason::NameTaken, text));
        }
        if let Some(present) = self.members.get(&record.member)
            && present.profile.who.token != record.token
        {
            let text = format!("another member has the name {:?}", record.member);
            return self.refuse(now, session, Refusal::new(Reason::NameTaken, text));
        }
        let others = self.members.values().map(|member| &member.profile);
        let others = others.filter(|other| other.who.member != record.member);
        if let Some(text) = address_conflict::objection(&record, others) {
            return self.refuse(now, session, Refusal::new(Reason::Other, text));
        }
        // What it is told of these comes behind that it is let in.
        let told = self.actions.len();
        let lists = (&mut record.ids, &mut record.subscriptions);
        if let Err(refusal) = self.take_out_denied(session, version, &record.member, lists) {
            return self.refuse(now, session, refusal);
        }
        let declined = self.actions.split_off(told);
        // A member that comes back before its old session was missed.
        let former = self.members.get(&record.member).and_then(|m| m.session);
        if let Some(former) = former.filter(|former| *former != session) {
            self.sessions.remove(&former);
            self.actions.push(Action::Close(former));
        }
        let whole = join.epoch != self.epoch || !self.remembers(join.revision);
        let since = if whole { 0 } else { join.revision };
        let changes = self.changes_since(since, whole);
        self.tell(
            session,
            Told::Joined(Joined {
                epoch: self.epoch,
                lease_ms: u32::try_from(LEASE).unwrap_or(u32::MAX),
                // As before there were ranges, where that is the same.
                version: if version == join.version { 0 } else { version },
                proof,
            }),
        );
        for piece in in_pieces(changes, since) {
            self.tell(session, Told::Changes(piece));
        }
        let member = Some(record.member.clone());
        let entry = self.sessions.entry(session).or_default();
        entry.member = member;
        entry.joined = true;
        entry.version = version;
        self.actions.extend(declined);
        self.set(now, record.into(), session);
        self.await_effect(now, session, join.request, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::agreement::Terms;
    use crate::bus::application::Delivery;
    use crate::bus::member::{Action as Wish, Identity, Member};
    use crate::bus::trust::{Key, Mode, Trust, every_side};

    fn terms(secrets: &[u8], mode: Mode) -> Terms {
        Terms {
            trust: Trust::by(secrets.iter().map(|n| Key::new(&[*n; 32])), mode),
            ..Terms::of("c")
        }
    }

    /// Whether a member and a registry come together, and what is said of it.
    fn meet(member: Terms, registry: Terms) -> (bool, Vec<String>) {
        let mut directory = Directory::new(registry, 1, &[1; 32]);
        let mut member = Member::new(Identity {
            name: "ann".to_owned(),
            token: "token".to_owned(),
            terms: member,
            address: "h:1".to_owned(),
            may_move: false,
            registry_proves: true,
            entropy: [2; 32],
            seed: 1,
            max_message: 1 << 20,
            idle: 300_000,
        });
        let (mut joined, mut said) = (false, Vec::new());
        directory.opened(0, 1);
        member.registry_open();
        loop {
            let wishes = member.take_actions(0);
            let actions = directory.take_actions();
            if wishes.is_empty() && actions.is_empty() {
                return (joined, said);
            }
            for wish in wishes {
                match wish {
                    Wish::ToRegistry(message) => directory.message(0, 1, message),
                    Wish::Deliver(Delivery::Joined) => joined = true,
                    Wish::Deliver(Delivery::Refused { why }) => said.push(why),
                    Wish::Deliver(Delivery::Note { text, .. }) => said.push(text),
                    _ => {}
                }
            }
            for action in actions {
                match action {
                    Action::Tell(_, message) => member.registry_message(0, message),
                    Action::Note(text) => said.push(text),
                    Action::Close(_) => {}
                }
            }
        }
    }

    #[test]
    fn a_member_comes_in_unless_a_side_requires_the_secret_and_the_other_does_not_prove_it() {
        for (ours, our_mode) in every_side() {
            for (theirs, their_mode) in every_side() {
                let sides = [terms(ours, our_mode), terms(theirs, their_mode)];
                let is_required = sides.iter().any(|terms| terms.trust.is_required());
                let is_minded = sides.iter().any(|terms| terms.trust.minds());
                let shared = ours.iter().any(|secret| theirs.contains(secret));
                let [member, registry] = sides;
                let (joined, said) = meet(member, registry);
                let case = format!("{ours:?} {our_mode:?} joins {theirs:?} {their_mode:?}");
                assert_eq!(joined, shared || !is_required, "{case}: {said:?}");
                assert_eq!(said.is_empty(), shared || !is_minded, "{case}: {said:?}");
            }
        }
    }
}
