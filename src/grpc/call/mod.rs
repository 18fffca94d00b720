//! A client call, from the first byte to its status.

mod conversation;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use conversation::Conversation;
use h2::client::ResponseFuture;
use h2::{Reason, SendStream};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, TE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Version};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::grpc::channel::Channel;
use crate::grpc::connection::Connection;
use crate::grpc::encoding::{ACCEPTED, GRPC_ACCEPT_ENCODING};
use crate::grpc::framing::PREFIX;
use crate::grpc::gate::Gate;
use crate::grpc::life::Counted;
use crate::grpc::metadata::{self, hard_limit};
use crate::grpc::payload::Payload;
use crate::grpc::progress::Progress;
use crate::grpc::status::{Code, Status, with_causes};
use crate::grpc::stream::{CallEvents, Outgoing};
use crate::grpc::timeout;

/// The content type of requests and responses.
pub const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// How long the caller will wait.
pub const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("owt-grpc/", env!("CARGO_PKG_VERSION")));

/// How often a call that no server has begun to work on is sent again.
const TRANSPARENT_RETRIES: u32 = 2;

/// What to call, and how.
pub struct Call {
    /// The number that stands for the path in this process.
    pub method: u32,
    /// `/package.Service/Method`
    pub path: PathAndQuery,
    /// The application's metadata.
    pub metadata: HeaderMap,
    /// What the application asks for beside it.
    pub options: CallOptions,
    /// The first message, framed.
    pub message: Option<Bytes>,
    /// Nothing follows the first message.
    pub complete: bool,
    /// One reply is expected and kept for the end.
    pub unary: bool,
}

/// What an application may ask for of one call. The crossing hands it on whole, and calls of
/// our own have the defaults: a new option is read there and looked at here.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// From now to the deadline; covers connecting.
    pub timeout: Option<Duration>,
    /// Wait for a connection instead of failing while there is none.
    pub wait_for_ready: bool,
}

/// How a call ended, with the initial metadata that was not reported before.
pub struct Ended {
    /// The one reply of a unary call.
    pub reply: Option<Bytes>,
    /// Initial metadata of a unary call.
    pub headers: HeaderMap,
    /// Its status.
    pub status: Status,
}

impl From<Status> for Ended {
    fn from(status: Status) -> Self {
        Self {
            reply: None,
            headers: HeaderMap::new(),
            status,
        }
    }
}

/// Makes the call. Dropping the future cancels it: the stream is reset.
pub async fn run(
    channel: Arc<Channel>,
    call: Call,
    mut inbox: UnboundedReceiver<Outgoing>,
    gate: Arc<Gate>,
    events: &impl CallEvents,
) -> Ended {
    let progress = Progress::new();
    // Where it is made it stays: each move would copy it, and need the room once more.
    let mut exchange = pin!(exchange(
        &channel, &call, &mut inbox, &gate, events, &progress
    ));
    let Some(limit) = call.options.timeout else {
        return exchange.await;
    };
    if let Ok(ended) = tokio::time::timeout(limit, exchange.as_mut()).await {
        return ended;
    }
    if progress.is_connecting()
        && let Some(status) = channel.silent_proxy(limit)
    {
        return status.into();
    }
    Ended::from(Status::new(
        Code::DEADLINE_EXCEEDED,
        format!(
            "Deadline exceeded after {:.3}s while {} ({})",
            limit.as_secs_f64(),
            progress.describe(&channel.options().target),
            call.path,
        ),
    ))
}

async fn exchange(
    channel: &Arc<Channel>,
    call: &Call,
    inbox: &mut UnboundedReceiver<Outgoing>,
    gate: &Gate,
    events: &impl CallEvents,
    progress: &Progress,
) -> Ended {
    if let Some(limit) = channel.options().max_send
        && let Some(message) = &call.message
        && message.len() - PREFIX > limit
    {
        return too_large_to_send(message.len() - PREFIX, limit).into();
    }
    let mut attempt = 0;
    loop {
        progress.connecting();
        let connection = match channel.ready(call.options.wait_for_ready).await {
            Ok(connection) => connection,
            Err(status) => return status.into(),
        };
        let counted = connection.count();
        let error = match start(channel, call, &connection, (&counted, progress), events).await {
            Ok((response, body)) => {
                let response = connection.noting(response);
                let conversation = Conversation {
                    options: channel.options(),
                    call,
                    gate,
                    events,
                    ledger: connection.ledger(),
                };
                match conversation.hold(response, body, inbox).await {
                    Ok(ended) => return ended,
                    Err(error) => error,
                }
            }
            Err(Failed::Status(status)) => return status.into(),
            Err(Failed::Transport(error)) => error,
        };
        let refused = error.reason() == Some(Reason::REFUSED_STREAM);
        if error.is_go_away() || refused {
            channel.retire(&connection);
        }
        // No server has looked at it, so sending it again cannot do it twice.
        let untouched = refused || (error.is_go_away() && error.reason() == Some(Reason::NO_ERROR));
        if untouched && call.complete && attempt < TRANSPARENT_RETRIES {
            attempt += 1;
            continue;
        }
        return explain(&error, channel, &connection).into();
    }
}

