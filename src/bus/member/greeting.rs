//! What this member says where it has dialed, until the link stands or was refused. Where
//! there is a secret it proves it, and looks at what the other side proves. `admission` is
//! the other side.

use bytes::Bytes;

use super::Member;
use super::redial::PAUSES;
use crate::bus::Millis;
use crate::bus::peer::{Conn, Greeted};
use crate::bus::standing::Standing;
use crate::bus::table::PeerNumber;
use crate::bus::trust::{Doubt, NONCE, Transcript, token};
use crate::bus::wire::{Frame, Hello, Kind, Proof, Reason, Refusal, Welcome};

/// The pause after a dial that crossed the peer's: its link should stand by then.
const CROSSED_PAUSE: Millis = 100;

impl Member {
    pub(super) fn greet(
        &mut self,
        conn: Conn,
        number: PeerNumber,
        link: u64,
        previous: u64,
        to: String,
    ) {
        let operator_nonce = self.operator_nonce();
        let terms = &self.identity.terms;
        let hello = Hello {
            version: terms.versions.oldest(),
            newest_version: terms.versions.newest_if_another(),
            cluster: terms.cluster.clone(),
            member: self.identity.name.clone(),
            token: token::told(&self.identity.token),
            shown: self.identity.token.clone(),
            link,
            previous,
            to,
            nonce: if terms.trust.has_secret() {
                self.nonces.next()
            } else {
                Bytes::new()
            },
            operator_nonce,
            command: terms.is_command,
        };
        if let Some(peer) = self.peers.get_mut(&number) {
            let hello = hello.clone();
            let challenge = None;
            peer.greeted = Some(Box::new(Greeted { hello, challenge }));
        }
        self.send(conn, Kind::Hello(Box::new(hello)));
    }

    /// The other side answers.
    pub(super) fn answered(
        &mut self,
        now: Millis,
        conn: Conn,
        number: PeerNumber,
        link: u64,
        frame: Frame,
    ) {
        match frame.kind {
            Some(Kind::Challenge(challenge)) => self.prove(now, conn, number, challenge.nonce),
            Some(Kind::Welcome(welcome)) => self.welcomed(now, conn, number, link, &welcome),
            Some(Kind::Refusal(refusal)) => self.refused(now, conn, number, &refusal),
            _ => self.garbage(now, conn, "no Welcome"),
        }
    }

    /// It asks this member for a proof.
    fn prove(&mut self, now: Millis, conn: Conn, number: PeerNumber, nonce: Bytes) {
        let trust = &self.identity.terms.trust;
        let greeted = self.peers.get_mut(&number);
        let greeted = greeted.and_then(|peer| peer.greeted.as_mut());
        let is_expected = |greeted: &&mut Box<Greeted>| {
            trust.has_secret() && greeted.challenge.is_none() && nonce.len() == NONCE
        };
        let Some(greeted) = greeted.filter(is_expected) else {
            return self.garbage(now, conn, "a Challenge that is not expected");
        };
        let proofs = trust.proofs(&Transcript::of_link(&greeted.hello, &nonce));
        greeted.challenge = Some(nonce);
        self.send(conn, Kind::Proof(Proof { proofs }));
    }

    fn welcomed(
        &mut self,
        now: Millis,
        conn: Conn,
        number: PeerNumber,
        link: u64,
        welcome: &Welcome,
    ) {
        let Some(version) = self.identity.terms.versions.chosen(welcome.version) else {
            return self.garbage(now, conn, "a version that was not offered");
        };
        let greeted = self.peers.get(&number);
        let greeted = greeted.and_then(|peer| peer.greeted.as_ref());
        let asked = greeted.map(|greeted| greeted.hello.operator_nonce.clone());
        let is_required = self.identity.terms.trust.is_required();
        if let Err((name, doubt)) = self.look_at_proof(number, version, &welcome.proof) {
            self.suspect(&name, doubt, is_required);
            if is_required {
                self.close(conn);
                return self.not_trusting(now, number, doubt.here());
            }
        }
        let name = self.peers.get(&number).map(|peer| peer.name.clone());
        let name = name.unwrap_or_default();
        if let Err(text) = self.check_name(conn, &name) {
            if self.is_denied_first(&name, "names") {
                self.note(true, format!("a link was given up: {text}"));
            }
            self.close(conn);
            return self.not_trusting(now, number, text);
        }
        if let Some(peer) = self.peers.get_mut(&number) {
            let owed = welcome.operator_nonce.clone();
            peer.standing = Standing::new(asked.unwrap_or_default(), owed, welcome.command);
        }
        self.link_up(now, number, conn, link, true, version);
        if !welcome.operator_proofs.is_empty() {
            self.operator_proved(now, number, &welcome.operator_proofs);
        }
    }

    /// Whose proof it is that is none of the secret, and what is to be thought of it.
    fn look_at_proof(
        &mut self,
        number: PeerNumber,
        version: u32,
        proof: &[u8],
    ) -> Result<(), (String, Doubt)> {
        let trust = &self.identity.terms.trust;
        let Some(peer) = self.peers.get_mut(&number).filter(|_| trust.has_secret()) else {
            return Ok(());
        };
        let greeted = peer.greeted.take();
        let doubted = |doubt| (peer.name.to_string(), doubt);
        // Who did not challenge knows nothing that this member could have a proof about.
        let Some((hello, challenge)) = greeted.and_then(|greeted| greeted.challenged()) else {
            return Err(doubted(Doubt::Unproven));
        };
        let about = Transcript::of_link(&hello, &challenge);
        trust.check(proof, version, &about).map_err(doubted)?;
        self.doubted.forget(&peer.name);
        Ok(())
    }

