//! What operators do: look at what this member hands over (`tap`), and call it by a command.
//! Where this member has an operator's secret, it asks for that with its Hello or Welcome,
//! and whoever has not proved it on a link is not sent copies there, nor heard if it says
//! that it is a command. A module that calls is none of this: it has the cluster's secret.

use bytes::Bytes;

use super::Member;
use super::builtin::MARK;
use crate::bus::Millis;
use crate::bus::peer::{LinkState, Peer};
use crate::bus::table::{PeerNumber, SELF, TAP};
use crate::bus::trust::operator::{KEY, Visit, denial};
use crate::bus::trust::{Doubt, NONCE};
use crate::bus::wire::{Denied, Kind, Proof};

/// Whoever has dialed proves it right behind the Welcome. Until then nothing is said of one
/// that has not; members of releases that know of no such secret never will.
const PROOF_TIMEOUT: Millis = 5_000;

/// Why a frame of a peer is not heard for what operators have to prove.
pub(super) fn objection(peer: &Peer, kind: &Kind) -> Option<(&'static str, String)> {
    let standing = peer.standing.as_ref()?;
    let doubt = standing.proved.err().filter(|_| standing.is_command)?;
    let what = match kind {
        Kind::Call(call) if !call.to.starts_with(MARK) => format!("calling {}", call.to),
        Kind::Cast(cast) => format!("casting to {}", cast.to),
        Kind::Publish(publish) => format!("publishing at {}", publish.exchange),
        _ => return None,
    };
    Some((KEY, denial(&format!("{what} by a command"), doubt)))
}

impl Member {
    /// What this member asks of the other side of a new link.
    pub(super) fn operator_nonce(&mut self) -> Bytes {
        if self.identity.terms.operator.is_set() {
            self.nonces.next()
        } else {
            Bytes::new()
        }
    }

    /// Whether this member does what operators do, and so proves the secret.
    fn operates(&self) -> bool {
        self.identity.terms.is_command || self.looks(SELF)
    }

    /// What this member proves to one that asks with its Hello.
    pub(super) fn operator_proofs(&self, host: &str, link: u64, nonce: &[u8]) -> Vec<Bytes> {
        if nonce.len() != NONCE || !self.operates() {
            return Vec::new();
        }
        self.identity.terms.operator.prove(&Visit {
            cluster: &self.identity.terms.cluster,
            operator: &self.identity.name,
            host,
            link,
            nonce,
        })
    }

    /// A link has come to stand.
    pub(super) fn begin_standing(&mut self, number: PeerNumber) {
        if let Some(peer) = self.peers.get_mut(&number)
            && let Some(standing) = &mut peer.standing
        {
            if standing.proved.is_err() {
                standing.held = peer.outbox.take_published_at(TAP);
            }
            self.prove_operator(number);
        }
    }

    /// This member looks from now on: whoever has asked is told the proof.
    pub(super) fn begin_looking(&mut self) {
        let peers = self.peers.iter();
        let asking = peers.filter(|(_, peer)| peer.standing.is_some());
        let mut asking: Vec<PeerNumber> = asking.map(|(number, _)| *number).collect();
        asking.sort_unstable();
        for number in asking {
            self.prove_operator(number);
        }
    }

    /// Proves it on the link that stands, if that was asked and is not done yet. Goes before
    /// what waits for the link.
    fn prove_operator(&mut self, number: PeerNumber) {
        if !self.operates() {
            return;
        }
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        let (LinkState::Up { conn, link, .. }, Some(standing)) = (&peer.link, &mut peer.standing)
        else {
            return;
        };
        let (conn, link, owed) = (*conn, *link, std::mem::take(&mut standing.owed));
        if owed.len() != NONCE {
            return;
        }
        let host = peer.name.clone();
        let proofs = self.operator_proofs(&host, link, &owed);
        self.send(conn, Kind::Proof(Proof { proofs }));
    }

