//! Calls, casts and topics: from the application to whom they are for, and from
//! the links to the application.

use std::sync::Arc;

use bytes::Bytes;

use super::Member;
use super::builtin::MARK;
use super::tap::{self, Seen};
use crate::bus::Millis;
use crate::bus::application::{Delivery, Failure};
use crate::bus::bounds;
use crate::bus::calls::Stage;
use crate::bus::outbox::Pushed;
use crate::bus::table::{PeerNumber, SELF};
use crate::bus::wire::{Call, Cancel, Cast, Kind, Publish, Reply, frame};

/// How many calls may be pending at once.
const MOST_CALLS: usize = 100_000;

/// What the application calls with.
pub struct Calling {
    /// Chosen by the application, not in use.
    pub number: u32,
    /// The id that is called.
    pub to: String,
    /// The method that is wanted of it.
    pub method: String,
    /// The body, which is JSON.
    pub body: Bytes,
    /// It fails when it has waited so long.
    pub timeout: Millis,
    /// Replies of other kinds are wanted, too.
    pub many: bool,
    /// The trace it belongs to; empty for none.
    pub trace: String,
}

impl Member {
    /// Calls an id. Ends with exactly one last reply or failure.
    pub fn call(&mut self, now: Millis, calling: Calling) {
        let number = calling.number;
        if let Some((why, detail)) = self.objection(&calling) {
            return self.fail(number, why, detail);
        }
        let deadline = now.saturating_add(calling.timeout);
        if !self.calls.begin(number, calling.many, now, deadline) {
            let text = format!("call number {number} is in use");
            return self.note(true, text);
        }
        self.totals.sent.call(calling.body.len());
        if let Some(deadline) = self.calls.next_deadline() {
            self.set_alarm(deadline);
        }
        let call = Call {
            number,
            to: calling.to,
            method: calling.method,
            body: calling.body,
            left: 0,
            trace: calling.trace,
            timeout: 0,
        };
        self.route_call(now, call);
    }

    fn objection(&self, calling: &Calling) -> Option<(Failure, String)> {
        let size = calling.body.len();
        let limit = self.identity.max_message;
        if self.leaving {
            Some((Failure::Closed, "this member has left the bus".to_owned()))
        } else if size > limit {
            let detail = format!("{size} bytes of arguments, the limit being {limit}");
            Some((Failure::TooLarge, detail))
        } else if let Err(violation) = bounds::of_names(&calling.to, &calling.method) {
            Some((Failure::TooLarge, violation.0))
        } else if self.calls.pending() >= MOST_CALLS {
            let detail = format!("{MOST_CALLS} calls are pending");
            Some((Failure::Overloaded, detail))
        } else {
            None
        }
    }

    /// The application does not want the reply any more, nor those of other kinds.
    pub fn cancel(&mut self, now: Millis, number: u32) {
        match self.calls.cancel(number) {
            Some(Stage::Sent(SELF)) => self.given_up(SELF, Some(number)),
            Some(Stage::Sent(peer)) => {
                // What is on its way is behind the call.
                self.push(now, peer, Kind::Cancel(Cancel { number }), None);
            }
            Some(stage) => self.stop_waiting(&stage),
            None => {}
        }
    }

    /// Nobody waits any more for the replies to a call of `peer`, or to all.
    pub(super) fn given_up(&mut self, peer: PeerNumber, call: Option<u32>) {
        self.deliver(Delivery::GivenUp { peer, call });
    }

    /// Sends a call to one of those who serve its id, or lets it wait.
    pub(super) fn route_call(&mut self, now: Millis, call: Call) {
        let number = call.number;
        match self.addressee(&call.to) {
            Some(SELF) => {
                let Some(left) = self.calls.send(number, SELF, now) else {
                    // Settled since.
                    return;
                };
                if call.to.starts_with(MARK) {
                    self.answer(now, SELF, &call);
                } else {
                    self.request(SELF, Some((number, left)), call.into());
                }
            }
            Some(peer) => {
                if !self.calls.move_to(number, Stage::Queued(peer)) {
                    return;
                }
                if !self.push(now, peer, Kind::Call(call), Some(number)) {
                    self.calls.settle(number);
                    let detail = format!("too much waits for {}", self.describe(peer));
                    self.fail(number, Failure::Overloaded, detail);
                }
            }
            None => self.wait_for_server(call),
        }
    }

