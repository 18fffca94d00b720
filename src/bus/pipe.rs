//! One stream of protocol messages on real sockets: what links and sessions
//! with the registry have in common.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::HeaderMap;
use http::uri::PathAndQuery;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::wire::{FRAMES, Packet};
use crate::grpc::call::{self, Call, CallOptions};
use crate::grpc::channel::{self, Channel};
use crate::grpc::framing::PREFIX;
use crate::grpc::gate::Gate;
use crate::grpc::keepalive::Keepalive;
use crate::grpc::metadata::MAX_METADATA;
use crate::grpc::payload::Payload;
use crate::grpc::service;
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::{CallEvents, Outgoing, cost};
use crate::grpc::target::Target;
use crate::grpc::tenure::Terms;
use crate::tls::credentials::{Mutual, ServerCredentials};

/// A message that is larger than this breaks the protocol.
const LARGEST: usize = 4 << 20;
/// Sent and not yet taken by the peer's window: more waits in the outbox, where
/// it is packed and where replies get between.
const WINDOW: usize = 256 << 10;
/// A silent peer is given up after five seconds. Whoever dialed pings first: the
/// other side hears that, and need not ping itself.
const DIALER: Keepalive = Keepalive {
    every: Duration::from_secs(2),
    timeout: Duration::from_secs(3),
};
const DIALED: Keepalive = Keepalive {
    every: Duration::from_millis(2_500),
    timeout: Duration::from_millis(2_500),
};

/// The sending side of a stream.
pub struct Pipe {
    out: UnboundedSender<Outgoing>,
    dialed: bool,
    outstanding: usize,
}

impl Pipe {
    /// A pipe, and what its stream is to send.
    pub fn new(dialed: bool) -> (Self, UnboundedReceiver<Outgoing>) {
        let (out, inbox) = unbounded_channel();
        let pipe = Self {
            out,
            dialed,
            outstanding: 0,
        };
        (pipe, inbox)
    }

    /// Whether the peer takes more.
    pub fn has_room(&self) -> bool {
        self.outstanding < WINDOW
    }

    /// Whether all has been handed to the transport.
    pub fn is_flushed(&self) -> bool {
        self.outstanding == 0
    }

    /// Sends, whether there is room or not.
    pub fn send(&mut self, message: &impl Message) {
        let length = message.encoded_len();
        let mut framed = framed(length, length);
        if message.encode(&mut framed).is_ok() {
            self.pass(framed.into());
        }
    }

    /// Sends a packet, of which a piece is not copied: others may send it, too.
    pub fn send_packet(&mut self, packet: &Packet) {
        let Some((tag, piece)) = packet.only_piece() else {
            return self.send(packet);
        };
        let frame = header_len(tag, piece.len()) + piece.len();
        let header = header_len(FRAMES, frame) + header_len(tag, piece.len());
        let mut framed = framed(header, header + piece.len());
        put_header(&mut framed, FRAMES, frame);
        put_header(&mut framed, tag, piece.len());
        self.pass(Payload::new(framed.freeze(), piece.clone()));
    }

    fn pass(&mut self, message: Payload) {
        self.outstanding += cost(message.len() - PREFIX);
        let _ = self.out.send(Outgoing::Message(message));
    }

    /// The transport has taken that much.
    pub fn taken(&mut self, cost: usize) {
        self.outstanding = self.outstanding.saturating_sub(cost);
    }

    /// Ends the stream behind what was sent.
    pub fn close(&self) {
        let last = if self.dialed {
            Outgoing::End
        } else {
            Outgoing::Status(Status::new(Code::OK, ""))
        };
        let _ = self.out.send(last);
    }
}

/// Room for `room` bytes of a message of `length`, with gRPC's prefix in it.
fn framed(room: usize, length: usize) -> BytesMut {
    let mut framed = BytesMut::with_capacity(PREFIX + room);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    framed
}

/// The bytes before a field of `length` bytes, as protobuf has it.
fn header_len(tag: u32, length: usize) -> usize {
    key_len(tag) + encoded_len_varint(length as u64)
}

fn put_header(out: &mut BytesMut, tag: u32, length: usize) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
}

/// A channel of its own for one stream: it says at once when it cannot connect.
pub fn channel_to(target: Target, tls: Option<&Mutual>) -> Arc<Channel> {
    Channel::new(channel::Options {
        target,
        // Links stay inside the cluster.
        proxy: None,
        tls: tls.map(|tls| channel::Tls(Arc::clone(&tls.client))),
        keepalive: Some(DIALER),
        max_receive: Some(LARGEST),
        max_send: None,
        max_metadata: MAX_METADATA,
    })
}

/// Opens a stream and reads it to its end. Returns why it ended.
pub async fn dial(
    channel: Arc<Channel>,
    path: &'static str,
    inbox: UnboundedReceiver<Outgoing>,
    gate: Arc<Gate>,
    events: &impl CallEvents,
) -> Status {
    let call = Call {
        method: 0,
        path: PathAndQuery::from_static(path),
        metadata: HeaderMap::new(),
        options: CallOptions::default(),
        message: None,
        complete: false,
        unary: false,
    };
    call::run(channel, call, inbox, gate, events).await.status
}

/// What a server of one stream method is made with.
pub fn server_options(path: &'static str, tls: Option<Arc<ServerCredentials>>) -> service::Options {
    let method = service::Method {
        number: 0,
        request_stream: true,
    };
    service::Options {
        methods: HashMap::from([(path.to_owned(), method)]),
        tls,
        keepalive: Some(DIALED),
        max_receive: Some(LARGEST),
        max_send: None,
        max_metadata: MAX_METADATA,
        max_streams: Some(1000),
        max_connections: None,
        terms: Terms::default(),
        max_call: None,
    }
}

/// Reads a protocol message.
pub fn read<M: Message + Default>(message: Bytes) -> Result<M, String> {
    M::decode(message).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use bytes::Buf as _;

    use super::*;
    use crate::bus::wire::{Kind, frame};

    #[test]
    fn a_piece_goes_uncopied_in_the_bytes_of_its_packet() {
        for size in [0, 1, 127, 128, 20_000, 300_000] {
            for kind in [Kind::RequestPiece, Kind::ReplyPiece] {
                let piece = Bytes::from(vec![7; size]);
                let packet = Packet {
                    frames: vec![frame(kind(piece.clone()))],
                };
                let (mut pipe, mut inbox) = Pipe::new(true);
                pipe.send_packet(&packet);
                let Ok(Outgoing::Message(mut sent)) = inbox.try_recv() else {
                    panic!("nothing was sent");
                };
                let length = packet.encoded_len();
                assert_eq!(sent.len(), PREFIX + length);
                assert_eq!(sent.get_u8(), 0);
                assert_eq!(sent.get_u32() as usize, length);
                let received: Packet = read(sent.copy_to_bytes(length)).unwrap();
                assert_eq!(received, packet);
                pipe.taken(cost(length));
                assert!(pipe.is_flushed());
            }
        }
    }
}
