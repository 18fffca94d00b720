//! That two sides know the cluster's secret, proved over a challenge and never sent.
//!
//! `proof` is what is proved and how, `nonces` the numbers that are used once, `token` by
//! what members are told apart, and here is what a side asks of others. `operator` is the
//! same of the operator's secret. All of it is pure.

mod nonces;
pub mod operator;
mod proof;
pub mod token;

use std::fmt;
use std::sync::Arc;

pub use nonces::{NONCE, Nonces};
pub use proof::{Key, Transcript, Way};

use bytes::Bytes;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::wire::{Reason, Refusal};

/// Bytes that nobody can foretell, of this machine's.
///
/// # Errors
/// The system has none to give.
pub fn entropy() -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| "this machine has no random numbers to give".to_owned())?;
    Ok(bytes)
}

/// As many secrets may be accepted, and as many proofs of one side are looked at: more
/// than one while a secret is replaced.
pub const MOST_SECRETS: usize = 4;

/// What is done about others who do not prove the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are let in, and nothing is said: the secret is there for those who ask for it.
    Offered,
    /// They are let in, and named: for while the secret is introduced.
    Accepted,
    /// They are refused.
    Required,
}

/// The secrets of a cluster as one side has them, and what it asks of others.
#[derive(Clone)]
pub struct Trust {
    keys: Arc<[Key]>,
    mode: Mode,
}

/// Why a side is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It has proved nothing.
    Unproven,
    /// It has proved another secret.
    Wrong,
}

impl Trust {
    /// No secret: nothing is proved, and nothing asked.
    pub fn none() -> Self {
        Self {
            keys: Arc::new([]),
            mode: Mode::Accepted,
        }
    }

    /// By these keys, of which the first [`MOST_SECRETS`] count.
    pub fn by(keys: impl IntoIterator<Item = Key>, mode: Mode) -> Self {
        let keys = keys.into_iter().take(MOST_SECRETS).collect();
        Self { keys, mode }
    }

    /// Whether there is a secret.
    pub fn has_secret(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Whether those who do not prove it are refused.
    pub fn is_required(&self) -> bool {
        self.has_secret() && self.mode == Mode::Required
    }

    /// Whether somebody who has not proved the secret is a matter for people.
    pub fn minds(&self) -> bool {
        self.has_secret() && self.mode != Mode::Offered
    }

    /// What the dialer proves: one proof for each secret that it has, since it does not
    /// know which of them the other side has.
    pub fn proofs(&self, about: &Transcript<'_>) -> Vec<Bytes> {
        let proofs = self.keys.iter().map(|key| key.prove(Way::Dialer, about));
        proofs.collect()
    }

    /// What the acceptor, which has chosen that version, answers to proofs of the
    /// dialer's: one of the secret that both have.
    ///
    /// # Errors
    /// There is none.
    pub fn answer(
        &self,
        proofs: &[Bytes],
        version: u32,
        about: &Transcript<'_>,
    ) -> Result<Bytes, Doubt> {
        let proofs = &proofs[..proofs.len().min(MOST_SECRETS)];
        let proves = |key: &&Key| {
            let mut proofs = proofs.iter();
            proofs.any(|proof| key.is_proved(Way::Dialer, about, proof))
        };
        match self.keys.iter().find(proves) {
            Some(key) => Ok(key.prove(Way::Acceptor(version), about)),
            None if proofs.is_empty() => Err(Doubt::Unproven),
            None => Err(Doubt::Wrong),
        }
    }

    /// Looks at what the acceptor has proved to the dialer.
    ///
    /// # Errors
    /// It is not a secret of this side.
    pub fn check(&self, proof: &[u8], version: u32, about: &Transcript<'_>) -> Result<(), Doubt> {
        let mut keys = self.keys.iter();
        if keys.any(|key| key.is_proved(Way::Acceptor(version), about, proof)) {
            return Ok(());
        }
        Err(if proof.is_empty() {
            Doubt::Unproven
        } else {
            Doubt::Wrong
        })
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} secrets, {:?})", self.keys.len(), self.mode)
    }
}

