//! What members have a right to be known for, where there are rules.

use std::sync::Arc;

use super::{Action, Directory, SessionNumber};
use crate::bus::rules::{Deed, Rights};
use crate::bus::table::TAP;
use crate::bus::wire::{Declined, Delta, Reason, Refusal, Subscription, Told};

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

    /// Takes out of what a member says of itself, ids and subscriptions, what it has no
    /// right to, and tells it so.
    ///
    /// # Errors
    /// It cannot be told.
    pub(super) fn take_out_denied(
        &mut self,
        session: SessionNumber,
        version: u32,
        member: &str,
        (ids, topics): (&mut Vec<String>, &mut Vec<Subscription>),
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
        let ids = ids.extract_if(.., |id| is_denied(Deed::Serve(id)));
        let ids = ids.collect();
        let is_tap = |topic: &mut Subscription| topic.exchange == TAP;
        let topics = topics.extract_if(.., |topic| is_tap(topic) && is_denied(Deed::Tap));
        let subscriptions = topics.collect();
        for (key, why) in &reasons {
            self.note_denial(member, key, why);
        }
        let Some((_, text)) = reasons.into_iter().next() else {
            return Ok(());
        };
        if version < DECLINED_SINCE {
            return Err(Refusal::new(Reason::Denied, text));
        }
        let delta = Some(Delta {
            member: member.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::agreement::{Terms, Versions};
    use crate::bus::rules::Rules;
    use crate::bus::trust::token;
    use crate::bus::wire::{Announce, Asked, Join, Record, ToRegistry};

    const RULES: &str = r#"{"a": {"serve": ["a-*"]}, "b": {"names": ["b-*"], "tap": true}}"#;

    fn tap() -> Subscription {
        Subscription {
            exchange: TAP.to_owned(),
            pattern: "#".to_owned(),
        }
    }

    struct Place {
        directory: Directory,
        next: SessionNumber,
    }

    impl Place {
        fn new() -> Self {
            let terms = Terms {
                rules: Rules::read(RULES).unwrap(),
                ..Terms::of("c")
            };
            Self {
                directory: Directory::new(terms, 1, &[1; 32]),
                next: 1,
            }
        }

        /// What somebody is told who joins, with a certificate's name or without one.
        fn join(
            &mut self,
            whose: Option<&str>,
            versions: Versions,
            record: Record,
        ) -> (SessionNumber, Vec<Told>) {
            let session = self.next;
            self.next += 1;
            self.directory.opened(0, session);
            if let Some(whose) = whose {
                let names = || vec![whose.to_owned()];
                let rights = self.directory.terms.rules.of_names(names).unwrap();
                self.directory.vouched(session, rights);
            }
            let join = Join {
                version: versions.oldest(),
                newest_version: versions.newest_if_another(),
                cluster: "c".to_owned(),
                shown: record.member.clone(),
                record: Some(Record {
                    token: token::told(&record.member),
                    address: format!("{}:1", record.member),
                    ..record
                }),
                ..Join::default()
            };
            let told = self.ask(session, Asked::Join(join));
            (session, told)
        }

        fn ask(&mut self, session: SessionNumber, kind: Asked) -> Vec<Told> {
            let kind = Some(kind);
            self.directory.message(0, session, ToRegistry { kind });
            let actions = self.directory.take_actions().into_iter();
            let told = actions.filter_map(|action| match action {
                Action::Tell(to, message) if to == session => message.kind,
                _ => None,
            });
            told.collect()
        }

        fn ids(&self) -> Vec<&str> {
            let members = self.directory.members.values();
            members
                .flat_map(|member| member.profile.ids())
                .map(String::as_str)
                .collect()
        }
    }

    fn record(name: &str, ids: &[&str]) -> Record {
        Record {
            member: name.to_owned(),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            ..Record::default()
        }
    }

    fn declined(told: &[Told]) -> Option<&Declined> {
        told.iter().find_map(|told| match told {
            Told::Declined(declined) => Some(declined),
            _ => None,
        })
    }

    fn refused(told: &[Told]) -> Option<&str> {
        told.iter().find_map(|told| match told {
            Told::Refusal(refusal) => Some(&*refusal.text),
            _ => None,
        })
    }

    #[test]
    fn what_a_member_may_not_be_known_for_is_taken_out_whenever_it_says_it() {
        let mut place = Place::new();
        let both = Versions::new(1, 2);
        let said = Record {
            subscriptions: vec![tap()],
            ..record("x", &["a-1", "c"])
        };
        let (session, told) = place.join(Some("a"), both, said);
        assert!(refused(&told).is_none() && matches!(told[0], Told::Joined(_)));
        let delta = declined(&told).unwrap().delta.as_ref().unwrap();
        assert_eq!(
            (&delta.ids[..], &delta.subscriptions[..]),
            (&["c".to_owned()][..], &[tap()][..])
        );
        assert_eq!(place.ids(), ["a-1"]);
        let announce = Announce {
            request: 5,
            delta: Some(Delta {
                member: "x".to_owned(),
                ids: vec!["a-2".to_owned(), "d".to_owned()],
                ..Delta::default()
            }),
        };
        let told = place.ask(session, Asked::Announce(announce));
        assert!(
            declined(&told)
                .unwrap()
                .text
                .contains("may not serve the id d")
        );
        assert_eq!(place.ids(), ["a-1", "a-2"]);
    }

    #[test]
    fn one_that_cannot_be_told_of_an_id_is_refused_and_so_is_one_of_a_name_that_it_may_not_have() {
        let (both, old) = (Versions::new(1, 2), Versions::new(1, 1));
        let mut place = Place::new();
        for (whose, versions, record, text) in [
            (
                Some("a"),
                old,
                record("x", &["c"]),
                "may not serve the id c",
            ),
            (Some("b"), both, record("x", &[]), "may not be the member x"),
        ] {
            let (_, told) = place.join(whose, versions, record);
            assert!(refused(&told).unwrap().contains(text), "{told:?}");
        }
        for (whose, versions, record) in [
            (Some("a"), old, record("y", &["a-1"])),
            (Some("b"), both, record("b-1", &[])),
            (None, both, record("z", &[])),
        ] {
            let (_, told) = place.join(whose, versions, record);
            assert!(
                refused(&told).is_none() && declined(&told).is_none(),
                "{told:?}"
            );
        }
        let (_, told) = place.join(None, both, record("zz", &["a-1"]));
        assert!(
            declined(&told).is_some(),
            "of whom nothing is known has no rights"
        );
    }
}
