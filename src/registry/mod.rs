//! Who serves which id, and where: one registry of three kinds. [`Embedded`] is
//! in the process of one of the members, [`Standalone`] in one of its own,
//! [`Etcd`] on a cluster. A member does not know which it is: it has a session,
//! says who it is and is told who is there.
//!
//! `directory` is the pure part of the first two, `host` serves it, `unread` bounds what waits for its sessions, `client` is a
//! member's session with it; `places` is where it may be on one machine, `search` finds it or becomes it. `etcd` is all of the third.

mod address_conflict;
mod client;
pub mod directory;
pub mod etcd;
pub mod host;
pub mod places;
mod search;
mod standalone;
mod unread;

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Weak;
use std::time::Duration;

pub use etcd::Etcd;
pub use standalone::{Embedded, Standalone};

use crate::bus::application::Delivery;
use crate::bus::registry::Joined;

/// What a member's operator has been told since its registry was there last: each
/// thing once, though several of them may alternate.
#[derive(Default)]
struct Complaints(HashSet<String>);

/// Texts may have parts that are a peer's.
const MOST_COMPLAINTS: usize = 32;

impl Complaints {
    /// There is no registry, for this reason.
    fn no_registry(&mut self, node: &dyn Joined, why: &str) {
        let text = format!("no registry yet, trying again: {why}");
        self.say(node, text, why);
    }

    /// Nothing has come for a while. `next` is what is done about it, if anything is.
    fn silent(&mut self, node: &Weak<dyn Joined>, what: &str, next: &str) {
        if let Some(node) = node.upgrade() {
            let seconds = SILENCE.as_secs();
            let why = format!(
                "{what}, for {seconds} s now: if a registry has that port its process may be \
                 stopped (SIGSTOP, a paused container), and goes on or gives the port free when it \
                 is killed; if another program has it, registry and members need another port{next}"
            );
            self.no_registry(&*node, &why);
        }
    }

    /// The application is told each time, whoever reads the log once.
    fn say(&mut self, node: &dyn Joined, text: String, why: &str) {
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
