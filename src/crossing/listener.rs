//! What a member of the bus tells its application, as records for JS.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::environment::Environment;
use super::mailbox::level;
use super::record::event;
use crate::bus::application::{Application, Delivery};

/// The states of `BUS_STATE`.
pub mod state {
    pub const JOINED: u32 = 1;
    pub const PARTED: u32 = 2;
    pub const REFUSED: u32 = 3;
    pub const LEFT: u32 = 4;
    pub const WAITING: u32 = 5;
}

/// Tells JS how it stands with a member.
pub fn push_state(environment: &Arc<Environment>, bus: u32, state: u32, why: &str) {
    environment.events.push(event::BUS_STATE, 0, bus, |record| {
        record.u32(state).bytes(why.as_bytes())
    });
}

/// When a caller gives up that waits for so many ms from now: ms since 1970, since
/// JS may read it later than now. Infinity if it did not say.
fn deadline(timeout: u32) -> f64 {
    if timeout == 0 {
        return f64::INFINITY;
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64() * 1000.0 + f64::from(timeout)
}

/// The flag of a record with this trace.
fn traced(trace: &str) -> u8 {
    if trace.is_empty() { 0 } else { event::TRACED }
}

/// Passes what happens on to JS.
pub struct Listener {
    /// Where its JS is.
    pub environment: Arc<Environment>,
    /// The number JS gave the member.
    pub bus: u32,
}

impl Listener {
    fn message(&self, subscriptions: &[u32], key: &str, body: Bytes, trace: &str) {
        let flags = traced(trace);
        self.environment
            .events
            .push_with(event::BUS_MESSAGE, flags, self.bus, body, |record| {
                let count = u32::try_from(subscriptions.len()).unwrap_or(0);
                let record = subscriptions
                    .iter()
                    .fold(record.u32(count), |record, number| record.u32(*number));
                record.trace(trace).text(key)
            });
    }

    fn state(&self, state: u32, why: &str) {
        push_state(&self.environment, self.bus, state, why);
    }
}

impl Application for Listener {
    fn deliver(&self, delivery: Delivery) {
        let events = &self.environment.events;
        let bus = self.bus;
        match delivery {
            Delivery::Reply {
                call,
                kind,
                failed,
                body,
            } => {
                let flags = failed.into();
                events.push_with(event::BUS_REPLY, flags, bus, body, |record| {
                    record.u32(call).text(&kind)
                });
            }
            Delivery::Failed { call, why, detail } => {
                events.push(event::BUS_FAILED, 0, bus, |record| {
                    record.u32(call).u32(why as u32).bytes(detail.as_bytes())
                });
            }
            Delivery::Request {
                from,
                caller,
                timeout,
                to,
                method,
                body,
                trace,
            } => {
                let (peer, call) = from.unwrap_or_default();
                let flags = u8::from(from.is_some()) | traced(&trace);
                events.push_with(event::BUS_REQUEST, flags, bus, body, |record| {
                    let record = record.u32(peer).u32(call).f64(deadline(timeout));
                    let record = record.trace(&trace).text(&caller);
                    record.text(&to).text(&method)
                });
            }
            Delivery::GivenUp { peer, call } => {
                let flags = u8::from(call.is_none());
                events.push(event::BUS_GIVEN_UP, flags, bus, |record| {
                    record.u32(peer).u32(call.unwrap_or_default())
                });
            }
            Delivery::Message {
                subscriptions,
                key,
                body,
                trace,
            } => self.message(&subscriptions, &key, body, &trace),
            Delivery::Done { request } => {
                events.push(event::BUS_DONE, 0, bus, |record| record.u32(request));
            }
            Delivery::Declined { request, why } => {
                events.push(event::BUS_DONE, event::FLAG, bus, |record| {
                    record.u32(request).bytes(why.as_bytes())
                });
            }
            Delivery::Joined => self.state(state::JOINED, ""),
            Delivery::Waiting { why } => self.state(state::WAITING, &why),
            Delivery::Parted { why } => self.state(state::PARTED, &why),
            Delivery::Refused { why } => self.state(state::REFUSED, &why),
            Delivery::Left => {
                self.environment.members.forget(bus);
                self.state(state::LEFT, "");
            }
            Delivery::Note { warning, text } => {
                let level = if warning { level::WARN } else { level::INFO };
                events.log(level, &text);
            }
        }
    }

    fn is_behind(&self) -> bool {
        self.environment.events.is_behind()
    }

    fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.environment.events.room())
    }
}
