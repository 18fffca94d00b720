//! What the two sides of one link ask of each other, and have proved, of the operator's
//! secret. `member/operator` says what follows from it.

use bytes::Bytes;

use super::trust::{Doubt, NONCE};
use super::wire::Frame;

/// Where one link is with the operator's secret, in both directions.
pub struct Standing {
    /// What the peer is to prove the secret over, once.
    pub asked: Bytes,
    /// The same of this member.
    pub owed: Bytes,
    /// What the peer has proved; all is well where nothing is asked.
    pub proved: Result<(), Doubt>,
    /// The peer has said that it is a person's command.
    pub is_command: bool,
    /// Copies that had waited for the link and wait for the proof.
    pub held: Vec<Frame>,
}

impl Standing {
    /// By what both sides have said before the link stands. `None` if neither asks.
    pub fn new(asked: Bytes, owed: Bytes, is_command: bool) -> Option<Box<Self>> {
        let proved = if asked.is_empty() {
            Ok(())
        } else {
            Err(Doubt::Unproven)
        };
        (!asked.is_empty() || owed.len() == NONCE).then(|| {
            Box::new(Self {
                asked,
                owed,
                proved,
                is_command,
                held: Vec::new(),
            })
        })
    }
}
