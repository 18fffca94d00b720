//! One JS environment (the main thread, or a worker): what it is told, its calls, its
//! servers and its members of the bus. Shared by its JS thread, which drains the events,
//! and the network thread, which does all the rest.

use std::sync::Arc;

use super::calls::Calls;
use super::listening::AllListening;
use super::mailbox::Mailbox;
use super::members::Members;
use super::wakeups::Wake;

/// One JS thread, as the network thread knows it.
pub struct Environment {
    /// What it is told.
    pub events: Arc<Mailbox>,
    /// The calls that it has made, and those that its servers have taken.
    pub calls: Arc<Calls>,
    /// Its servers, and registries that it hosts for others.
    pub listening: AllListening,
    /// Its members of the bus.
    pub members: Members,
}

impl Environment {
    /// An environment that is woken by `wake`.
    pub fn new(wake: Wake) -> Arc<Self> {
        let events = Arc::new(Mailbox::new(wake));
        Arc::new(Self {
            calls: Arc::new(Calls::new(Arc::clone(&events))),
            events,
            listening: AllListening::default(),
            members: Members::default(),
        })
    }

    /// Ends what the environment left behind. On the network thread.
    pub fn abandon(&self) {
        self.calls.abandon();
        self.listening.abandon();
        self.members.abandon();
    }
}
