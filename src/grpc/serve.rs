//! A server call, from its request headers to its status.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, StatusCode};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::answer::Answer;
use super::budget::Ledger;
use super::call::{GRPC, GRPC_TIMEOUT, too_large_to_send};
use super::encoding::Encoding;
use super::framing::{Decoder, PREFIX};
use super::gate::Gate;
use super::metadata;
use super::payload::Payload;
use super::peer::Peer;
use super::receiving::{ReceiveError, Receiving, truncated};
use super::service::{Application, Closed, Incoming, Method as Route, Options};
use super::status::{Code, Status};
use super::stream::{self, CallEvents, Outgoing, SendError};
use super::timeout;

/// What a call costs before the application has it, beside its headers and its request:
/// measured with 5,000 of them that never ended.
const CALL: usize = 6 << 10;

/// One call on its way: both halves of the stream, and who it is for.
pub struct Arrival<'a, A: Application> {
    /// The request and its body.
    pub request: Request<RecvStream>,
    /// Where the response goes.
    pub respond: SendResponse<Payload>,
    /// Who sent it, on which connection.
    pub peer: &'a Peer,
    /// What the server was made with.
    pub options: &'a Options,
    /// Who handles it.
    pub application: &'a A,
}

/// Serves one call. Dropping the future resets the stream.
pub async fn serve<A: Application>(arrival: Arrival<'_, A>) {
    let Arrival {
        request,
        respond,
        peer,
        options,
        application,
    } = arrival;
    let (head, body) = request.into_parts();
    let ledger = &*peer.ledger;
    let mut answer = Answer::new(respond, peer);
    let route = match check(&head.method, &head.headers, head.uri.path(), options) {
        Ok(route) => route,
        Err(Rejection::Http(status)) => return answer.end_http(status),
        Err(Rejection::Status(status)) => return answer.end(status),
    };
    let (deadline, own) = deadline_of(&head.headers, options);

    let weight = metadata::weight(&head.headers);
    if weight > options.max_metadata {
        return answer.end(metadata::too_large(&head.headers, options.max_metadata));
    }
    let encoding = Encoding::of(&head.headers);
    let decoder = Decoder::new(options.max_receive, encoding, Code::UNIMPLEMENTED);
    let mut receiving = Receiving::new(body, decoder, ledger.call(), CALL + weight);
    // What is waited for stays where it is made: each move would copy it, and need the
    // room once more.
    let arrived = {
        let arriving = pin!(arrive(&mut receiving, route, application));
        within(deadline, arriving).await
    };
    let message = match arrived {
        Some(Ok(message)) => message,
        Some(Err(ReceiveError::Status(status))) => return answer.end(status),
        Some(Err(ReceiveError::Truncated)) => return answer.end(truncated()),
        Some(Err(ReceiveError::Transport(_))) => return,
        None => return answer.end(deadline_exceeded(head.uri.path(), own)),
    };
    let accepted = application.accept(Incoming {
        method: route.number,
        connection: peer.connection,
        certificate: peer.greeting.certificate(),
        deadline: deadline.map(|at| at.saturating_duration_since(Instant::now())),
        metadata: head.headers,
        message,
    });
    receiving.hand_over();
    if route.request_stream {
        accepted.gate.count_for(&peer.ledger);
    }
    let mut call = ServerCall {
        answer,
        inbox: accepted.inbox,
        gate: accepted.gate,
        max_send: options.max_send,
        ledger,
    };
    let closed = {
        let conversation = pin!(async {
            if route.request_stream {
                call.converse(&mut receiving, &accepted.events).await
            } else {
                call.reply(&accepted.events).await
            }
        });
        within(deadline, conversation).await
    };
    let closed = if let Some(closed) = closed {
        closed
    } else {
        call.answer.end(deadline_exceeded(head.uri.path(), own));
        Closed::DeadlineExceeded
    };
    if let Some(cut) = call.answer.cut() {
        let path = head.uri.path();
        application.warn(format!("connection {}: {path}: {cut}", peer.connection));
    }
    application.closed(accepted.events, closed);
}

enum Rejection {
    Http(StatusCode),
    Status(Status),
}

