//! The calls of an environment. JS names them by a number, the network thread
//! runs them; the table is where the two meet.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::mailbox::Mailbox;
use crate::grpc::call::Ended;
use crate::grpc::gate::Gate;
use crate::grpc::service::Closed;
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::{CallEvents, Outgoing, cost_of};

/// Those that are under way.
pub struct Calls {
    table: Mutex<Table>,
    /// Where JS is told of them.
    events: Arc<Mailbox>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<u32, Entry>,
    /// The number of the server call that came last.
    last_server_call: u32,
}

/// What the network thread needs to pass commands on to a call.
struct Entry {
    inbox: UnboundedSender<Outgoing>,
    gate: Arc<Gate>,
    /// Client calls: how to cancel. Server calls end by their stream.
    task: Option<AbortHandle>,
}

impl Entry {
    fn new(inbox: UnboundedSender<Outgoing>, gate: Arc<Gate>) -> Self {
        Self {
            inbox,
            gate,
            task: None,
        }
    }
}

/// Whether a call is one of this side's servers, by its number.
fn is_of_server(id: u32) -> bool {
    id.is_multiple_of(2)
}

impl Calls {
    /// None yet, of an environment that is told by `events`.
    pub fn new(events: Arc<Mailbox>) -> Self {
        Self {
            table: Mutex::default(),
            events,
        }
    }

    /// Ends those that this side has made; those of servers end with their
    /// connections.
    pub fn abandon(&self) {
        let left = std::mem::take(&mut self.table.lock().entries);
        for entry in left.into_values() {
            if let Some(task) = entry.task {
                task.abort();
            }
        }
    }

    /// Gives a server call its number: even, and none of a call that has lasted a
    /// whole round.
    fn number(&self, entry: Entry) -> u32 {
        let mut table = self.table.lock();
        let mut id = table.last_server_call;
        loop {
            id = id.wrapping_add(2);
            if id != 0 && !table.entries.contains_key(&id) {
                table.last_server_call = id;
                table.entries.insert(id, entry);
                return id;
            }
        }
    }

    /// Registers a client call; its end is reported exactly once, by
    /// [`CallHandle::end`] or when the handle is dropped.
    pub fn begin(
        self: &Arc<Self>,
        id: u32,
        inbox: UnboundedSender<Outgoing>,
        gate: Arc<Gate>,
    ) -> CallHandle {
        let entry = Entry::new(inbox, gate);
        self.table.lock().entries.insert(id, entry);
        CallHandle {
            calls: Arc::clone(self),
            id,
            is_server: false,
        }
    }

    /// Registers a server call under a number of its own; its end is reported
    /// exactly once, by [`CallHandle::close`] or when the handle is dropped.
    pub fn admit(
        self: &Arc<Self>,
        inbox: UnboundedSender<Outgoing>,
        gate: Arc<Gate>,
    ) -> CallHandle {
        CallHandle {
            calls: Arc::clone(self),
            id: self.number(Entry::new(inbox, gate)),
            is_server: true,
        }
    }

    /// How to cancel a call that has begun.
    pub fn set_task(&self, id: u32, task: AbortHandle) {
        if let Some(entry) = self.table.lock().entries.get_mut(&id) {
            entry.task = Some(task);
        }
    }

    /// Passes on what the application sends; a call that is over ignores it.
    pub fn pass(&self, id: u32, outgoing: Outgoing) {
        if let Some(entry) = self.table.lock().entries.get(&id) {
            if let Outgoing::Message(message) = &outgoing {
                entry.gate.wrote(cost_of(message));
            }
            let _ = entry.inbox.send(outgoing);
        }
    }

    /// The application has read that much.
    pub fn credit(&self, id: u32, bytes: usize) {
        if let Some(entry) = self.table.lock().entries.get(&id) {
            entry.gate.consume(bytes);
        }
    }

    /// The application gives up.
    pub fn cancel(&self, id: u32) {
        let Some(entry) = self.table.lock().entries.remove(&id) else {
            return;
        };
        if let Some(task) = entry.task {
            task.abort();
            let status = Status::new(Code::CANCELLED, "Cancelled on client");
            self.tell_end(id, &status.into());
        } else {
            let status = Status::new(Code::CANCELLED, "Cancelled by the server");
            let _ = entry.inbox.send(Outgoing::Status(status));
            self.events.closed(id, Closed::Finished);
        }
    }

    /// A command for a call was refused: the call ends with the reason, for nobody
    /// would know what it waits for.
    pub fn fail(&self, id: u32, why: Status) {
        let mut table = self.table.lock();
        if is_of_server(id) {
            if let Some(entry) = table.entries.get(&id) {
                let _ = entry.inbox.send(Outgoing::Status(why));
            }
            return;
        }
        let entry = table.entries.remove(&id);
        drop(table);
        if let Some(task) = entry.and_then(|entry| entry.task) {
            task.abort();
        }
        // JS may know of a call that has not begun here.
        self.tell_end(id, &why.into());
    }

    fn tell_end(&self, id: u32, ended: &Ended) {
        let Ended {
            reply,
            headers,
            status,
        } = ended;
        match reply {
            Some(reply) if status.code == Code::OK => {
                self.events.reply(id, reply, headers, &status.trailers);
            }
            _ => self.events.status(id, status, headers),
        }
    }
}

/// The running side of a registered call. Whoever takes the entry out of the
/// table reports the end, so it is reported once: on the network thread alone.
pub struct CallHandle {
    calls: Arc<Calls>,
    id: u32,
    is_server: bool,
}

impl CallHandle {
    /// The end of a client call.
    pub fn end(self, ended: &Ended) {
        if self.leave() {
            self.calls.tell_end(self.id, ended);
        }
    }

    /// The end of a server call.
    pub fn close(self, how: Closed) {
        if self.leave() {
            self.calls.events.closed(self.id, how);
        }
    }

    /// Its number in records.
    pub fn id(&self) -> u32 {
        self.id
    }

    fn leave(&self) -> bool {
        let mut table = self.calls.table.lock();
        table.entries.remove(&self.id).is_some()
    }
}

impl Drop for CallHandle {
    /// A task that was dropped with its connection, or that panicked.
    fn drop(&mut self) {
        if !self.leave() {
            return;
        }
        if self.is_server {
            self.calls.events.closed(self.id, Closed::ConnectionLost);
        } else {
            let status = Status::internal("The call ended without a result: a bug in owt-grpc");
            self.calls.tell_end(self.id, &status.into());
        }
    }
}

impl CallEvents for CallHandle {
    fn headers(&self, headers: &HeaderMap) {
        self.calls.events.headers(self.id, headers);
    }

    fn message(&self, message: Bytes) {
        self.calls.events.message(self.id, &message);
    }

    fn writable(&self, cost: usize) {
        self.calls.events.writable(self.id, cost);
    }

    fn is_behind(&self) -> bool {
        self.calls.events.is_behind()
    }

    async fn room(&self) {
        self.calls.events.room().await;
    }

    fn half_closed(&self) {
        self.calls.events.half_closed(self.id);
    }
}
