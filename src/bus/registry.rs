//! What a member needs of a registry, and a registry of a member: neither knows more of
//! the other. Of which kind registries are is said in `src/registry`.

use std::pin::Pin;
use std::sync::{Arc, Weak};

use super::advertise::{Addresses, Locality};
use super::application::Delivery;
use super::wire::{FromRegistry, ToRegistry};

/// What takes a while.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A member's way to the registry, of whichever kind.
pub trait Registry: Send + Sync + 'static {
    /// How this machine reaches it, and is reached by other members.
    ///
    /// # Errors
    /// Names that do not resolve, or addresses that plaintext must not go to.
    fn addresses(&self) -> Pending<'_, Result<Addresses, String>>;

    /// Joins, and joins again after each loss, for as long as the member is there.
    /// `at` is where the addresses have said that the registry is.
    fn keep_joined(self: Box<Self>, member: Weak<dyn Joined>, at: Locality)
    -> Pending<'static, ()>;

    /// Whether it is one of ours, which has the cluster's secret if there is one.
    fn proves(&self) -> bool {
        true
    }
}

/// Where a member's words go while a session stands.
pub trait Session: Send {
    /// Says something. Nothing comes back before this has returned.
    fn send(&mut self, message: &ToRegistry);
    /// Nothing follows.
    fn close(&self);
    /// Nothing that it brings counts: it ends, whatever the other side does. Only sessions
    /// with a registry that has to prove something are ended so.
    fn cut(&self) {
        self.close();
    }
}

/// A member, seen from its way to the registry. Called on the network thread.
pub trait Joined: Send + Sync + 'static {
    /// A session with the registry begins.
    fn opened(self: Arc<Self>, session: Box<dyn Session>);

    /// It is with somebody who has shown this certificate.
    fn carried(self: Arc<Self>, certificate: Option<&[u8]>);

    /// It brought a message.
    fn told(self: Arc<Self>, message: FromRegistry);

    /// It has ended. Returns false if somebody else has to say why.
    fn lost(self: Arc<Self>, why: &str) -> bool;

    /// Whether a session stands, and the registry has not let the member in yet.
    fn is_joining(&self) -> bool;

    /// Whether the member has ever been let in.
    fn has_joined(&self) -> bool;

    /// Tells the application what only the way to the registry knows.
    fn deliver(&self, delivery: Delivery);

    /// The registry is in this member's process from now on.
    fn keep_host(&self, host: Box<dyn Hosted>);

    /// It is at that port no more.
    fn end_host(self: Arc<Self>, port: u16) -> Pending<'static, ()>;

    /// Runs a task for as long as there is a member.
    fn spawn(&self, task: Pending<'static, ()>);
}

/// A registry that a member hosts. Dropped, it ends all sessions at once.
pub trait Hosted: Send {
    /// Where it listens.
    fn port(&self) -> u16;

    /// Ends every session behind what it was told: the members find another registry.
    fn stop(self: Box<Self>) -> Pending<'static, ()>;
}
