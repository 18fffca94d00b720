//! Calls to ids that nobody serves: they wait for somebody to do so, by their turn.

use std::sync::Arc;

use prost::Message as _;

use super::{Action, Member};
use crate::bus::Millis;
use crate::bus::application::{Delivery, Failure};
use crate::bus::calls::{Stage, Turn};
use crate::bus::wire::Call;

/// What they may hold, in bytes.
const MOST_WAITING: usize = 64 << 20;

impl Member {
    /// Nobody serves its id.
    pub(super) fn wait_for_server(&mut self, call: Call) {
        let size = call.encoded_len();
        if self.waiting_bytes + size > MOST_WAITING {
            self.calls.settle(call.number);
            let detail = "too much waits for ids that nobody serves".to_owned();
            return self.fail(call.number, Failure::Overloaded, detail);
        }
        let id: Arc<str> = match self.waiting.get_key_value(&*call.to) {
            Some((id, _)) => Arc::clone(id),
            None => Arc::from(&*call.to),
        };
        let turn = Turn {
            id: Arc::clone(&id),
            number: self.next_waiting,
        };
        self.next_waiting += 1;
        let number = turn.number;
        if self
            .calls
            .move_to(call.number, Stage::Waiting(Box::new(turn)))
        {
            self.waiting_bytes += size;
            self.waiting.entry(id).or_default().insert(number, call);
        }
    }

    /// A call has ended that may have waited.
    pub(super) fn stop_waiting(&mut self, stage: &Stage) {
        let Stage::Waiting(turn) = stage else {
            return;
        };
        let Some(queue) = self.waiting.get_mut(&turn.id) else {
            return;
        };
        if let Some(call) = queue.remove(&turn.number) {
            self.waiting_bytes -= call.encoded_len();
        }
        if queue.is_empty() {
            self.waiting.remove(&turn.id);
        }
    }

    /// Somebody serves these ids now.
    pub(super) fn served(&mut self, now: Millis, ids: &[String]) {
        for id in ids {
            let waited = self.waiting.remove(&**id).unwrap_or_default();
            for call in waited.into_values() {
                self.waiting_bytes -= call.encoded_len();
                self.route_call(now, call);
            }
        }
    }

    /// Fails every call and stops.
    pub(super) fn close_calls(&mut self) {
        self.waiting.clear();
        self.waiting_bytes = 0;
        for number in self.calls.take_all() {
            let detail = "this member left the bus".to_owned();
            let why = Failure::Closed;
            self.actions.push(Action::Deliver(Delivery::Failed {
                call: number,
                why,
                detail,
            }));
        }
    }
}
