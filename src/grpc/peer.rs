//! Whom a server's connection is to.

use std::sync::{Arc, OnceLock};

use super::budget::Ledger;
use super::io::Greeting;

/// Whom a connection is to, and what all of its calls share.
pub struct Peer {
    /// The connection's number.
    pub connection: u32,
    /// What it makes the process hold.
    pub ledger: Arc<Ledger>,
    /// What the peer has said of itself.
    pub greeting: Greeting,
    /// Why its calls are cut off, once they are.
    pub farewell: OnceLock<&'static str>,
}