    fn refused(&mut self, now: Millis, conn: Conn, number: PeerNumber, refusal: &Refusal) {
        self.close(conn);
        let soon = match refusal.reason() {
            Reason::Crossed => CROSSED_PAUSE,
            Reason::UnknownMember => PAUSES.first,
            Reason::Secret => {
                let peer = self.peers.get(&number);
                if peer.is_some_and(|peer| self.doubted.is_new(&peer.name)) {
                    self.note_refusal(number, refusal);
                }
                return self.not_trusting(now, number, refusal.text.clone());
            }
            Reason::Denied => {
                let name = self.peers.get(&number).map(|peer| peer.name.clone());
                if name.is_some_and(|name| self.is_denied_first(&name, "by")) {
                    self.note_refusal(number, refusal);
                }
                return self.not_trusting(now, number, refusal.text.clone());
            }
            _ => {
                self.note_refusal(number, refusal);
                return self.dial_failed(now, number, refusal.text.clone());
            }
        };
        self.pause(now + soon, number, refusal.text.clone());
    }

    fn note_refusal(&mut self, number: PeerNumber, refusal: &Refusal) {
        let whom = self.describe(number);
        self.note(true, format!("{whom} refuses the link: {}", refusal.text));
    }

    /// One of the two does not trust the other, which has been said: it is no matter of
    /// addresses.
    fn not_trusting(&mut self, now: Millis, number: PeerNumber, why: String) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.failing = Some((now, true));
        }
        self.dial_failed(now, number, why);
    }

    /// Somebody does not prove the secret, which is said once.
    pub(super) fn suspect(&mut self, name: &str, doubt: Doubt, is_refused: bool) {
        if self.identity.terms.trust.minds() && self.doubted.is_new(name) {
            let what = if is_refused {
                "is not trusted"
            } else {
                "will not be trusted once the secret is required"
            };
            self.note(true, format!("the member {name} {what}: {}", doubt.here()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::agreement::Terms;
    use crate::bus::member::two::Two;
    use crate::bus::trust::{Key, Mode, Trust, every_side};
    use crate::bus::wire::Cast;

    fn trust(secrets: &[u8], mode: Mode) -> Trust {
        Trust::by(secrets.iter().map(|n| Key::new(&[*n; 32])), mode)
    }

    fn two(trusts: [Trust; 2]) -> Two {
        Two::new(trusts.map(|trust| Terms {
            trust,
            ..Terms::of("c")
        }))
    }

    #[test]
    fn a_link_stands_unless_a_side_requires_the_secret_and_the_other_does_not_prove_it() {
        for (ours, our_mode) in every_side() {
            for (theirs, their_mode) in every_side() {
                let sides = [trust(ours, our_mode), trust(theirs, their_mode)];
                let is_required = sides.iter().any(Trust::is_required);
                let is_minded = sides.iter().any(Trust::minds);
                let shared = ours.iter().any(|secret| theirs.contains(secret));
                let mut two = two(sides);
                two.cast(0);
                let stands = two.arrived == 1;
                let case = format!("{ours:?} {our_mode:?} dials {theirs:?} {their_mode:?}");
                assert_eq!(stands, shared || !is_required, "{case}");
                let notes = two.notes.concat();
                assert_eq!(notes.is_empty(), shared || !is_minded, "{case}: {notes:?}");
                for note in notes {
                    assert!(note.contains("secret"), "{case}: {note}");
                }
            }
        }
    }

    #[test]
    fn whoever_is_refused_again_and_again_is_told_of_once_on_each_side() {
        let mut two = two([trust(&[2], Mode::Required), trust(&[1], Mode::Required)]);
        for now in (0..20_000).step_by(250) {
            two.cast(now);
            two.members[0].tick(now);
            two.settle(now);
        }
        let is_of_trust = |note: &&String| note.contains("secret") && !note.contains("dropped");
        let notes = |n: usize| two.notes[n].iter().filter(is_of_trust);
        assert_eq!(
            [notes(0).count(), notes(1).count()],
            [1, 1],
            "{:?}",
            two.notes
        );
        assert_eq!(two.arrived, 0);
    }

    #[test]
    fn whoever_answers_a_challenge_with_anything_else_is_not_let_in() {
        let mut two = two([Trust::none(), trust(&[1], Mode::Required)]);
        let conn = two.members[1].incoming(0);
        let hello = Hello {
            nonce: Bytes::from_static(&[7; NONCE]),
            ..Two::hello()
        };
        let cast = Cast {
            to: "id1".to_owned(),
            ..Cast::default()
        };
        for kind in [
            Kind::Hello(Box::new(hello)),
            Kind::Cast(cast.clone()),
            Kind::Cast(cast),
        ] {
            let frames = vec![crate::bus::wire::frame(kind)];
            two.members[1].packet(0, conn, crate::bus::wire::Packet { frames });
        }
        two.settle(0);
        assert_eq!(two.arrived, 0);
        assert!(two.notes[1][0].contains("no Proof"), "{:?}", two.notes);
    }
}