enum Failed {
    Status(Status),
    Transport(h2::Error),
}

/// Opens the stream and sends the first message, if there is one. The first
/// message needs no flow control of ours: h2 keeps it, and it is one per call.
async fn start(
    channel: &Arc<Channel>,
    call: &Call,
    connection: &Connection,
    (counted, progress): (&Counted<'_>, &Progress),
    events: &impl CallEvents,
) -> Result<(ResponseFuture, SendStream<Payload>), Failed> {
    let mut sender = match connection.sender.clone().ready().await {
        Ok(sender) => {
            events.carried(connection.certificate());
            sender
        }
        Err(error) if error.is_go_away() || error.is_io() => {
            // The peer is leaving: this call belongs on the next connection.
            channel.retire(connection);
            let next = channel
                .ready(call.options.wait_for_ready)
                .await
                .map_err(Failed::Status)?;
            events.carried(next.certificate());
            next.sender.ready().await.map_err(Failed::Transport)?
        }
        Err(error) => return Err(Failed::Transport(error)),
    };
    let request = request(channel, call).map_err(Failed::Status)?;
    let max_metadata = connection.max_metadata();
    if metadata::weight(request.headers()) > max_metadata {
        let refused = metadata::too_large_to_send(request.headers(), max_metadata);
        return Err(Failed::Status(refused));
    }
    let empty = call.message.is_none() && call.complete;
    let (response, mut body) = sender
        .send_request(request, empty)
        .map_err(Failed::Transport)?;
    if let Some(message) = &call.message {
        body.send_data(message.clone().into(), call.complete)
            .map_err(Failed::Transport)?;
    }
    progress.requested(sender, counted.position());
    Ok((response, body))
}

fn request(channel: &Channel, call: &Call) -> Result<Request<()>, Status> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = channel.uri(call.method, &call.path)?;
    let mut headers = if call.metadata.is_empty() {
        HeaderMap::with_capacity(8)
    } else {
        call.metadata.clone()
    };
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, GRPC);
    headers.insert(USER_AGENT, AGENT);
    headers.insert(GRPC_ACCEPT_ENCODING, ACCEPTED);
    if let Some(value) = call.options.timeout.and_then(timeout::format) {
        headers.insert(GRPC_TIMEOUT, value);
    }
    *request.headers_mut() = headers;
    Ok(request)
}

/// The status for a message over the caller's own limit.
pub fn too_large_to_send(length: usize, limit: usize) -> Status {
    Status::new(
        Code::RESOURCE_EXHAUSTED,
        format!("Attempted to send message with a size larger than max ({length} vs {limit})"),
    )
}

fn explain(error: &h2::Error, channel: &Channel, connection: &Connection) -> Status {
    match error.reason() {
        // Not the peer's doing: h2 does not take what came.
        Some(Reason::PROTOCOL_ERROR) if error.is_reset() && error.is_library() => {
            let most = beyond(channel.options().max_metadata);
            Status::internal(format!(
                "The peer's response does not keep to HTTP/2, or has {most}"
            ))
        }
        Some(reason) if error.is_reset() => Status::from_reset(reason),
        _ => match connection.ending().reason() {
            Some(why) => Status::unavailable(why),
            None => Status::unavailable(format!(
                "Connection dropped: {}: {}",
                channel.options().target,
                with_causes(error)
            )),
        },
    }
}

fn beyond(max_metadata: usize) -> String {
    let bytes = hard_limit(max_metadata);
    format!("metadata of more than the {bytes} bytes that are read (maxMetadataBytes)")
}
