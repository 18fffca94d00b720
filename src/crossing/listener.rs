//! What a member of the bus tells its application, as records for JS.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::environment::Environment;
use super::events::Request;
use super::record::{level, state};
use crate::bus::application::{Application, Delivery};
use crate::bus::node::{Node, Options};

/// Makes a member for JS.
pub async fn open(environment: Arc<Environment>, bus: u32, options: Options) {
    let application = Listener {
        environment: Arc::clone(&environment),
        bus,
    };
    match Node::start(options, Box::new(application)).await {
        Ok(node) => {
            if let Some(unwanted) = environment.members.keep(bus, node) {
                unwanted.abandon();
            }
        }
        Err(why) => environment.events.bus_state(bus, state::REFUSED, &why),
    }
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

/// Passes what happens on to JS.
pub struct Listener {
    /// Where its JS is.
    pub environment: Arc<Environment>,
    /// The number JS gave the member.
    pub bus: u32,
}

impl Application for Listener {
    fn deliver(&self, delivery: Delivery) {
        let events = &self.environment.events;
        let bus = self.bus;
        let state = |state, why: &str| events.bus_state(bus, state, why);
        match delivery {
            Delivery::Reply {
                call,
                kind,
                failed,
                body,
            } => events.bus_reply(bus, call, &kind, failed, body),
            Delivery::Failed { call, why, detail } => events.bus_failed(bus, call, why, &detail),
            Delivery::Request {
                from,
                caller,
                timeout,
                to,
                method,
                body,
                trace,
            } => {
                let request = Request {
                    from,
                    deadline: deadline(timeout),
                    trace: &trace,
                    caller: &caller,
                    to: &to,
                    method: &method,
                    body,
                };
                events.bus_request(bus, request);
            }
            Delivery::GivenUp { peer, call } => events.bus_given_up(bus, peer, call),
            Delivery::Message {
                subscriptions,
                key,
                body,
                trace,
            } => events.bus_message(bus, &subscriptions, &trace, &key, body),
            Delivery::Done { request } => events.bus_done(bus, request, None),
            Delivery::Declined { request, why } => events.bus_done(bus, request, Some(&why)),
            Delivery::Joined => state(state::JOINED, ""),
            Delivery::Waiting { why } => state(state::WAITING, &why),
            Delivery::Parted { why } => state(state::PARTED, &why),
            Delivery::Refused { why } => state(state::REFUSED, &why),
            Delivery::Left => {
                self.environment.members.forget(bus);
                state(state::LEFT, "");
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