const SETTINGS: &str = "OWT_GRPC_CLUSTER_SECRET, OWT_GRPC_CLUSTER_SECRET_FILE or option secret";
/// Who meets there whose secrets differ, and what parts them.
const APART: &str = "Where none is set, each user of a machine has one of their own: run both as one \
                     user. Two installations need a registry each: OWT_GRPC_REGISTRY";

impl Doubt {
    /// For who reads it on the side that asked for a proof.
    pub fn here(self) -> String {
        match self {
            Self::Unproven => format!(
                "it does not prove the cluster's secret: set that there, too ({SETTINGS}), or \
                 OWT_GRPC_SECRET_MODE=accepted here as long as not all have it"
            ),
            Self::Wrong => format!(
                "its secret is not this side's: set the cluster's on both ({SETTINGS}), or \
                 OWT_GRPC_CLUSTER_SECRET_OLD where it is being replaced. {APART}"
            ),
        }
    }

    /// For the side that did not prove it.
    pub fn there(self) -> Refusal {
        let text = match self {
            Self::Unproven => format!(
                "the other side asks for the cluster's secret, which this side does not prove: set it \
                 here ({SETTINGS}), or OWT_GRPC_SECRET_MODE=accepted there as long as not all have it"
            ),
            Self::Wrong => format!(
                "the secret of this side is not the other side's: set the cluster's on both \
                 ({SETTINGS}), or OWT_GRPC_CLUSTER_SECRET_OLD where it is being replaced. {APART}"
            ),
        };
        Refusal::new(Reason::Secret, text)
    }
}

