//! The bus: members that call each other and publish to each other directly.
//!
//! `member` and what it is made of are pure: events and the time go in, actions
//! come out; no socket, no clock, no thread. `node` is a member on real
//! sockets. Neither knows of JS.

pub mod advertise;
pub mod agreement;
pub mod application;
pub mod assembly;
pub mod bounds;
mod calls;
pub mod member;
pub mod node;
pub mod once;
mod outbox;
mod peer;
pub mod pipe;
pub mod profile;

pub mod registry;
pub mod rules;
pub mod session;
#[cfg(test)]
mod sim;
mod spells;
mod standing;
mod subscriptions;
pub mod table;
mod topic;
pub mod trust;
pub mod wire;

/// Time in ms since a moment that only has to be the same for one member.
pub type Millis = u64;
