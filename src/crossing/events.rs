//! All that the network thread tells JS: a function for each event of docs/crossing.md, by the
//! names of `lib/crossing/events.js`, which reads what is written here, and in its order. Each
//! puts its record into the mailbox of the JS thread that it is for.

use std::net::SocketAddr;

use bytes::Bytes;
use http::HeaderMap;

use super::mailbox::Mailbox;
use super::record::event;
use crate::bus::application::Failure;
use crate::grpc::metadata;
use crate::grpc::service::{Closed, Incoming};
use crate::grpc::status::Status;

impl Mailbox {
    /// The successful end of a unary call of a client.
    pub fn reply(&self, id: u32, message: &[u8], headers: &HeaderMap, trailers: &HeaderMap) {
        // grpc-status is reserved, so plain headers have nothing to tell.
        let told = |headers: &HeaderMap| {
            let mut any = false;
            metadata::for_each(headers, |_, _| any = true);
            any
        };
        if told(headers) || told(trailers) {
            self.push(event::REPLY, event::FLAG, id, |record| {
                record
                    .sized_metadata(headers)
                    .sized_metadata(trailers)
                    .bytes(message)
            });
        } else {
            self.push(event::REPLY, 0, id, |record| record.bytes(message));
        }
    }

    /// Initial metadata of a client's stream.
    pub fn headers(&self, id: u32, headers: &HeaderMap) {
        self.push(event::HEADERS, 0, id, |record| record.metadata(headers));
    }

    /// A message of a stream.
    pub fn message(&self, id: u32, message: &[u8]) {
        self.push(event::MESSAGE, 0, id, |record| record.bytes(message));
    }

    /// The end of a client's call, with the initial metadata that it has not been told of.
    pub fn status(&self, id: u32, status: &Status, headers: &HeaderMap) {
        self.push(event::STATUS, event::FLAG, id, |record| {
            record
                .f64(status.code.to_js())
                .sized(status.details.as_bytes())
                .sized_metadata(headers)
                .metadata(&status.trailers)
        });
    }

    /// The peer's window has taken so much of a stream.
    pub fn writable(&self, id: u32, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.push(event::WRITABLE, 0, id, |record| record.u32(bytes));
    }

    /// A call for a server.
    pub fn incoming(&self, id: u32, server: u32, call: &Incoming<'_>) {
        let left = call.deadline;
        let left = left.map_or(f64::INFINITY, |left| left.as_secs_f64() * 1000.0);
        let message = call.message.as_deref();
        self.push(event::INCOMING, flag(message.is_some()), id, |record| {
            record
                .u32(server)
                .u32(call.method)
                .u32(call.connection)
                .f64(left)
                .sized_metadata(&call.metadata)
                .bytes(message.unwrap_or_default())
        });
    }

    /// The client sends no more messages.
    pub fn half_closed(&self, id: u32) {
        self.push(event::HALF_CLOSED, 0, id, |record| record);
    }

    /// A server's call is over. Who has replied needs not be told.
    pub fn closed(&self, id: u32, how: Closed) {
        let reason = match how {
            Closed::Replied => return,
            Closed::Finished => 0,
            Closed::Cancelled => 1,
            Closed::DeadlineExceeded => 2,
            Closed::ConnectionLost => 3,
        };
        self.push(event::CLOSED, 0, id, |record| record.u32(reason));
    }

    /// A server listens; or not, with an error and its code.
    pub fn listening(&self, server: u32, port: u16, error: &str, code: &str) {
        self.push(event::LISTENING, 0, server, |record| {
            record
                .u32(port.into())
                .sized(error.as_bytes())
                .bytes(code.as_bytes())
        });
    }

    /// A server has stopped, and so many connections with calls on them were cut off.
    pub fn stopped(&self, server: u32, cut_off: u32) {
        self.push(event::STOPPED, 0, server, |record| record.u32(cut_off));
    }

    /// Something that no call can report, at a level of [`super::record::level`].
    pub fn log(&self, level: u8, text: &str) {
        if self.wants(level) {
            self.push(event::LOG, 0, 0, |record| {
                record.u32(level.into()).bytes(text.as_bytes())
            });
        }
    }

