//! What client and server streams have in common: messages out under the
//! peer's flow control, messages in under the application's.

use std::future::poll_fn;

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::SendStream;
use http::HeaderMap;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::error::TryRecvError;

use super::budget::{Full, Holding, Ledger};
use super::framing::PREFIX;
use super::gate::Gate;
use super::payload::Payload;
use super::status::Status;

/// What the application sends on a call, in order. Which of them a call may
/// use depends on its side and kind.
#[derive(Debug)]
pub enum Outgoing {
    /// Initial metadata (server, once, before any message).
    Headers(HeaderMap),
    /// A framed message.
    Message(Payload),
    /// No more messages (client).
    End,
    /// The one message of a unary reply and its trailing metadata (server).
    Reply(Bytes, HeaderMap),
    /// The end of the call (server).
    Status(Status),
}

/// What the application is told of a call while it goes on.
pub trait CallEvents: Send + Sync + 'static {
    /// It is about to be sent to a server that has shown this certificate, in DER
    /// (client).
    fn carried(&self, _certificate: Option<&[u8]>) {}
    /// Initial metadata has arrived (client streams).
    fn headers(&self, headers: &HeaderMap);
    /// A message has arrived.
    fn message(&self, message: Bytes);
    /// The peer's window has taken that much of what was sent (see [`cost`]).
    fn writable(&self, cost: usize);
    /// The peer sends no more messages (server).
    fn half_closed(&self);
    /// So much waits for the application that no more is to be added.
    fn is_behind(&self) -> bool {
        false
    }
    /// Waits while it is so.
    fn room(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// What a message counts for in flow control between JS and Rust: an empty
/// message is an object in a queue, too.
pub fn cost(length: usize) -> usize {
    length + 64
}

/// Messages are joined into DATA frames up to this size when they queue up.
const JOIN: usize = 16 << 10;

/// Why sending stopped.
pub enum SendError {
    /// Nothing takes it, and there is no room to keep it.
    Full(Full),
    /// The stream is closed.
    Closed,
    /// The stream or its connection broke.
    Transport(h2::Error),
}

/// Sends bytes as the peer's window allows. What waits for it counts for `ledger`, and
/// so does what the application has written, and writes meanwhile, behind it.
///
/// # Errors
/// Why not all of it was sent.
pub async fn send(
    stream: &mut SendStream<Payload>,
    mut data: Payload,
    gate: &Gate,
    ledger: &Ledger,
) -> Result<(), SendError> {
    let mut holding = ledger.call();
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let mut capacity = stream.capacity();
        if capacity == 0 {
            gate.set_stalled(true);
            let room = room(stream, data.len(), gate, &mut holding).await;
            gate.set_stalled(false);
            capacity = room?;
        }
        let part = data.split_to(capacity.min(data.len()));
        let sent = stream.send_data(part, false);
        sent.map_err(SendError::Transport)?;
    }
    Ok(())
}

/// Waits until the peer's window takes something, with `waiting` bytes at least.
/// Returns how much it takes.
async fn room(
    stream: &mut SendStream<Payload>,
    waiting: usize,
    gate: &Gate,
    holding: &mut Holding<'_>,
) -> Result<usize, SendError> {
    loop {
        let all = gate.unsent().max(waiting);
        holding.set(all).map_err(SendError::Full)?;
        tokio::select! {
            biased;
            capacity = poll_fn(|cx| stream.poll_capacity(cx)) => match capacity {
                Some(Ok(0)) => {}
                Some(Ok(capacity)) => return Ok(capacity),
                Some(Err(error)) => return Err(SendError::Transport(error)),
                None => return Err(SendError::Closed),
            },
            () = gate.more_written() => {}
        }
    }
}

/// Joins `first` with the messages that already wait behind it. Returns the
/// bytes, what they cost, and what stopped the joining: what is no message, or one
/// too large to be copied.
pub fn join_waiting(
    first: Payload,
    inbox: &mut UnboundedReceiver<Outgoing>,
) -> (Payload, usize, Option<Outgoing>) {
    let mut total = cost_of(&first);
    if first.len() >= JOIN {
        return (first, total, None);
    }
    let mut joined: Option<BytesMut> = None;
    let leftover = loop {
        let length = joined.as_ref().map_or(first.len(), BytesMut::len);
        if length >= JOIN {
            break None;
        }
        match inbox.try_recv() {
            Ok(Outgoing::Message(next)) if next.len() < JOIN => {
                total += cost_of(&next);
                let buffer = joined.get_or_insert_with(|| {
                    let mut buffer = BytesMut::with_capacity(JOIN + next.len());
                    buffer.put(first.clone());
                    buffer
                });
                buffer.put(next);
            }
            Ok(other) => break Some(other),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break None,
        }
    };
    (joined.map_or(first, Payload::from), total, leftover)
}

/// What a framed message costs.
pub fn cost_of(message: &Payload) -> usize {
    cost(message.len().saturating_sub(PREFIX))
}