    /// Tells an id something; nobody is told whether it arrives.
    pub fn cast(&mut self, now: Millis, cast: Cast) {
        if !self.too_large(cast.body.len(), "cast", (&cast.to, &cast.method)) {
            self.totals.sent.cast(cast.body.len());
            self.route_cast(now, cast);
        }
    }

    pub(super) fn route_cast(&mut self, now: Millis, cast: Cast) {
        match self.choose(&cast.to) {
            Some(SELF) => self.request(SELF, None, cast),
            Some(peer) => {
                if !self.push(now, peer, Kind::Cast(cast), None) {
                    self.overflowed(now, peer);
                }
            }
            None => self.counters.unroutable += 1,
        }
    }

    /// Publishes to all who listen, this member included.
    pub fn publish(&mut self, now: Millis, publish: &Publish) {
        if self.too_large(
            publish.body.len(),
            "message",
            (&publish.exchange, &publish.key),
        ) {
            return;
        }
        self.totals.sent.message(publish.body.len());
        let mut subscribers = Vec::new();
        self.table
            .subscribers(&publish.exchange, &publish.key, &mut subscribers);
        for peer in subscribers {
            if peer == SELF {
                self.message(publish.clone());
                continue;
            }
            if !self.push(now, peer, Kind::Publish(publish.clone()), None) {
                self.overflowed(now, peer);
            }
        }
    }

    fn too_large(&mut self, size: usize, what: &str, names: (&str, &str)) -> bool {
        let limit = self.identity.max_message;
        let text = if size > limit {
            format!("a {what} of {size} bytes was dropped: the limit is {limit}")
        } else if let Err(violation) = bounds::of_names(names.0, names.1) {
            format!("a {what} was dropped: {}", violation.0)
        } else {
            return false;
        };
        self.counters.dropped += 1;
        self.note(true, text);
        true
    }

