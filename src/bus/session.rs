//! A member's session with the registry: what the member wants known, and what
//! of it has come into effect.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Millis;
use super::agreement::Terms;
use super::profile::Profile;
use super::trust::{Doubt, NONCE, Nonces, Transcript};
use super::wire::{Announce, Asked, Delta, Join, Joined, Leave, Proof, Record, ToRegistry};

/// The registry has its reasons to be slow; what is being taken away is taken
/// away after this at the latest.
const WITHDRAWAL_TIMEOUT: Millis = 400;

/// What happens when an announcement is in effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The application is told. What was announced is known till then: the registry may
    /// decline it.
    Tell { request: u32, new: Delta },
    /// The id is served until then.
    StopServing { request: u32, id: String },
    /// Something was taken away, and the application is told.
    Withdrawn { request: u32 },
    /// The member is gone.
    Left,
}

struct Pending {
    number: u32,
    effect: Effect,
    since: Millis,
}

/// The member's side of its session.
pub struct Session {
    /// The member as it wants to be known.
    pub profile: Profile,
    terms: Terms,
    /// What the record has the hash of.
    token: String,
    connected: bool,
    /// The request whose Done says that all know of the member.
    joining: Option<u32>,
    /// Of the registry that was joined last.
    pub epoch: u64,
    /// Of that epoch, applied.
    pub revision: u64,
    /// Of the protocol, in which the registry talks that was joined last; 0 before.
    pub version: u32,
    /// What was said to it first, without the record's lists, and what it has asked to be
    /// proved something about.
    said: Option<(Join, Option<Bytes>)>,
    /// It has let this member in, and this member trusts it.
    let_in: bool,
    /// It is not talked to any more, whatever it says until the stream has ended.
    given_up: bool,
    /// What is said when it has: before that it hears the proof only.
    unsaid: Vec<ToRegistry>,
    /// What the registry alone ends, in order.
    telling: VecDeque<Pending>,
    /// What ends without it, too, in order.
    ending: VecDeque<Pending>,
    next: u32,
}

/// Why a registry is not talked to that would let this member in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It has chosen a version that this member does not speak.
    Version(u32),
    /// It is to prove the secret, and does not.
    Doubt(Doubt),
}

impl Session {
    /// A session that is not connected yet.
    pub fn new(terms: Terms, record: Record, token: String) -> Self {
        Self {
            profile: record.into(),
            terms,
            token,
            connected: false,
            joining: None,
            epoch: 0,
            revision: 0,
            version: 0,
            said: None,
            let_in: false,
            given_up: false,
            unsaid: Vec::new(),
            telling: VecDeque::new(),
            ending: VecDeque::new(),
            next: 1,
        }
    }

    /// Whether the registry hears us.
    pub fn connected(&self) -> bool {
        self.connected
    }

    /// Whether what it tells of others counts.
    pub fn is_trusted(&self) -> bool {
        self.let_in || !self.terms.trust.is_required()
    }

    /// Nothing that it says counts.
    pub fn give_up(&mut self) {
        self.given_up = true;
    }

    /// Whether that is so.
    pub fn is_given_up(&self) -> bool {
        self.given_up
    }

    /// Whether it hears us, and has not said yet that all know of this member.
    pub fn is_joining(&self) -> bool {
        self.joining.is_some()
    }

    /// Whether the registry hears us and all know of this member.
    #[cfg(test)]
    pub fn is_registered(&self) -> bool {
        self.connected && self.joining.is_none()
    }

    /// There is a stream to a registry: what to say first.
    pub fn open(&mut self, nonces: &mut Nonces) -> ToRegistry {
        self.connected = true;
        self.let_in = false;
        self.given_up = false;
        self.unsaid.clear();
        // Covers all that was announced before.
        let request = self.next - 1;
        self.joining = Some(request);
        let mut join = Join {
            version: self.terms.versions.oldest(),
            newest_version: self.terms.versions.newest_if_another(),
            cluster: self.terms.cluster.clone(),
            record: None,
            shown: self.token.clone(),
            epoch: self.epoch,
            revision: self.revision,
            request,
            nonce: if self.terms.trust.has_secret() {
                nonces.next()
            } else {
                Bytes::new()
            },
        };
        let who = Record {
            member: self.profile.who.member.clone(),
            token: self.profile.who.token.clone(),
            ..Record::default()
        };
        let record = Some(who);
        self.said = Some((
            Join {
                record,
                ..join.clone()
            },
            None,
        ));
        join.record = Some(self.profile.record());
        asked(Asked::Join(join))
    }

    /// The registry asks for a proof: what to say, if that is to be expected.
    pub fn prove(&mut self, nonce: Bytes) -> Option<ToRegistry> {
        let (join, challenge) = self.said.as_mut()?;
        let trust = &self.terms.trust;
        if !trust.has_secret() || nonce.len() != NONCE || challenge.is_some() {
            return None;
        }
        let proofs = trust.proofs(&Transcript::of_session(join, &nonce));
        *challenge = Some(nonce);
        Some(asked(Asked::Proof(Proof { proofs })))
    }

    fn doubts(&self, version: u32, proof: &[u8]) -> Result<(), Doubt> {
        let trust = &self.terms.trust;
        if !trust.has_secret() {
            return Ok(());
        }
        let Some((join, Some(challenge))) = &self.said else {
            return Err(Doubt::Unproven);
        };
        trust.check(proof, version, &Transcript::of_session(join, challenge))
    }

