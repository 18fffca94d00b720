//! A member's session with the registry: what the member wants known, and what
//! of it has come into effect.

use super::Millis;
use super::agreement::Terms;
use super::wire::{Announce, Asked, Delta, Join, Joined, Leave, Record, ToRegistry};

/// The registry has its reasons to be slow; what is being taken away is taken
/// away after this at the latest.
const PATIENCE: Millis = 400;

/// What happens when an announcement is in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The application is told.
    Tell { request: u32 },
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

/// See the module.
pub struct Session {
    /// The member as it wants to be known.
    pub record: Record,
    terms: Terms,
    connected: bool,
    /// The request whose Done says that all know of the member.
    joining: Option<u32>,
    /// Of the registry that was joined last.
    pub epoch: u64,
    /// Of that epoch, applied.
    pub revision: u64,
    /// Of the protocol, in which the registry talks that was joined last; 0 before.
    pub version: u32,
    pending: Vec<Pending>,
    next: u32,
}

impl Session {
    /// A session that is not connected yet.
    pub fn new(terms: Terms, record: Record) -> Self {
        Self {
            record,
            terms,
            connected: false,
            joining: None,
            epoch: 0,
            revision: 0,
            version: 0,
            pending: Vec::new(),
            next: 1,
        }
    }

    /// Whether the registry hears us.
    pub fn connected(&self) -> bool {
        self.connected
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
    pub fn open(&mut self) -> ToRegistry {
        self.connected = true;
        // Covers all that was announced before.
        let request = self.next - 1;
        self.joining = Some(request);
        asked(Asked::Join(Join {
            version: self.terms.versions.oldest(),
            newest_version: self.terms.versions.newest_if_another(),
            cluster: self.terms.cluster.clone(),
            record: Some(self.record.clone()),
            epoch: self.epoch,
            revision: self.revision,
            request,
        }))
    }

    /// The registry lets this member in. Returns whether it does so in a version that
    /// this member speaks. Revisions count anew in each epoch.
    pub fn joined(&mut self, joined: &Joined) -> bool {
        let Some(version) = self.terms.versions.chosen(joined.version) else {
            return false;
        };
        self.version = version;
        if joined.epoch != self.epoch {
            self.epoch = joined.epoch;
            self.revision = 0;
        }
        true
    }

    /// The stream is gone. What is pending is pending still. Returns whether all
    /// knew of this member.
    pub fn lost(&mut self) -> bool {
        let was_joining = self.joining.take().is_some();
        std::mem::take(&mut self.connected) && !was_joining
    }

    /// Whether this Done is the one that ends joining.
    pub fn has_joined(&mut self, request: u32) -> bool {
        self.joining
            .take_if(|joining| *joining <= request)
            .is_some()
    }

    /// Changes the record: what to tell the registry, if it hears. What it does not
    /// hear is in the next Join.
    pub fn announce(&mut self, delta: Delta, effect: Effect, now: Millis) -> Option<ToRegistry> {
        delta.apply(&mut self.record);
        let request = self.expect(effect, now);
        self.connected.then(|| {
            let delta = Some(delta);
            asked(Asked::Announce(Announce { request, delta }))
        })
    }

    /// The member is going. A registry that has left something else unanswered
    /// is not waited for anew.
    pub fn leave(&mut self, now: Millis) -> Option<ToRegistry> {
        let since = self.pending.iter().find(|pending| is_ending(pending));
        let since = since.map_or(now, |pending| pending.since);
        let number = self.expect(Effect::Left, since);
        self.connected
            .then(|| asked(Asked::Leave(Leave { request: number })))
    }

    fn expect(&mut self, effect: Effect, since: Millis) -> u32 {
        let number = self.next;
        self.next += 1;
        self.pending.push(Pending {
            number,
            effect,
            since,
        });
        number
    }

    /// The registry says that a request is in effect, and all before it.
    pub fn done(&mut self, request: u32) -> Vec<Effect> {
        let is_done = |pending: &mut Pending| pending.number <= request;
        let done = self.pending.extract_if(.., is_done);
        done.map(|pending| pending.effect).collect()
    }

    /// When `overdue` will have something.
    pub fn next_deadline(&self) -> Option<Millis> {
        let first = self.pending.iter().find(|pending| is_ending(pending))?;
        Some(first.since + PATIENCE)
    }

    /// What ends without the registry, because it has not answered.
    pub fn overdue(&mut self, now: Millis) -> Vec<Effect> {
        let is_overdue =
            |pending: &mut Pending| is_ending(pending) && pending.since + PATIENCE <= now;
        let overdue = self.pending.extract_if(.., is_overdue);
        overdue.map(|pending| pending.effect).collect()
    }
}

/// What `overdue` has in the end.
fn is_ending(pending: &Pending) -> bool {
    !matches!(pending.effect, Effect::Tell { .. })
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
        let mut session = Session::new(Terms::of("c"), Record::default());
        session.open();
        assert!(!session.lost());
        session.open();
        assert!(session.has_joined(0));
        assert!(session.lost());
        assert!(!session.lost());
    }
}