fn check<'a>(
    method: &Method,
    headers: &HeaderMap,
    path: &str,
    options: &'a Options,
) -> Result<&'a Route, Rejection> {
    let is_grpc = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(GRPC.as_bytes()));
    if method != Method::POST {
        return Err(Rejection::Http(StatusCode::METHOD_NOT_ALLOWED));
    }
    if !is_grpc {
        return Err(Rejection::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    options.methods.get(path).ok_or_else(|| {
        Rejection::Status(Status::new(
            Code::UNIMPLEMENTED,
            format!("The server does not implement the method {path}"),
        ))
    })
}

/// When a call is over, if ever, and the server's own limit if that is why.
fn deadline_of(headers: &HeaderMap, options: &Options) -> (Option<Instant>, Option<Duration>) {
    let asked = headers.get(GRPC_TIMEOUT).and_then(timeout::parse);
    let own = options
        .max_call
        .filter(|own| asked.is_none_or(|asked| asked > *own));
    let left = own.or(asked);
    (left.and_then(|left| Instant::now().checked_add(left)), own)
}

/// `own` is the server's limit, if that was the shorter one.
fn deadline_exceeded(path: &str, own: Option<Duration>) -> Status {
    let why = own.map_or_else(String::new, |own| {
        let ms = own.as_millis();
        format!(", which may take the {ms} ms of the server's maxCallMs")
    });
    Status::new(
        Code::DEADLINE_EXCEEDED,
        format!("Deadline exceeded while the server handled {path}{why}"),
    )
}

async fn within<T>(
    deadline: Option<Instant>,
    work: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    match deadline {
        Some(at) => tokio::time::timeout_at(at, work).await.ok(),
        None => Some(work.await),
    }
}

/// What the application is given of a call, once it has room: the one request, unless
/// the client sends a stream. A compressed one is not expanded before.
async fn arrive<A: Application>(
    receiving: &mut Receiving<'_>,
    route: &Route,
    application: &A,
) -> Result<Option<Bytes>, ReceiveError> {
    if route.request_stream {
        receiving.meanwhile(application.room()).await?;
        return Ok(None);
    }
    while let Some(message) = receiving.next().await? {
        if !receiving.set_aside(message) {
            return Err(Status::internal("Too many requests received").into());
        }
    }
    let request = receiving.aside_when(application.room()).await?;
    let missing = || Status::internal("The client sent no request message");
    Ok(Some(request.ok_or_else(missing)?))
}

struct ServerCall<'a> {
    answer: Answer<'a>,
    inbox: UnboundedReceiver<Outgoing>,
    gate: Arc<Gate>,
    max_send: Option<usize>,
    ledger: &'a Ledger,
}

impl ServerCall<'_> {
    /// Sends what the application says until it ends the call or the peer does.
    async fn reply(&mut self, events: &impl CallEvents) -> Closed {
        loop {
            let outgoing = tokio::select! {
                biased;
                outgoing = self.inbox.recv() => outgoing,
                closed = self.answer.closed_by_peer() => return closed,
            };
            if let Some(closed) = self.send(outgoing, events).await {
                return closed;
            }
        }
    }

    /// As [`Self::reply`], while messages of the client arrive.
    async fn converse(
        &mut self,
        receiving: &mut Receiving<'_>,
        events: &impl CallEvents,
    ) -> Closed {
        let gate = Arc::clone(&self.gate);
        let incoming = async {
            match receiving.deliver(&gate, events).await {
                Ok(()) => {
                    events.half_closed();
                    std::future::pending().await
                }
                Err(ReceiveError::Status(status)) => status,
                Err(ReceiveError::Truncated) => truncated(),
                // The answering half sees the same loss and reports it.
                Err(ReceiveError::Transport(_)) => std::future::pending().await,
            }
        };
        let refused = tokio::select! {
            closed = self.reply(events) => return closed,
            status = incoming => status,
        };
        self.answer.end(refused);
        Closed::Cancelled
    }

    async fn send(
        &mut self,
        outgoing: Option<Outgoing>,
        events: &impl CallEvents,
    ) -> Option<Closed> {
        match outgoing {
            Some(Outgoing::Reply(message, trailers)) => {
                let length = message.len() - PREFIX;
                if let Some(limit) = self.max_send.filter(|limit| length > *limit) {
                    self.answer.end(too_large_to_send(length, limit));
                } else if let Some(sending) = self.answer.open(None) {
                    let mut status = Status::new(Code::OK, "");
                    status.trailers = trailers;
                    if let Err(SendError::Full(full)) =
                        stream::send(sending, message.into(), &self.gate, self.ledger).await
                    {
                        status = full.into();
                    }
                    self.answer.end(status);
                }
                Some(Closed::Replied)
            }
            Some(Outgoing::Headers(headers)) => {
                self.answer.open(Some(headers));
                None
            }
            Some(Outgoing::Message(message)) => self.send_messages(message, events).await,
            Some(Outgoing::Status(status)) => {
                self.answer.end(status);
                Some(Closed::Finished)
            }
            Some(Outgoing::End) => None,
            // The environment of the handler is gone.
            None => {
                let gone = Status::unavailable("The server's handler is gone");
                self.answer.end(gone);
                Some(Closed::Finished)
            }
        }
    }

    async fn send_messages(&mut self, first: Payload, events: &impl CallEvents) -> Option<Closed> {
        let length = first.len() - PREFIX;
        if let Some(limit) = self.max_send.filter(|limit| length > *limit) {
            self.answer.end(too_large_to_send(length, limit));
            return Some(Closed::Finished);
        }
        let sending = self.answer.open(None)?;
        let (data, cost, leftover) = stream::join_waiting(first, &mut self.inbox);
        match stream::send(sending, data, &self.gate, self.ledger).await {
            Ok(()) => {
                self.gate.sent(cost);
                events.writable(cost);
            }
            Err(SendError::Full(full)) => {
                self.answer.end(full.into());
                return Some(Closed::Finished);
            }
            Err(SendError::Closed) => return Some(Closed::Cancelled),
            Err(SendError::Transport(error)) => return Some(Closed::by(&error)),
        }
        match leftover {
            // A large message, which is joined with nothing, or none: two steps deep.
            Some(other) => Box::pin(self.send(Some(other), events)).await,
            None => None,
        }
    }
}
