//! What sessions say to the registry, and what they may not.

use super::{Action, Directory, Session, SessionNumber};
use crate::bus::Millis;
use crate::bus::bounds;
use crate::bus::bounds::Violation;
use crate::bus::wire::{Asked, Delta, Reason, Refusal, ToRegistry, Told};

/// A member that lost its session is kept so long.
pub(super) const LEASE: Millis = 2_000;
/// A session has so long to join.
const JOIN: Millis = 5_000;
/// How many there may be.
const MOST_SESSIONS: usize = 10_000;

impl Directory {
    pub(super) fn refuse(&mut self, now: Millis, session: SessionNumber, refusal: Refusal) {
        self.tell(session, Told::Refusal(refusal));
        self.actions.push(Action::Close(session));
        self.lost(now, session);
    }

    /// A session is there, and has to join soon.
    pub fn opened(&mut self, now: Millis, session: SessionNumber) {
        if self.sessions.len() >= MOST_SESSIONS {
            let text = format!("this registry has {MOST_SESSIONS} sessions, which is the limit");
            return self.refuse(now, session, Refusal::new(Reason::Other, text));
        }
        self.sessions.insert(session, Session::default());
        self.openings.push_back((now + JOIN, session));
    }

    pub(super) fn end_unjoined(&mut self, now: Millis) {
        while let Some((by, session)) = self.openings.front().copied()
            && by <= now
        {
            self.openings.pop_front();
            if self.sessions.get(&session).is_some_and(|s| !s.joined) {
                let text = format!("there was no Join within {} s", JOIN / 1000);
                self.refuse(now, session, Refusal::new(Reason::Other, text));
            }
        }
    }

    /// A session says something.
    pub fn message(&mut self, now: Millis, session: SessionNumber, message: ToRegistry) {
        match message.kind {
            Some(Asked::Join(join)) => self.join(now, session, join),
            Some(Asked::Proof(proof)) => self.proved(now, session, &proof),
            Some(Asked::Announce(announce)) => {
                let delta = announce.delta.unwrap_or_default();
                if let Err(refusal) = self.announce(now, session, delta) {
                    return self.refuse(now, session, refusal);
                }
                self.await_effect(now, session, announce.request, false);
            }
            Some(Asked::Applied(applied)) => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.applied = session.applied.max(applied.revision.min(self.revision));
                    session.lagging &= session.applied < self.revision;
                }
                self.settle(now);
            }
            Some(Asked::Leave(leave)) => {
                let Some(member) = self.member_of(session) else {
                    return self.refuse(now, session, out_of_order("a Leave"));
                };
                self.remove(now, &member);
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.member = None;
                }
                self.await_effect(now, session, leave.request, true);
            }
            None => {}
        }
    }

    /// What is different in a member's record.
    fn announce(
        &mut self,
        now: Millis,
        session: SessionNumber,
        mut delta: Delta,
    ) -> Result<(), Refusal> {
        bounds::of_delta(&delta).map_err(|violation| too_much(&violation))?;
        let own = self.member_of(session);
        let own = own.filter(|member| *member == delta.member);
        let Some(name) = own else {
            return Err(out_of_order("an Announce"));
        };
        let version = self
            .sessions
            .get(&session)
            .map_or(0, |session| session.version);
        let lists = (&mut delta.ids, &mut delta.subscriptions);
        self.take_out_denied(session, version, &name, lists)?;
        let Some(member) = self.members.get_mut(&name) else {
            return Err(out_of_order("an Announce"));
        };
        let delta = member.profile.yet_to_change(delta);
        if delta.is_empty() {
            return Ok(());
        }
        bounds::of_change(&member.profile, &delta).map_err(|violation| too_much(&violation))?;
        member.profile.change(&delta);
        self.revision += 1;
        member.revision = self.revision;
        self.untold.push(delta);
        self.tell_all(now);
        Ok(())
    }

    /// Whose session it is.
    pub fn member_of(&self, session: SessionNumber) -> Option<String> {
        self.sessions.get(&session)?.member.clone()
    }

    /// A session is gone without a word.
    pub fn lost(&mut self, now: Millis, session: SessionNumber) {
        let Some(gone) = self.sessions.remove(&session) else {
            return;
        };
        let member = gone.member.and_then(|name| self.members.get_mut(&name));
        if let Some(member) = member.filter(|member| member.session == Some(session)) {
            member.session = None;
            member.expires = Some(now + LEASE);
            let name = member.profile.who.member.clone();
            self.expiries.insert((now + LEASE, name));
        }
        self.settle(now);
    }
}

pub(super) fn too_much(violation: &Violation) -> Refusal {
    let text = format!("the registry does not take {}", violation.0);
    Refusal::new(Reason::Other, text)
}

pub(super) fn out_of_order(what: &str) -> Refusal {
    Refusal::new(Reason::Other, format!("{what} is not expected here"))
}