/// For tests: no secret, one, another, and both in either order, in each mode.
#[cfg(test)]
pub fn every_side() -> impl Iterator<Item = (&'static [u8], Mode)> {
    let sets: [&[u8]; 5] = [&[], &[1], &[2], &[2, 1], &[1, 2]];
    let modes = [Mode::Offered, Mode::Accepted, Mode::Required];
    sets.into_iter()
        .flat_map(move |set| modes.map(|mode| (set, mode)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::wire::{Hello, Join, Record};

    fn trust(secrets: &[u8]) -> Trust {
        let keys = secrets.iter().map(|n| Key::new(&[*n; 32]));
        Trust::by(keys, Mode::Required)
    }

    fn hello() -> Hello {
        Hello {
            version: 1,
            newest_version: 2,
            cluster: "c".to_owned(),
            member: "ann".to_owned(),
            token: "t".to_owned(),
            link: 5,
            to: "bob".to_owned(),
            nonce: Bytes::from_static(&[7; NONCE]),
            ..Hello::default()
        }
    }

    /// Both prove what they have to each other: whether both were convinced.
    fn convinces(dialer: &Trust, acceptor: &Trust, said: &Hello, heard: &Hello) -> (bool, bool) {
        let nonce = [9; NONCE];
        let proofs = dialer.proofs(&Transcript::of_link(said, &nonce));
        match acceptor.answer(&proofs, 2, &Transcript::of_link(heard, &nonce)) {
            Ok(answer) => {
                let checked = dialer.check(&answer, 2, &Transcript::of_link(said, &nonce));
                (true, checked.is_ok())
            }
            Err(_) => (false, false),
        }
    }

    #[test]
    fn two_are_convinced_if_they_share_a_secret_and_else_neither_is() {
        let sets: [&[u8]; 7] = [&[], &[1], &[2], &[1, 2], &[2, 1], &[3, 1], &[2, 3]];
        for ours in sets {
            for theirs in sets {
                let shared = ours.iter().any(|secret| theirs.contains(secret));
                let both = convinces(&trust(ours), &trust(theirs), &hello(), &hello());
                assert_eq!(both, (shared, shared), "{ours:?} and {theirs:?}");
            }
        }
    }

    /// Each of them is what somebody between two sides might change, or where a proof
    /// might be shown that was made for another place.
    #[test]
    fn a_proof_is_good_for_one_link_between_two_members_of_one_cluster() {
        let changes: [fn(&mut Hello); 9] = [
            |hello| hello.version = 2,
            |hello| hello.newest_version = 0,
            |hello| hello.cluster = "d".to_owned(),
            |hello| hello.member = "eve".to_owned(),
            |hello| hello.token = "u".to_owned(),
            |hello| hello.link = 6,
            |hello| hello.to = "eve".to_owned(),
            |hello| hello.nonce = Bytes::from_static(&[8; NONCE]),
            // The same letters, divided in another way.
            |hello| (hello.cluster, hello.member) = ("ca".to_owned(), "nn".to_owned()),
        ];
        let same = trust(&[1]);
        for (n, change) in changes.iter().enumerate() {
            let mut other = hello();
            change(&mut other);
            assert_eq!(
                convinces(&same, &same, &hello(), &other),
                (false, false),
                "{n}"
            );
        }
    }

    #[test]
    fn a_proof_is_not_good_in_the_other_direction_nor_for_another_challenge_or_version() {
        let (same, hello) = (trust(&[1]), hello());
        let about = Transcript::of_link(&hello, &[9; NONCE]);
        let proofs = same.proofs(&about);
        assert_eq!(same.check(&proofs[0], 2, &about), Err(Doubt::Wrong));
        let answer = same.answer(&proofs, 2, &about).unwrap();
        assert_eq!(
            same.answer(std::slice::from_ref(&answer), 2, &about),
            Err(Doubt::Wrong)
        );
        assert_eq!(same.check(&answer, 1, &about), Err(Doubt::Wrong));
        assert_eq!(same.check(&answer, 2, &about), Ok(()));
        let other = Transcript::of_link(&hello, &[8; NONCE]);
        assert_eq!(same.answer(&proofs, 2, &other), Err(Doubt::Wrong));
        assert_eq!(same.check(&answer, 2, &other), Err(Doubt::Wrong));
        assert_eq!(same.check(&[], 2, &about), Err(Doubt::Unproven));
    }

    #[test]
    fn a_proof_for_a_member_is_none_for_the_registry() {
        let hello = Hello {
            to: String::new(),
            ..hello()
        };
        let join = Join {
            version: 1,
            newest_version: 2,
            cluster: "c".to_owned(),
            record: Some(Record {
                member: "ann".to_owned(),
                token: "t".to_owned(),
                ..Record::default()
            }),
            epoch: 5,
            nonce: hello.nonce.clone(),
            ..Join::default()
        };
        let nonce = [9; NONCE];
        let same = trust(&[1]);
        let of_link = same.proofs(&Transcript::of_link(&hello, &nonce));
        let of_session = Transcript::of_session(&join, &nonce);
        assert_eq!(same.answer(&of_link, 2, &of_session), Err(Doubt::Wrong));
        let proofs = same.proofs(&of_session);
        assert!(same.answer(&proofs, 2, &of_session).is_ok());
    }

    #[test]
    fn no_more_proofs_are_looked_at_than_there_may_be_secrets() {
        let (same, hello) = (trust(&[1]), hello());
        let about = Transcript::of_link(&hello, &[9; NONCE]);
        let mut proofs = vec![Bytes::new(); MOST_SECRETS];
        proofs.extend(same.proofs(&about));
        assert_eq!(same.answer(&proofs, 2, &about), Err(Doubt::Wrong));
        assert!(same.answer(&proofs[1..], 2, &about).is_ok());
    }

    #[test]
    fn nonces_differ_and_a_seed_makes_the_same_again() {
        let make = |seed: u8| {
            let mut nonces = Nonces::new(&[seed; 32]);
            [nonces.next(), nonces.next(), nonces.next()]
        };
        let (a, b) = (make(1), make(2));
        assert_eq!(a, make(1));
        let mut all = [a, b].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn what_is_printed_has_no_secret_in_it() {
        let shown = format!("{:?}", trust(&[0xab]));
        assert_eq!(shown, "Trust(1 secrets, Required)");
    }
}