    /// The registry lets this member in: revisions count anew in each epoch. Returns the
    /// doubt with which it is talked to all the same.
    ///
    /// # Errors
    /// It is not talked to.
    pub fn joined(&mut self, joined: &Joined) -> Result<Option<Doubt>, Unfit> {
        let version = self.terms.versions.chosen(joined.version);
        let version = version.ok_or(Unfit::Version(joined.version))?;
        let doubt = self.doubts(version, &joined.proof).err();
        if let Some(doubt) = doubt.filter(|_| self.terms.trust.is_required()) {
            return Err(Unfit::Doubt(doubt));
        }
        let doubt = doubt.filter(|_| self.terms.trust.minds());
        self.said = None;
        self.let_in = true;
        self.version = version;
        if joined.epoch != self.epoch {
            self.epoch = joined.epoch;
            self.revision = 0;
        }
        Ok(doubt)
    }

    /// The stream is gone. What is pending is pending still. Returns whether all
    /// knew of this member.
    pub fn lost(&mut self) -> bool {
        self.let_in = false;
        let was_joining = self.joining.take().is_some();
        std::mem::take(&mut self.connected) && !was_joining
    }

    /// Whether this Done is the one that ends joining.
    pub fn has_joined(&mut self, request: u32) -> bool {
        self.joining
            .take_if(|joining| *joining <= request)
            .is_some()
    }

    /// Changes the member: what to tell the registry, if it hears. What it does not
    /// hear is in the next Join.
    pub fn announce(&mut self, delta: Delta, effect: Effect, now: Millis) -> Option<ToRegistry> {
        self.profile.change(&delta);
        let request = self.expect(effect, now);
        let delta = Some(delta);
        self.say(Asked::Announce(Announce { request, delta }))
    }

    /// What to tell the registry now, if it hears.
    fn say(&mut self, kind: Asked) -> Option<ToRegistry> {
        let message = self.connected.then(|| asked(kind))?;
        if self.let_in || !self.terms.trust.has_secret() {
            return Some(message);
        }
        self.unsaid.push(message);
        None
    }

    /// What has waited until the registry let this member in.
    pub fn take_unsaid(&mut self) -> Vec<ToRegistry> {
        std::mem::take(&mut self.unsaid)
    }

    /// The member is going. A registry that has left something else unanswered
    /// is not waited for anew.
    pub fn leave(&mut self, now: Millis) -> Option<ToRegistry> {
        let since = self.ending.front().map_or(now, |pending| pending.since);
        let number = self.expect(Effect::Left, since);
        self.say(Asked::Leave(Leave { request: number }))
    }

    fn expect(&mut self, effect: Effect, since: Millis) -> u32 {
        let number = self.next;
        self.next += 1;
        let pending = Pending {
            number,
            effect,
            since,
        };
        if matches!(pending.effect, Effect::Tell { .. }) {
            self.telling.push_back(pending);
        } else {
            self.ending.push_back(pending);
        }
        number
    }

    /// The registry says that a request is in effect, and all before it.
    pub fn done(&mut self, request: u32) -> Vec<Effect> {
        let mut done = Vec::new();
        for queue in [&mut self.telling, &mut self.ending] {
            let count = queue.partition_point(|pending| pending.number <= request);
            done.extend(queue.drain(..count));
        }
        done.sort_unstable_by_key(|pending| pending.number);
        done.into_iter().map(|pending| pending.effect).collect()
    }

    /// The registry has taken that out of what it was told: so it is not told of it again.
    /// Returns the application's numbers of who waits for any of it.
    pub fn declined(&mut self, declined: &Delta) -> Vec<u32> {
        self.profile.change(&declined.undone());
        let mut taken = Profile::default();
        taken.change(declined);
        let telling = std::mem::take(&mut self.telling);
        let mut requests = Vec::new();
        for pending in telling {
            match pending.effect {
                Effect::Tell { request, ref new } if taken.has_any_of(new) => {
                    requests.push(request);
                }
                _ => self.telling.push_back(pending),
            }
        }
        requests
    }

    /// When `overdue` will have something.
    pub fn next_deadline(&self) -> Option<Millis> {
        Some(self.ending.front()?.since + WITHDRAWAL_TIMEOUT)
    }

    /// What ends without the registry, because it has not answered.
    pub fn overdue(&mut self, now: Millis) -> Vec<Effect> {
        if self.next_deadline().is_none_or(|deadline| deadline > now) {
            return Vec::new();
        }
        let is_overdue = |pending: &Pending| pending.since + WITHDRAWAL_TIMEOUT <= now;
        let ending = std::mem::take(&mut self.ending);
        let (overdue, left): (VecDeque<_>, VecDeque<_>) = ending.into_iter().partition(is_overdue);
        self.ending = left;
        overdue.into_iter().map(|pending| pending.effect).collect()
    }
}

/// A message to the registry.
pub fn asked(kind: Asked) -> ToRegistry {
    ToRegistry { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_session_that_was_joined_is_lost_to_the_application_and_once() {
        let mut session = Session::new(Terms::of("c"), Record::default(), String::new());
        let mut nonces = Nonces::new(&[0; 32]);
        session.open(&mut nonces);
        assert!(!session.lost());
        session.open(&mut nonces);
        assert!(session.has_joined(0));
        assert!(session.lost());
        assert!(!session.lost());
    }
}
