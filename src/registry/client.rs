//! A member's session with a registry that has a host and a port.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::Notify;

use super::complaints::{Complaints, patiently};
use super::host::SESSION;
use crate::bus::application::Delivery;
use crate::bus::pipe::{self, Pipe};
use crate::bus::registry::{Joined, Session};
use crate::bus::wire::{FromRegistry, ToRegistry, Told};
use crate::grpc::channel::Channel;
use crate::grpc::gate::Gate;
use crate::grpc::status::Status;
use crate::grpc::stream::{CallEvents, cost};

/// The member's side of a session.
struct SessionPipe {
    pipe: Pipe,
    cut: Arc<Notify>,
}

impl Session for SessionPipe {
    fn send(&mut self, message: &ToRegistry) {
        self.pipe.send(message);
    }

    fn close(&self) {
        self.pipe.close();
    }

    fn cut(&self) {
        self.cut.notify_one();
    }
}

/// How a session has ended.
pub(super) struct Ended {
    /// What it has ended with.
    pub(super) status: Status,
    /// The member had joined, and the application has been told that it has not any more.
    pub(super) parted: bool,
    /// The application has been told why the member is not let in.
    pub(super) refused: bool,
}

/// One session. `None` if there is no reason for another. `is_first` says that this is where the registry
/// is said to be: what is wrong there does not end by itself.
pub(super) async fn session(
    node: &Weak<dyn Joined>,
    channel: Arc<Channel>,
    is_first: bool,
    complaints: &mut Complaints,
) -> Option<Ended> {
    let target = channel.options().target.clone();
    let (pipe, inbox) = Pipe::new(true);
    let gate = Arc::<Gate>::default();
    let events = SessionEvents {
        node: Weak::clone(node),
        gate: Arc::clone(&gate),
        is_first,
        refused: AtomicBool::new(false),
        passed_over: OnceLock::new(),
    };
    let cut = Arc::new(Notify::new());
    let session = SessionPipe {
        pipe,
        cut: Arc::clone(&cut),
    };
    node.upgrade()?.opened(Box::new(session));
    let tell = || {
        if node.upgrade().is_some_and(|node| node.is_joining()) {
            let what = format!("{target} is connected, and does not let this member in");
            complaints.silent(node, &what, "");
        }
    };
    let dialed = pipe::dial(channel, SESSION, inbox, gate, &events);
    let mut status = tokio::select! {
        status = patiently(dialed, tell) => status,
        () = cut.notified() => Status::unavailable("the registry is not trusted"),
    };
    if let Some(text) = events.passed_over.get() {
        status.details = format!("{target} does not let this member in: {text}");
    }
    if status.details.is_empty() {
        status.details = String::from("the registry closed the session");
    }
    let parted = node.upgrade()?.lost(&status.details);
    let refused = events.refused.into_inner();
    Some(Ended {
        status,
        parted,
        refused,
    })
}

struct SessionEvents {
    node: Weak<dyn Joined>,
    gate: Arc<Gate>,
    is_first: bool,
    refused: AtomicBool,
    /// Why a registry that is there for a while only does not let in a member that the
    /// other one knows.
    passed_over: OnceLock<String>,
}

impl SessionEvents {
    /// Whether the member is to hear it.
    fn admits(&self, node: &dyn Joined, message: &FromRegistry) -> bool {
        let Some(Told::Refusal(refusal)) = &message.kind else {
            return true;
        };
        let counts = self.is_first || !node.has_joined();
        if counts {
            self.refused.store(true, Ordering::Relaxed);
        } else {
            let _ = self.passed_over.set(refusal.text.clone());
        }
        counts
    }
}

impl CallEvents for SessionEvents {
    fn carried(&self, certificate: Option<&[u8]>) {
        if let Some(node) = self.node.upgrade() {
            node.carried(certificate);
        }
    }

    fn headers(&self, _: &HeaderMap) {}

    fn message(&self, message: Bytes) {
        self.gate.consume(cost(message.len()));
        let Some(node) = self.node.upgrade() else {
            return;
        };
        match pipe::read(message) {
            Ok(message) if self.admits(&*node, &message) => node.told(message),
            Ok(_) => {}
            Err(error) => node.deliver(Delivery::Note {
                warning: true,
                text: format!("the registry sent what cannot be read: {error}"),
            }),
        }
    }

    fn writable(&self, _: usize) {}

    fn half_closed(&self) {}
}
