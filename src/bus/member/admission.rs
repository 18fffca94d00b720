//! Who is let in of those that dial this member. Where there is a secret they have to
//! prove it first, and this member proves it to them then: whoever merely dials learns
//! nothing that guesses of the secret could be tried on.
//!
//! Until its proof is there, a Hello changes nothing, as if it were still on its way.

use bytes::Bytes;

use super::{Member, Use};
use crate::bus::Millis;
use crate::bus::agreement::Side;
use crate::bus::bounds;
use crate::bus::peer::{Answer, Conn, LinkState};
use crate::bus::standing::Standing;
use crate::bus::table::PeerNumber;
use crate::bus::trust::{Doubt, NONCE, Transcript, token};
use crate::bus::wire::{Challenge, Frame, Hello, Kind, Reason, Refusal, Welcome};

/// Somebody who has dialed, and has to prove the secret.
pub(super) struct Challenged {
    hello: Hello,
    /// In which to talk then.
    version: u32,
    nonce: Bytes,
}

impl Member {
    /// A frame of somebody who has dialed and is not let in yet.
    pub(super) fn approached(&mut self, now: Millis, conn: Conn, frame: Frame) {
        match self.challenged.remove(&conn) {
            None => self.greeted(now, conn, frame),
            Some(challenged) => self.proved(now, conn, &challenged, frame),
        }
    }

    fn greeted(&mut self, now: Millis, conn: Conn, frame: Frame) {
        let Some(Kind::Hello(hello)) = frame.kind else {
            return self.garbage(now, conn, "no Hello");
        };
        if let Err(violation) = bounds::of_hello(&hello) {
            return self.garbage(now, conn, &violation.0);
        }
        let version = match self.identity.terms.agree_with(Side::from(&*hello)) {
            Ok(version) => version,
            Err(mismatch) => {
                return self.turn_away(conn, &hello, &mismatch.here, mismatch.there);
            }
        };
        let trust = &self.identity.terms.trust;
        if trust.has_secret() {
            if hello.nonce.len() == NONCE {
                let nonce = self.nonces.next();
                let challenged = Challenged {
                    hello: *hello,
                    version,
                    nonce: nonce.clone(),
                };
                self.challenged.insert(conn, challenged);
                return self.send(conn, Kind::Challenge(Challenge { nonce }));
            }
            if !self.trusts(conn, &hello, Doubt::Unproven) {
                return;
            }
        }
        self.let_in(now, conn, &hello, version, Bytes::new());
    }

    /// The answer to a Challenge.
    fn proved(&mut self, now: Millis, conn: Conn, challenged: &Challenged, frame: Frame) {
        let Some(Kind::Proof(proof)) = frame.kind else {
            return self.garbage(now, conn, "no Proof");
        };
        let Challenged {
            hello,
            version,
            nonce,
        } = challenged;
        let about = Transcript::of_link(hello, nonce);
        let trust = &self.identity.terms.trust;
        match trust.answer(&proof.proofs, *version, &about) {
            Ok(answer) => {
                self.doubted.forget(&hello.member);
                self.let_in(now, conn, hello, *version, answer);
            }
            Err(doubt) => {
                if self.trusts(conn, hello, doubt) {
                    self.let_in(now, conn, hello, *version, Bytes::new());
                }
            }
        }
    }

    /// Whether somebody is let in who has not proved the secret. If not, it has been told.
    fn trusts(&mut self, conn: Conn, hello: &Hello, doubt: Doubt) -> bool {
        let is_required = self.identity.terms.trust.is_required();
        self.suspect(&hello.member, doubt, is_required);
        if is_required {
            self.send(conn, Kind::Refusal(doubt.there()));
            self.close(conn);
        }
        !is_required
    }

    fn let_in(&mut self, now: Millis, conn: Conn, hello: &Hello, version: u32, proof: Bytes) {
        if let Err(text) = self.check_name(conn, &hello.member) {
            return self.deny_name(conn, &hello.member, text);
        }
        match self.admit(hello) {
            Ok(number) => {
                self.accept(conn, number);
                // As members of before there were ranges say it, where that is the same.
                let told = if version == hello.version { 0 } else { version };
                let asked = self.operator_nonce();
                let mut owed = hello.operator_nonce.clone();
                let operator_proofs = self.operator_proofs(&hello.member, hello.link, &owed);
                if !operator_proofs.is_empty() {
                    owed = Bytes::new();
                }
                if let Some(peer) = self.peers.get_mut(&number) {
                    peer.standing = Standing::new(asked.clone(), owed, hello.command);
                }
                let welcome = Welcome {
                    version: told,
                    proof,
                    operator_nonce: asked,
                    command: self.identity.terms.is_command,
                    operator_proofs,
                };
                self.send(conn, Kind::Welcome(welcome));
                self.link_up(now, number, conn, hello.link, false, version);
            }
            Err(refusal) => {
                let here = refusal.text.clone();
                self.turn_away(conn, hello, &here, refusal);
            }
        }
    }

    /// Refuses somebody who has dialed, and says so here, too, unless it will pass.
    fn turn_away(&mut self, conn: Conn, hello: &Hello, here: &str, refusal: Refusal) {
        if !matches!(refusal.reason(), Reason::Crossed | Reason::UnknownMember) {
            let text = format!("a link of {} was refused: {here}", hello.member);
            self.note(true, text);
        }
        self.send(conn, Kind::Refusal(refusal));
        self.close(conn);
    }

    fn deny_name(&mut self, conn: Conn, name: &str, text: String) {
        if self.is_denied_first(name, "names") {
            self.note(true, format!("a link was refused: {text}"));
        }
        self.send(conn, Kind::Refusal(Refusal::new(Reason::Denied, text)));
        self.close(conn);
    }

    fn admit(&self, hello: &Hello) -> Result<PeerNumber, Refusal> {
        if hello.to != self.identity.name {
            let text = format!("{} is not here any more", hello.to);
            return Err(Refusal::new(Reason::Other, text));
        }
        let taken = || Refusal::new(Reason::NameTaken, "another member has that name");
        if hello.member == self.identity.name {
            return Err(taken());
        }
        let number = self.numbers.get(&hello.member);
        let Some((number, peer)) = number.and_then(|n| Some((*n, self.peers.get(n)?))) else {
            let text = "the registry has not told of that member yet";
            return Err(Refusal::new(Reason::UnknownMember, text));
        };
        if peer.token != hello.token || !token::is_shown(&hello.token, &hello.shown) {
            return Err(taken());
        }
        match peer.answer(hello, &self.identity.name) {
            Answer::Accept => Ok(number),
            Answer::Crossed => Err(Refusal::new(Reason::Crossed, "another link is the one")),
        }
    }

    /// The transport is the link from now on: what there was is given up.
    fn accept(&mut self, conn: Conn, number: PeerNumber) {
        match self.peers.get(&number).map(|peer| peer.link.clone()) {
            Some(LinkState::Dialing { conn: mine, .. }) => self.close(mine),
            Some(LinkState::Parting { conn: former }) => {
                // It has closed that one, and this member did not see it yet.
                self.close(former);
                if let Some(peer) = self.peers.get_mut(&number) {
                    peer.ended_idle = true;
                }
            }
            Some(LinkState::Up { conn: former, .. } | LinkState::Ending { conn: former, .. }) => {
                self.close(former);
                self.link_down(number, "it was made anew");
            }
            _ => {}
        }
        self.conns.insert(conn, Use::Link(number));
    }
}
