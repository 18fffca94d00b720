//! What a member is made with.

use crate::bus::Millis;
use crate::bus::agreement::Terms;

/// Who a member is: it stays as long as the member does.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Unique among all members that are and were.
    pub name: String,
    /// Shows on links that the member is who it says it is.
    pub token: String,
    /// Who differs in them is refused.
    pub terms: Terms,
    /// host:port of its endpoint.
    pub address: String,
    /// Whether that may become another.
    pub may_move: bool,
    /// Whether the registry is one of ours, and has the secret if there is one.
    pub registry_proves: bool,
    /// Of what it makes numbers that nobody can foretell: random, and told to nobody.
    pub entropy: [u8; 32],
    /// Where its links' numbers begin: chosen at random.
    pub seed: u64,
    /// Largest body, in bytes, in both directions.
    pub max_message: usize,
    /// A link without traffic is closed after so long.
    pub idle: Millis,
}

/// For tests.
#[cfg(test)]
impl Identity {
    /// One of that name in the cluster `c`; its token is its name, too.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            token: name.to_owned(),
            terms: Terms::of("c"),
            address: format!("{name}:1"),
            may_move: false,
            registry_proves: true,
            entropy: [0; 32],
            seed: 1,
            max_message: 1 << 20,
            idle: 300_000,
        }
    }
}
