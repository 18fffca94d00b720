//! What a member's operator is told while there is no registry.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Weak;
use std::time::Duration;

use crate::bus::application::Delivery;
use crate::bus::registry::Joined;

/// What a member's operator has been told since its registry was there last: each
/// thing once, though several of them may alternate.
#[derive(Default)]
pub(super) struct Complaints(HashSet<String>);

/// Texts may have parts that are a peer's.
const MOST_COMPLAINTS: usize = 32;

impl Complaints {
    /// There is no registry, for this reason.
    pub(super) fn no_registry(&mut self, node: &dyn Joined, why: &str) {
        let text = format!("no registry yet, trying again: {why}");
        self.say(node, text, why);
    }

    /// Nothing has come for a while. `next` is what is done about it, if anything is.
    pub(super) fn silent(&mut self, node: &Weak<dyn Joined>, what: &str, next: &str) {
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
    pub(super) fn say(&mut self, node: &dyn Joined, text: String, why: &str) {
        let why = why.to_owned();
        node.deliver(Delivery::Waiting { why });
        if self.0.len() < MOST_COMPLAINTS && self.0.insert(text.clone()) {
            let warning = true;
            node.deliver(Delivery::Note { warning, text });
        }
    }

    /// All is well. Returns whether it was not.
    pub(super) fn clear(&mut self) -> bool {
        let any = !self.0.is_empty();
        self.0.clear();
        any
    }
}

/// Whoever has not answered for so long is told of.
pub(super) const SILENCE: Duration = Duration::from_secs(2);

/// Waits for an answer. If it takes long, `tell` is called, once.
pub(super) async fn patiently<T>(answer: impl Future<Output = T>, tell: impl FnOnce()) -> T {
    let mut answer = pin!(answer);
    if let Ok(answer) = tokio::time::timeout(SILENCE, &mut answer).await {
        return answer;
    }
    tell();
    answer.await
}