    /// The application answers a call of `peer`.
    pub fn reply(&mut self, now: Millis, peer: PeerNumber, reply: Reply) {
        if reply.kind.is_empty() {
            self.tap(|| Seen::Reply {
                to: (peer, reply.number),
                failed: reply.failed,
                body: reply.body.clone(),
            });
        }
        let size = reply.body.len();
        let limit = self.identity.max_message;
        let reply = if size > limit {
            let why = format!("the reply has {size} bytes, the limit being {limit}");
            self.note(true, why.clone());
            // JSON of a text without anything to escape.
            let body = format!(r#"{{"data":"error","err":"{why}"}}"#);
            Reply {
                body: body.into(),
                failed: true,
                ..reply
            }
        } else {
            reply
        };
        if reply.kind.is_empty() && reply.failed {
            self.totals.received.failure();
        }
        if peer == SELF {
            self.replied(now, SELF, reply);
        } else if self
            .peers
            .get(&peer)
            .is_some_and(super::Peer::awaits_replies)
        {
            self.push(now, peer, Kind::Reply(reply), None);
        }
    }

    fn replied(&mut self, now: Millis, peer: PeerNumber, reply: Reply) {
        let call = reply.number;
        // Late, repeated and unasked-for replies are normal.
        if !self.calls.expects(call, peer) {
            return;
        }
        if reply.kind.is_empty() {
            let Some(since) = self.calls.answer(call) else {
                return;
            };
            self.totals
                .answered(now.saturating_sub(since), reply.failed);
        }
        self.deliver(Delivery::Reply {
            call,
            kind: reply.kind,
            failed: reply.failed,
            body: reply.body,
        });
    }

    /// A whole frame has come over the link that stands.
    pub(super) fn receive(&mut self, now: Millis, peer: PeerNumber, kind: Kind) {
        match kind {
            Kind::Call(call) => {
                if call.to.starts_with(MARK) {
                    self.answer(now, peer, &call);
                } else if self.serving.contains_key(&call.to) {
                    let caller = Some((call.number, call.timeout));
                    self.request(peer, caller, call.into());
                } else {
                    self.push(now, peer, Kind::ReturnedCall(call), None);
                }
            }
            Kind::Cast(cast) => {
                if self.serving.contains_key(&cast.to) {
                    self.request(peer, None, cast);
                } else {
                    self.push(now, peer, Kind::ReturnedCast(cast), None);
                }
            }
            Kind::ReturnedCall(call) => {
                if self.calls.stage(call.number) != Some(&Stage::Sent(peer)) {
                    // Settled since.
                } else if call.to.starts_with(MARK) {
                    // A member of a release that answers no such calls.
                    self.calls.settle(call.number);
                    self.fail(call.number, Failure::UnknownId, String::new());
                } else {
                    self.doubt(now, peer, &call.to);
                    self.route_call(now, call);
                }
            }
            Kind::ReturnedCast(cast) => {
                self.doubt(now, peer, &cast.to);
                self.route_cast(now, cast);
            }
            Kind::Publish(publish) => self.message(publish),
            Kind::Reply(reply) => self.replied(now, peer, reply),
            Kind::Denied(denied) => self.was_denied(peer, denied),
            Kind::Proof(proof) => self.operator_proved(now, peer, &proof.proofs),
            Kind::Cancel(cancel) => self.given_up(peer, Some(cancel.number)),
            // Handled by the links, or of no meaning on one that stands.
            Kind::Hello(_)
            | Kind::Challenge(_)
            | Kind::Welcome(_)
            | Kind::Refusal(_)
            | Kind::IdleClose(_)
            | Kind::StayOpen(_)
            | Kind::RequestPiece(_)
            | Kind::ReplyPiece(_) => {}
        }
    }

    /// `call` is its number at `peer`, and how long that one waits.
    fn request(&mut self, peer: PeerNumber, call: Option<(u32, u32)>, request: Cast) {
        let caller = match self.peers.get(&peer) {
            Some(caller) => Arc::clone(&caller.name),
            None => self.identity.name.as_str().into(),
        };
        self.deliver(Delivery::Request {
            from: call.map(|(number, _)| (peer, number)),
            caller,
            timeout: call.map_or(0, |(_, timeout)| timeout),
            to: request.to,
            method: request.method,
            body: request.body,
            trace: request.trace,
        });
    }

    fn message(&mut self, message: Publish) {
        let subscriptions = self.subscriptions.find(&message.exchange, &message.key);
        if !subscriptions.is_empty() {
            if message.exchange != tap::EXCHANGE {
                self.totals.received.message(message.body.len());
                self.tap(|| Seen::Message {
                    exchange: message.exchange.clone(),
                    key: message.key.clone(),
                    body: message.body.clone(),
                });
            }
            self.deliver(Delivery::Message {
                subscriptions,
                key: message.key,
                body: message.body,
                trace: message.trace,
            });
        }
    }

    /// Who gets the next request for an id.
    pub(super) fn choose(&mut self, id: &str) -> Option<PeerNumber> {
        let peers = &self.peers;
        self.table.server(id, |peer| {
            peer == SELF || peers.get(&peer).is_some_and(super::Peer::seems_reachable)
        })
    }

    /// Queues a frame for a peer. False if there is no room.
    pub(super) fn push(
        &mut self,
        now: Millis,
        number: PeerNumber,
        kind: Kind,
        call: Option<u32>,
    ) -> bool {
        let Some(peer) = self.peers.get_mut(&number) else {
            return false;
        };
        peer.active = now;
        let pushed = peer.outbox.push(frame(kind), call, now);
        match pushed {
            Pushed::Queued => self.want_link(now, number),
            Pushed::Full => {}
            Pushed::Unread => self.unread(now, number),
        }
        pushed == Pushed::Queued
    }

    pub(super) fn fail(&mut self, call: u32, why: Failure, detail: String) {
        self.totals.sent.failure();
        self.deliver(Delivery::Failed { call, why, detail });
    }

    pub(super) fn end_overdue_calls(&mut self, now: Millis) {
        for (number, stage) in self.calls.overdue(now) {
            let (why, detail) = match &stage {
                Stage::New | Stage::Waiting(_) => (Failure::UnknownId, String::new()),
                Stage::Queued(peer) => (Failure::Unreachable, self.describe(*peer)),
                Stage::Sent(SELF) => (Failure::Slow, "this process itself".to_owned()),
                Stage::Sent(peer) => (Failure::Slow, self.describe(*peer)),
            };
            self.stop_waiting(&stage);
            self.fail(number, why, detail);
        }
    }
}
