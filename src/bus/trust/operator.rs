//! That whoever does what operators do, looking at what passes or calling by a command,
//! knows the operator's secret. It is proved to the member that is looked at or called, over
//! a nonce of that one's and for one link, and never sent.
//!
//! The member proves nothing back: what is asked of it does it no good if it is another.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::proof::put;
use super::{Doubt, Key, MOST_SECRETS};

/// What is denied, as it is logged once of each peer.
pub const KEY: &str = "operator";

/// Of what the proof is one, and of which form.
const LABEL: &[u8] = b"owt-grpc bus: proof of the operator's secret, form 1";

/// What is proved: who wants to operate which member, over which link.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// Of both.
    pub cluster: &'a str,
    /// The member that proves.
    pub operator: &'a str,
    /// The member that asks for it.
    pub host: &'a str,
    /// The link's number.
    pub link: u64,
    /// What `host` has asked to be proved something about.
    pub nonce: &'a [u8],
}

impl Visit<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        put(&mut bytes, LABEL);
        for text in [self.cluster, self.operator, self.host] {
            put(&mut bytes, text.as_bytes());
        }
        put(&mut bytes, &self.link.to_le_bytes());
        put(&mut bytes, self.nonce);
        bytes
    }
}

/// The operator's secret as one side has it, in the texts that are accepted while one is
/// replaced. A member that has it asks for it.
#[derive(Clone)]
pub struct OperatorSecret(Arc<[Key]>);

impl OperatorSecret {
    /// Nothing is asked, and nothing can be proved.
    pub fn none() -> Self {
        Self(Arc::new([]))
    }

    /// By these keys, of which the first [`MOST_SECRETS`] count.
    pub fn by(keys: impl IntoIterator<Item = Key>) -> Self {
        Self(keys.into_iter().take(MOST_SECRETS).collect())
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    /// One proof for each text, since the other side may have any of them.
    pub fn prove(&self, visit: &Visit<'_>) -> Vec<Bytes> {
        let bytes = visit.bytes();
        self.0.iter().map(|key| key.sign(&bytes)).collect()
    }

    /// Looks at what the other side has proved.
    ///
    /// # Errors
    /// It is not this secret.
    pub fn check(&self, proofs: &[Bytes], visit: &Visit<'_>) -> Result<(), Doubt> {
        let proofs = &proofs[..proofs.len().min(MOST_SECRETS)];
        let bytes = visit.bytes();
        let is_proved = |key: &Key| proofs.iter().any(|proof| key.has_signed(&bytes, proof));
        if self.0.iter().any(is_proved) {
            return Ok(());
        }
        Err(if proofs.is_empty() {
            Doubt::Unproven
        } else {
            Doubt::Wrong
        })
    }
}

impl fmt::Debug for OperatorSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorSecret({})", self.0.len())
    }
}

/// Why somebody may not do something, for both sides: what needs the secret, and what to do.
pub fn denial(what: &str, doubt: Doubt) -> String {
    match doubt {
        Doubt::Unproven => format!(
            "{what} needs the operator's secret, which is not proved: set OWT_GRPC_OPERATOR_SECRET, \
             or OWT_GRPC_OPERATOR_SECRET_FILE, for the command to that of the members"
        ),
        Doubt::Wrong => format!(
            "{what} needs the operator's secret, and the one that is proved is another: set \
             OWT_GRPC_OPERATOR_SECRET to the same for members and command, or \
             OWT_GRPC_OPERATOR_SECRET_OLD where it is being replaced"
        ),
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    fn secret(numbers: &[u8]) -> OperatorSecret {
        OperatorSecret::by(numbers.iter().map(|n| Key::new(&[*n; 32])))
    }

    const VISIT: Visit<'static> = Visit {
        cluster: "c",
        operator: "ann",
        host: "bob",
        link: 5,
        nonce: &[7; 16],
    };

    #[test]
    fn whoever_shares_one_of_the_secrets_may_and_nobody_else_in_2000_random_cases() {
        let mut rng = Rng::with_seed(13);
        let (mut may, mut may_not) = (0, 0);
        for case in 0..2_000 {
            let some = |rng: &mut Rng| -> Vec<u8> {
                let count = rng.usize(..4);
                (0..count).map(|_| rng.u8(..5)).collect()
            };
            let (ours, theirs) = (some(&mut rng), some(&mut rng));
            let checked = secret(&ours).check(&secret(&theirs).prove(&VISIT), &VISIT);
            let expected = if ours.iter().any(|n| theirs.contains(n)) {
                may += 1;
                Ok(())
            } else {
                may_not += 1;
                Err(if theirs.is_empty() {
                    Doubt::Unproven
                } else {
                    Doubt::Wrong
                })
            };
            assert_eq!(checked, expected, "{case}: {ours:?} and {theirs:?}");
        }
        assert!(may > 200 && may_not > 200);
    }

    #[test]
    fn a_proof_is_good_for_one_operator_at_one_member_over_one_link() {
        let others = [
            Visit {
                cluster: "d",
                ..VISIT
            },
            Visit {
                operator: "eve",
                ..VISIT
            },
            Visit {
                host: "eve",
                ..VISIT
            },
            Visit { link: 6, ..VISIT },
            Visit {
                nonce: &[8; 16],
                ..VISIT
            },
            // Each of the two in the other's place.
            Visit {
                operator: "bob",
                host: "ann",
                ..VISIT
            },
            // The same letters, divided in another way.
            Visit {
                operator: "annb",
                host: "ob",
                ..VISIT
            },
        ];
        let same = secret(&[1]);
        let proofs = same.prove(&VISIT);
        assert_eq!(same.check(&proofs, &VISIT), Ok(()));
        for other in others {
            assert_eq!(same.check(&proofs, &other), Err(Doubt::Wrong), "{other:?}");
        }
    }

    #[test]
    fn no_more_proofs_are_looked_at_than_there_may_be_secrets() {
        let same = secret(&[1]);
        let mut proofs = vec![Bytes::new(); MOST_SECRETS];
        proofs.extend(same.prove(&VISIT));
        assert_eq!(same.check(&proofs, &VISIT), Err(Doubt::Wrong));
        assert_eq!(same.check(&proofs[1..], &VISIT), Ok(()));
    }

    #[test]
    fn what_is_printed_has_no_secret_in_it() {
        assert_eq!(format!("{:?}", secret(&[0xab])), "OperatorSecret(1)");
    }
}
