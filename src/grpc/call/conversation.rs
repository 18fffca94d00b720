//! A call whose request is on its way: what follows it, and the response.

use std::sync::Arc;

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Call, Ended, GRPC, beyond, too_large_to_send};
use crate::grpc::budget::Ledger;
use crate::grpc::channel::Options;
use crate::grpc::encoding::Encoding;
use crate::grpc::framing::{Decoder, PREFIX};
use crate::grpc::gate::Gate;
use crate::grpc::metadata;
use crate::grpc::payload::Payload;
use crate::grpc::receiving::{ReceiveError, Receiving, truncated};
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::{self, CallEvents, Outgoing, SendError};

/// One call, from its request on.
pub(super) struct Conversation<'a, E> {
    pub(super) options: &'a Options,
    pub(super) call: &'a Call,
    pub(super) gate: &'a Gate,
    pub(super) events: &'a E,
    pub(super) ledger: &'a Arc<Ledger>,
}

impl<E: CallEvents> Conversation<'_, E> {
    /// Sends what follows and reads the response, both at once. The response
    /// decides: a server may answer before it has read everything.
    pub(super) async fn hold(
        &self,
        response: impl Future<Output = Result<Response<RecvStream>, h2::Error>>,
        mut body: SendStream<Payload>,
        inbox: &mut UnboundedReceiver<Outgoing>,
    ) -> Result<Ended, h2::Error> {
        let download = self.download(response);
        if self.call.complete {
            return download.await;
        }
        tokio::select! {
            ended = download => ended,
            status = self.upload(&mut body, inbox) => Ok(status.into()),
        }
    }

    /// Sends messages until the application ends; then waits for ever. Returns only
    /// if the call cannot go on.
    async fn upload(
        &self,
        body: &mut SendStream<Payload>,
        inbox: &mut UnboundedReceiver<Outgoing>,
    ) -> Status {
        let limit = self.options.max_send;
        let mut next = None;
        loop {
            let outgoing = match next.take() {
                Some(outgoing) => Some(outgoing),
                None => inbox.recv().await,
            };
            match outgoing {
                Some(Outgoing::Message(message)) => {
                    let length = message.len() - PREFIX;
                    if let Some(limit) = limit.filter(|limit| length > *limit) {
                        return too_large_to_send(length, limit);
                    }
                    let (data, cost, leftover) = stream::join_waiting(message, inbox);
                    next = leftover;
                    match stream::send(body, data, self.gate, self.ledger).await {
                        Ok(()) => {
                            self.gate.sent(cost);
                            self.events.writable(cost);
                        }
                        Err(SendError::Full(full)) => return full.into(),
                        Err(_) => break,
                    }
                }
                Some(Outgoing::End) => {
                    let _ = body.send_data(Payload::default(), true);
                    break;
                }
                Some(_) => {}
                None => break,
            }
        }
        // What broke the stream, or the reply, arrives on the other half.
        std::future::pending().await
    }

    async fn download(
        &self,
        response: impl Future<Output = Result<Response<RecvStream>, h2::Error>>,
    ) -> Result<Ended, h2::Error> {
        let (head, body) = response.await?.into_parts();
        let response = Response::from_parts(head, ());
        let unary = self.call.unary;
        let max_metadata = self.options.max_metadata;
        let weight = metadata::weight(response.headers());
        if weight > max_metadata {
            return Ok(metadata::too_large(response.headers(), max_metadata).into());
        }
        if let Some(status) = status_in_headers(&response) {
            return Ok(complete(status.into(), unary));
        }
        let encoding = Encoding::of(response.headers());
        let decoder = Decoder::new(self.options.max_receive, encoding, Code::INTERNAL);
        let mut headers = response.into_parts().0.headers;
        let mut receiving = Receiving::new(body, decoder, self.ledger.call(), weight);
        let received = if unary {
            one_reply(&mut receiving, self.events).await
        } else {
            self.events.headers(&headers);
            headers.clear();
            receiving.hand_over();
            self.gate.count_for(self.ledger);
            let all = receiving.deliver(self.gate, self.events).await;
            all.map(|()| None)
        };
        let body = receiving.body();
        let mut ended = match received {
            Ok(reply) => Ended {
                reply,
                headers: HeaderMap::new(),
                status: final_status(body, max_metadata).await?,
            },
            Err(ReceiveError::Status(status)) => Ended::from(status),
            Err(ReceiveError::Truncated) => {
                // Of a server that was stopped, the status says so.
                let status = body.trailers().await?.and_then(Status::from_trailers);
                let status = status.filter(|status| status.code != Code::OK);
                Ended::from(status.unwrap_or_else(truncated))
            }
            Err(ReceiveError::Transport(error)) => return Err(error),
        };
        ended.headers = headers;
        Ok(complete(ended, unary))
    }
}

/// Success without the one reply is none.
fn complete(mut ended: Ended, unary: bool) -> Ended {
    if unary && ended.status.code == Code::OK && ended.reply.is_none() {
        ended.status = Status::new(Code::UNIMPLEMENTED, "No message received");
    }
    ended
}

/// The status of a response that has no body, or is not gRPC at all.
fn status_in_headers(response: &Response<()>) -> Option<Status> {
    let headers = response.headers();
    if let Some(status) = headers
        .contains_key("grpc-status")
        .then(|| Status::from_trailers(headers.clone()))
        .flatten()
    {
        return Some(status);
    }
    let is_grpc = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(GRPC.as_bytes()));
    if response.status() == http::StatusCode::OK && is_grpc {
        return None;
    }
    Some(Status::from_http(
        response,
        "The peer's response is not gRPC",
    ))
}

/// Given to the application when it has room for it; not expanded before.
async fn one_reply(
    receiving: &mut Receiving<'_>,
    events: &impl CallEvents,
) -> Result<Option<Bytes>, ReceiveError> {
    while let Some(message) = receiving.next().await? {
        if !receiving.set_aside(message) {
            return Err(Status::internal("Too many responses received").into());
        }
    }
    Ok(receiving.aside_when(events.room()).await?)
}

async fn final_status(body: &mut RecvStream, max_metadata: usize) -> Result<Status, h2::Error> {
    let Some(trailers) = body.trailers().await? else {
        return Ok(Status::missing());
    };
    if metadata::weight(&trailers) > max_metadata {
        return Ok(metadata::too_large(&trailers, max_metadata));
    }
    // What is beyond the hard limit h2 has left out.
    let left_out = || {
        Status::new(
            Code::UNKNOWN,
            format!(
                "The peer's trailers have no status, or one behind {}",
                beyond(max_metadata)
            ),
        )
    };
    Ok(Status::from_trailers(trailers).unwrap_or_else(left_out))
}