    /// The peer proves it, or shows that it cannot.
    pub(super) fn operator_proved(&mut self, now: Millis, number: PeerNumber, proofs: &[Bytes]) {
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        let (LinkState::Up { link, .. }, Some(standing)) = (&peer.link, &mut peer.standing) else {
            return;
        };
        let asked = std::mem::take(&mut standing.asked);
        if asked.is_empty() {
            return;
        }
        standing.proved = self.identity.terms.operator.check(
            proofs,
            &Visit {
                cluster: &self.identity.terms.cluster,
                operator: &peer.name,
                host: &self.identity.name,
                link: *link,
                nonce: &asked,
            },
        );
        let (proved, held) = (standing.proved, std::mem::take(&mut standing.held));
        match proved {
            Ok(()) => {
                for kind in held.into_iter().filter_map(|frame| frame.kind) {
                    self.push(now, number, kind, None);
                }
            }
            Err(doubt) if self.looks(number) => self.deny_look(now, number, doubt),
            Err(_) => {}
        }
    }

    /// Whether somebody listens to what passes.
    fn looks(&self, number: PeerNumber) -> bool {
        let profile = self.table.profile(number);
        profile.is_some_and(|profile| profile.subscriptions().any(|topic| topic.exchange == TAP))
    }

    /// Whether somebody may do what operators do. As long as no link stands nothing is known:
    /// what is queued then waits for the proof. One that is about to be closed still counts,
    /// since it may be kept.
    ///
    /// # Errors
    /// What it has not proved.
    pub(super) fn check_operator(&self, number: PeerNumber) -> Result<(), Doubt> {
        let peer = self.peers.get(&number);
        let linked = peer.filter(|peer| peer.stands().is_some());
        let standing = linked.and_then(|peer| peer.standing.as_ref());
        standing.map_or(Ok(()), |standing| standing.proved)
    }

    /// A copy is not sent.
    pub(super) fn withhold_copy(&mut self, now: Millis, number: PeerNumber, doubt: Doubt) {
        let Some(peer) = self.peers.get_mut(&number) else {
            return;
        };
        if peer.up_since + PROOF_TIMEOUT <= now {
            if let Some(standing) = &mut peer.standing {
                standing.held = Vec::new();
            }
            self.deny_look(now, number, doubt);
        }
    }

