//! Numbers that nobody has used before and nobody can foretell.

use bytes::Bytes;
use ring::hmac;

/// Bytes of a nonce. Fewer are not taken from another side.
pub const NONCE: usize = 16;

/// Makes nonces of a seed, so that a run can be told by it.
pub struct Nonces {
    key: hmac::Key,
    made: u64,
}

impl Nonces {
    /// The seed is random and known to nobody else.
    pub fn new(seed: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, seed),
            made: 0,
        }
    }

    /// The next one.
    pub fn next(&mut self) -> Bytes {
        self.made += 1;
        let made = hmac::sign(&self.key, &self.made.to_le_bytes());
        Bytes::copy_from_slice(&made.as_ref()[..NONCE])
    }
}
