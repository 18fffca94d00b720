//! TLS: what a connection needs before gRPC starts. Asked for, it is had or an
//! error says why: nothing here falls back to plaintext.
//!
//! `facts` reads certificates, `legacy` judges those of the old kind, `verifier`
//! is what rustls asks, `identity` is this side's own pair; `credentials` is all
//! of that as configured, `handshake` a connection's beginning, `signing` the
//! thread that it has.

pub mod credentials;
pub mod facts;
pub mod handshake;
mod identity;
pub mod legacy;
pub mod refusal;
mod signing;
mod verifier;
