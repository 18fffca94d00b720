//! Who serves which id, and where: one registry of three kinds. [`Embedded`] is
//! in the process of one of the members, [`Standalone`] in one of its own,
//! [`Etcd`] on a cluster. A member does not know which it is: it has a session,
//! says who it is and is told who is there.
//!
//! `directory` is the pure part of the first two, `host` serves it, `unread` bounds what waits for its sessions, `client` is a
//! member's session with it; `candidates` are where it may be on one machine, `search` finds it or becomes it, `beside` notices another one there. `etcd` is all of the third. `complaints` is what
//! a member's operator is told meanwhile.

mod address_conflict;
mod beside;
pub mod candidates;
mod client;
mod complaints;
pub mod directory;
pub mod etcd;
pub mod host;
mod search;
mod standalone;
mod unread;

pub use etcd::Etcd;
pub use standalone::{Embedded, Standalone};