    /// A peer has connected to a server.
    pub fn connected(&self, connection: u32, server: u32, peer: SocketAddr) {
        self.push(event::CONNECTED, 0, connection, |record| {
            record.u32(server).bytes(peer.to_string().as_bytes())
        });
    }

    /// It is gone.
    pub fn disconnected(&self, connection: u32) {
        self.push(event::DISCONNECTED, 0, connection, |record| record);
    }

    /// A reply to a call over the bus; an empty kind is the last one.
    pub fn bus_reply(&self, bus: u32, call: u32, kind: &str, failed: bool, body: Bytes) {
        let flags = flag(failed);
        self.push_with(event::BUS_REPLY, flags, bus, body, |record| {
            record.u32(call).text(kind)
        });
    }

    /// A call over the bus that ends without one.
    pub fn bus_failed(&self, bus: u32, call: u32, why: Failure, detail: &str) {
        self.push(event::BUS_FAILED, 0, bus, |record| {
            record.u32(call).u32(why as u32).bytes(detail.as_bytes())
        });
    }

    /// A call or a cast for an id of this member.
    pub fn bus_request(&self, bus: u32, request: Request<'_>) {
        let Request {
            from,
            deadline,
            trace,
            caller,
            to,
            method,
            body,
        } = request;
        let (peer, call) = from.unwrap_or_default();
        let flags = flag(from.is_some()) | traced(trace);
        self.push_with(event::BUS_REQUEST, flags, bus, body, |record| {
            let record = record.u32(peer).u32(call).f64(deadline);
            record.trace(trace).text(caller).text(to).text(method)
        });
    }

    /// Somebody has published what some subscriptions want.
    pub fn bus_message(
        &self,
        bus: u32,
        subscriptions: &[u32],
        trace: &str,
        key: &str,
        body: Bytes,
    ) {
        self.push_with(event::BUS_MESSAGE, traced(trace), bus, body, |record| {
            let count = u32::try_from(subscriptions.len()).unwrap_or(0);
            let record = subscriptions
                .iter()
                .fold(record.u32(count), |record, number| record.u32(*number));
            record.trace(trace).text(key)
        });
    }

    /// What was asked for is in effect everywhere; or will not be, and why.
    pub fn bus_done(&self, bus: u32, request: u32, declined: Option<&str>) {
        let flags = flag(declined.is_some());
        self.push(event::BUS_DONE, flags, bus, |record| {
            let why = declined.unwrap_or_default();
            record.u32(request).bytes(why.as_bytes())
        });
    }

    /// How it stands with a member, by [`super::record::state`].
    pub fn bus_state(&self, bus: u32, state: u32, why: &str) {
        self.push(event::BUS_STATE, 0, bus, |record| {
            record.u32(state).bytes(why.as_bytes())
        });
    }

    /// What a member says of itself, as JSON.
    pub fn bus_status(&self, bus: u32, request: u32, json: &[u8]) {
        self.push(event::BUS_STATUS, 0, bus, |record| {
            record.u32(request).bytes(json)
        });
    }

    /// Nobody waits for the reply to a call of a peer any more, or to any of its calls.
    pub fn bus_given_up(&self, bus: u32, peer: u32, call: Option<u32>) {
        let flags = flag(call.is_none());
        self.push(event::BUS_GIVEN_UP, flags, bus, |record| {
            record.u32(peer).u32(call.unwrap_or_default())
        });
    }
}

/// A call or a cast that has come over the bus.
pub struct Request<'a> {
    /// The peer, and the number of its call; none for a cast.
    pub from: Option<(u32, u32)>,
    /// When its caller gives up, in ms since 1970; infinity if that is not known.
    pub deadline: f64,
    /// Empty for none.
    pub trace: &'a str,
    pub caller: &'a str,
    pub to: &'a str,
    pub method: &'a str,
    pub body: Bytes,
}

/// The flag that most records have at most.
fn flag(is_set: bool) -> u8 {
    if is_set { event::FLAG } else { 0 }
}

/// The flag of a record with this trace.
fn traced(trace: &str) -> u8 {
    if trace.is_empty() { 0 } else { event::TRACED }
}
