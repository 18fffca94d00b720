//! Who serves which id, and where: one registry of three kinds. [`Embedded`] is
//! in the process of one of the members, [`Standalone`] in one of its own,
//! [`Etcd`] on a cluster. A member does not know which it is: it has a session,
//! says who it is and is told who is there.
//!
//! `directory` is the pure part of the first two, `host` serves it, `unread` bounds what waits for its sessions, `client` is a
//! member's session with it; `places` is where it may be on one machine, `search` finds it or becomes it. `etcd` is all of the third.

mod apart;
pub mod client;
pub mod directory;
pub mod etcd;
pub mod host;
pub mod places;
mod search;
mod unread;

use std::collections::HashSet;
use std::pin::{Pin, pin};
use std::sync::Weak;
use std::time::Duration;

pub use client::{Embedded, Standalone};
pub use etcd::Etcd;

use crate::bus::application::Delivery;
use crate::bus::node::Node;
use crate::bus::reach::Reach;
use crate::bus::wire::ToRegistry;

/// What takes a while.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A member's way to the registry, of whichever kind.
pub trait Registry: Send + Sync + 'static {
    /// How this machine reaches it, and is reached by other members.
    ///
    /// # Errors
    /// Names that do not resolve, or addresses that plaintext must not go to.
    fn reach(&self) -> Pending<'_, Result<Reach, String>>;

    /// Joins, and joins again after each loss, for as long as the node is there:
    /// calls its `registry_open`, `registry_message` and `registry_lost`. `here`
    /// says that the registry is on this machine.
    fn keep_joined(self: Box<Self>, node: Weak<Node>, here: bool) -> Pending<'static, ()>;

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

/// What a member's operator has been told since its registry was there last: each
/// thing once, though several of them may alternate.
#[derive(Default)]
struct Complaints(HashSet<String>);

/// Texts may have parts that are a peer's.
const MOST_COMPLAINTS: usize = 32;

impl Complaints {
    /// There is no registry, for this reason.
    fn no_registry(&mut self, node: &Node, why: &str) {
        let text = format!("no registry yet, trying again: {why}");
        self.say(node, text, why);
    }

    /// Nothing has come for a while. `next` is what is done about it, if anything is.
    fn silent(&mut self, node: &Weak<Node>, what: &str, next: &str) {
        if let Some(node) = node.upgrade() {
            let seconds = SILENCE.as_secs();
            let why = format!(
                "{what}, for {seconds} s now: if a registry has that port its process may be \
                 stopped (SIGSTOP, a paused container), and goes on or gives the port free when it \
                 is killed; if another program has it, registry and members need another port{next}"
            );
            self.no_registry(&node, &why);
        }
    }

    /// The application is told each time, whoever reads the log once.
    fn say(&mut self, node: &Node, text: String, why: &str) {
        let why = why.to_owned();
        node.deliver(Delivery::Waiting { why });
        if self.0.len() < MOST_COMPLAINTS && self.0.insert(text.clone()) {
            let warning = true;
            node.deliver(Delivery::Note { warning, text });
        }
    }

    /// All is well. Returns whether it was not.
    fn clear(&mut self) -> bool {
        let any = !self.0.is_empty();
        self.0.clear();
        any
    }
}

/// Whoever has not answered for so long is told of.
const SILENCE: Duration = Duration::from_secs(2);

/// Waits for an answer. If it takes long, `tell` is called, once.
async fn patiently<T>(answer: impl Future<Output = T>, tell: impl FnOnce()) -> T {
    let mut answer = pin!(answer);
    if let Ok(answer) = tokio::time::timeout(SILENCE, &mut answer).await {
        return answer;
    }
    tell();
    answer.await
}
