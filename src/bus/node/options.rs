//! What a node is made with.

use super::Ports;
use crate::bus::Millis;
use crate::bus::agreement::Terms;
use crate::bus::registry::Registry;
use crate::tls::credentials::Mutual;

/// What a program says of the member that it wants to be.
pub struct Options {
    /// Unique among all members that are and were.
    pub name: String,
    /// Shows that the member is who it says it is.
    pub token: String,
    /// Who differs in them is refused.
    pub terms: Terms,
    /// A random number.
    pub seed: u64,
    /// Largest body, in bytes.
    pub max_message: usize,
    /// A link without traffic is closed after so many ms.
    pub idle: Millis,
    /// The way to the registry.
    pub registry: Box<dyn Registry>,
    /// Mutual TLS of links, or plaintext.
    pub tls: Option<Mutual>,
    /// What others dial, if not what the route to the registry says.
    pub advertise: Option<String>,
    /// Where it may listen, if not at any port that is free.
    pub ports: Option<Ports>,
}
