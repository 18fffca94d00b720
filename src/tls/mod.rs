//! TLS: what a connection needs before gRPC starts. Asked for, it is had or an
//! error says why: nothing here falls back to plaintext.
//!
//! `certificate` reads certificates, `legacy` judges those of the old kind, `trust` has the
//! CAs, `verifier` is what rustls asks, `asked` whoever is asked for a certificate, `identity` is this side's own pair; `credentials` is all
//! of that as configured, `handshake` a connection's beginning, `signing` the
//! thread that it has. `judge` asks all this of a certificate without a connection.

pub mod asked;
pub mod certificate;
pub mod credentials;
pub mod handshake;
mod identity;
pub mod judge;
pub mod legacy;
pub mod refusal;
mod signing;
mod trust;
mod verifier;