    fn deny_look(&mut self, now: Millis, number: PeerNumber, doubt: Doubt) {
        let Some(peer) = self.peers.get(&number) else {
            return;
        };
        let (name, is_told) = (
            peer.name.clone(),
            peer.version >= super::rights::DENIED_SINCE,
        );
        if !self.is_denied_first(&name, KEY) {
            return;
        }
        let text = denial("seeing what passes (tap)", doubt);
        self.note(true, format!("{name} is not shown what passes: {text}"));
        if is_told {
            let denied = Denied { number: None, text };
            self.push(now, number, Kind::Denied(denied), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::agreement::Terms;
    use crate::bus::application::{Delivery, Failure};
    use crate::bus::member::traffic::Calling;
    use crate::bus::member::two::Two;
    use crate::bus::trust::Key;
    use crate::bus::trust::operator::OperatorSecret;
    use crate::bus::wire::{
        Cast, Changes, Delta, FromRegistry, Hello, Packet, Subscription, Told, frame,
    };

    const SETS: [&[u8]; 5] = [&[], &[1], &[2], &[2, 1], &[1, 2]];
    /// The subscription to what passes.
    const LOOK: u32 = 7;

    fn terms(secrets: &[u8], is_command: bool) -> Terms {
        Terms {
            operator: OperatorSecret::by(secrets.iter().map(|n| Key::new(&[*n; 32]))),
            is_command,
            ..Terms::of("c")
        }
    }

    /// Whether 0, which has the first of these, may operate 1, which has the second.
    fn may(ours: &[u8], theirs: &[u8]) -> bool {
        theirs.is_empty() || ours.iter().any(|secret| theirs.contains(secret))
    }

    /// The registry tells 1 that 0 listens to what passes.
    fn tell_of_look(two: &mut Two, now: Millis) {
        let changes = Changes {
            revision: 2,
            deltas: vec![Delta {
                member: "0".to_owned(),
                subscriptions: vec![Subscription {
                    exchange: TAP.to_owned(),
                    pattern: "#".to_owned(),
                }],
                ..Delta::default()
            }],
            ..Changes::default()
        };
        let kind = Some(Told::Changes(changes));
        two.members[1].registry_message(now, FromRegistry { kind });
    }

    fn look(two: &mut Two, now: Millis) {
        two.members[0].subscribe(now, 2, LOOK, TAP, &["#".to_owned()]);
        tell_of_look(two, now);
        two.settle(now);
    }

    /// Something passes at 1, which no link is needed for.
    fn pass(two: &mut Two, now: Millis) {
        let cast = Cast {
            to: "id1".to_owned(),
            method: "m".to_owned(),
            ..Cast::default()
        };
        two.members[1].cast(now, cast);
        two.settle(now);
    }

    fn copies(two: &mut Two) -> usize {
        let told = two.told[0].extract_if(.., |one| matches!(one, Delivery::Message { .. }));
        told.count()
    }

    /// 0 calls 1. How that ends.
    fn call(two: &mut Two, now: Millis, to: &str, method: &str) -> Result<String, String> {
        let calling = Calling {
            number: 3,
            to: to.to_owned(),
            method: method.to_owned(),
            body: Bytes::new(),
            timeout: 1_000,
            many: false,
            trace: String::new(),
        };
        two.members[0].call(now, calling);
        two.settle(now);
        let ends = two.told[0].drain(..).filter_map(|one| match one {
            Delivery::Reply { body, .. } => Some(Ok(String::from_utf8_lossy(&body).into_owned())),
            Delivery::Failed {
                why: Failure::Denied,
                detail,
                ..
            } => Some(Err(detail)),
            _ => None,
        });
        let ends: Vec<_> = ends.collect();
        let arrived = std::mem::take(&mut two.arrived) == 1 && ends.is_empty();
        if arrived {
            Ok("arrived".to_owned())
        } else {
            ends.into_iter().next().unwrap()
        }
    }

    #[test]
    fn copies_go_to_whoever_proves_the_secret_and_to_all_where_there_is_none_whoever_has_dialed() {
        for ours in SETS {
            for theirs in SETS {
                for order in [
                    "the member dials",
                    "the operator dials",
                    "a link stood before",
                ] {
                    let case = format!("{ours:?} at {theirs:?}, {order}");
                    let mut two = Two::new([terms(ours, false), terms(theirs, false)]);
                    match order {
                        "the member dials" => look(&mut two, 0),
                        "the operator dials" => {
                            look(&mut two, 0);
                            two.cast(0);
                        }
                        _ => {
                            two.cast(0);
                            look(&mut two, 0);
                        }
                    }
                    copies(&mut two);
                    for now in [10, 20] {
                        pass(&mut two, now);
                        assert_eq!(
                            copies(&mut two),
                            usize::from(may(ours, theirs)),
                            "{case} {now}"
                        );
                    }
                    // A new link is a new proof, and what waited for it is not lost.
                    two.cut(30);
                    for now in [40, 2_000] {
                        pass(&mut two, now);
                    }
                    two.members[1].tick(3_000);
                    two.settle(3_000);
                    assert_eq!(
                        copies(&mut two),
                        2 * usize::from(may(ours, theirs)),
                        "{case}"
                    );
                    pass(&mut two, 10_000);
                    let of_secret = |n: usize| {
                        two.notes[n]
                            .iter()
                            .filter(|text| text.contains("operator's secret"))
                            .count()
                    };
                    let expected = usize::from(!may(ours, theirs));
                    assert_eq!(
                        [of_secret(0), of_secret(1)],
                        [expected; 2],
                        "{case}: {:?}",
                        two.notes
                    );
                }
            }
        }
    }

    #[test]
    fn a_member_that_is_asked_says_whether_one_may_look_and_what_to_set_if_not() {
        for ours in SETS {
            for theirs in SETS {
                let case = format!("{ours:?} at {theirs:?}");
                let mut two = Two::new([terms(ours, true), terms(theirs, false)]);
                let end = call(&mut two, 0, "!1", "operator");
                match (may(ours, theirs), end) {
                    (true, Ok(body)) => {
                        let asks = !theirs.is_empty();
                        assert_eq!(body, format!(r#"{{"data":{{"asks":{asks}}}}}"#), "{case}");
                        assert!(two.notes.concat().is_empty(), "{case}: {:?}", two.notes);
                    }
                    (false, Err(why)) => {
                        let doubt = if ours.is_empty() {
                            "is not proved"
                        } else {
                            "is another"
                        };
                        assert!(
                            why.contains(doubt) && why.contains("OWT_GRPC_OPERATOR_SECRET"),
                            "{case}: {why}"
                        );
                        assert_eq!(two.notes[1].len(), 1, "{case}: {:?}", two.notes);
                    }
                    (_, end) => panic!("{case}: {end:?}"),
                }
            }
        }
    }

    #[test]
    fn a_command_calls_where_it_proves_the_secret_and_a_module_calls_as_ever() {
        for ours in SETS {
            for theirs in SETS {
                for is_command in [true, false] {
                    let case = format!("{ours:?} at {theirs:?}, a command: {is_command}");
                    let mut two = Two::new([terms(ours, is_command), terms(theirs, false)]);
                    for now in [0, 1] {
                        let end = call(&mut two, now, "id1", "m");
                        if !is_command || may(ours, theirs) {
                            assert_eq!(end.as_deref(), Ok("arrived"), "{case}");
                        } else {
                            let why = end.unwrap_err();
                            assert!(
                                why.starts_with("calling id1 by a command needs"),
                                "{case}: {why}"
                            );
                        }
                        two.members[0].cancel(now, 3);
                        two.settle(now);
                    }
                    let count = usize::from(is_command && !may(ours, theirs));
                    assert_eq!(two.notes[1].len(), count, "{case}: {:?}", two.notes);
                    assert!(
                        call(&mut two, 2, "!1", "status")
                            .unwrap()
                            .contains("\"member\":\"1\""),
                        "{case}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_proof_is_made_only_by_who_looks_or_is_a_command_and_a_nonce_is_good_for_one() {
        for (is_command, is_asked) in [(true, true), (false, false)] {
            let mut two = Two::new([Terms::of("c"), terms(&[1], is_command)]);
            let conn = two.members[1].incoming(0);
            let hello = Hello {
                operator_nonce: Bytes::from_static(&[7; NONCE]),
                ..Two::hello()
            };
            let frames = vec![frame(Kind::Hello(Box::new(hello)))];
            two.members[1].packet(0, conn, Packet { frames });
            let actions = two.members[1].take_actions(0).into_iter();
            let welcome = actions.filter_map(|action| match action {
                crate::bus::member::Action::Send { packet, .. } => {
                    packet.frames.into_iter().next()?.kind
                }
                _ => None,
            });
            let Some(Kind::Welcome(welcome)) = welcome.last() else {
                panic!("no Welcome");
            };
            assert_eq!(!welcome.operator_proofs.is_empty(), is_asked);
            assert_eq!(
                (welcome.operator_nonce.len(), welcome.command),
                (NONCE, is_command)
            );
            // The first proof was wrong, so the right one comes too late.
            let proofs = OperatorSecret::by([Key::new(&[1; 32])]).prove(&Visit {
                cluster: "c",
                operator: "0",
                host: "1",
                link: 5,
                nonce: &welcome.operator_nonce,
            });
            let number = two.members[1].numbers["0"];
            for proofs in [vec![Bytes::from_static(b"wrong")], proofs] {
                let frames = vec![frame(Kind::Proof(Proof { proofs }))];
                two.members[1].packet(0, conn, Packet { frames });
                assert_eq!(two.members[1].check_operator(number), Err(Doubt::Wrong));
            }
        }
    }

    #[test]
    fn what_passes_while_a_link_is_about_to_be_closed_is_not_shown_when_it_is_kept() {
        let mut two = Two::new([terms(&[2], false), terms(&[1], false)]);
        look(&mut two, 0);
        pass(&mut two, 10);
        // The operator waits for a reply, so it keeps the link.
        two.arrived = 0;
        assert_eq!(call(&mut two, 20, "id1", "m").as_deref(), Ok("arrived"));
        let later = 1_000_000;
        two.members[1].tick(later);
        pass(&mut two, later);
        assert_eq!(copies(&mut two), 0);
    }

    #[test]
    fn one_of_a_release_that_proves_nothing_gets_no_copies_and_the_log_says_so_in_a_while() {
        let mut two = Two::new([Terms::of("c"), terms(&[1], false)]);
        two.cast(0);
        // It listens, and its own part knows nothing of operators.
        tell_of_look(&mut two, 0);
        for now in [10, PROOF_TIMEOUT + 10, PROOF_TIMEOUT + 20] {
            pass(&mut two, now);
            assert_eq!(
                two.notes[1].len(),
                usize::from(now > PROOF_TIMEOUT),
                "{:?}",
                two.notes
            );
        }
        assert_eq!(copies(&mut two), 0);
        assert!(
            two.notes[1][0]
                .starts_with("0 is not shown what passes: seeing what passes (tap) needs")
        );
    }
}
