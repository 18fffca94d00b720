//! What members have a right to be known for, where there are rules.

use std::sync::Arc;

use super::{Action, Directory, SessionNumber};
use crate::bus::rules::{Deed, Rights};
use crate::bus::table::TAP;
use crate::bus::wire::{Declined, Delta, Reason, Refusal, Told};

/// Sessions of version 1 have no word for what is not told of a member that is let in.
const DECLINED_SINCE: u32 = 2;

impl Directory {
    /// At the other end of a session is somebody who has these rights.
    pub fn vouched(&mut self, session: SessionNumber, rights: Arc<Rights>) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.rights = Some(rights);
        }
    }

    /// `None` where all may do all. Of one of whom nothing is known there are none.
    fn rights_of(&self, session: SessionNumber) -> Option<Arc<Rights>> {
        let session = self.sessions.get(&session);
        let known = session.and_then(|session| session.rights.clone());
        known.or_else(|| self.terms.rules.of(None))
    }

    /// Whether the one at the other end may be that member.
    ///
    /// # Errors
    /// It may not.
    pub(super) fn check_name(&mut self, session: SessionNumber, name: &str) -> Result<(), Refusal> {
        let Some(rights) = self.rights_of(session) else {
            return Ok(());
        };
        rights.check(&Deed::Be(name)).map_err(|text| {
            self.note_denial(name, "names", &text);
            Refusal::new(Reason::Denied, text)
        })
    }

    /// Takes out of what a member says of itself what it has no right to, and tells it so.
    ///
    /// # Errors
    /// It cannot be told.
    pub(super) fn take_out_denied(
        &mut self,
        session: SessionNumber,
        version: u32,
        delta: &mut Delta,
    ) -> Result<(), Refusal> {
        let Some(rights) = self.rights_of(session) else {
            return Ok(());
        };
        let mut reasons = Vec::new();
        let mut is_denied = |deed: Deed<'_>| match rights.check(&deed) {
            Ok(()) => false,
            Err(why) => {
                reasons.push((deed.key(), why));
                true
            }
        };
        let ids = delta.ids.extract_if(.., |id| is_denied(Deed::Serve(id)));
        let ids: Vec<String> = ids.collect();
        let topics = delta
            .subscriptions
            .extract_if(.., |topic| topic.exchange == TAP && is_denied(Deed::Tap));
        let subscriptions = topics.collect();
        let member = delta.member.clone();
        for (key, why) in &reasons {
            self.note_denial(&member, key, why);
        }
        let Some((_, text)) = reasons.into_iter().next() else {
            return Ok(());
        };
        if version < DECLINED_SINCE {
            return Err(Refusal::new(Reason::Denied, text));
        }
        let delta = Some(Delta {
            member,
            ids,
            subscriptions,
            ..Delta::default()
        });
        self.tell(session, Told::Declined(Declined { delta, text }));
        Ok(())
    }

    fn note_denial(&mut self, name: &str, what: &str, text: &str) {
        if self.denied.is_new(&format!("{what} {name}")) {
            let text = format!("registry: of the member {name}: {text}");
            self.actions.push(Action::Note(text));
        }
    }
}
