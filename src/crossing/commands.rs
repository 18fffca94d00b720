//! All that JS tells the network thread: a variant for each command of docs/crossing.md, by
//! the names of `lib/crossing/commands.js`, which writes what is read here, and in its order.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::record::{Reader, command};
use crate::bus::Millis;
use crate::bus::member::traffic::Calling;
use crate::bus::wire;
use crate::grpc::call::CallOptions;
use crate::grpc::metadata;
use crate::grpc::status::Code;

/// The timeout that means none.
const NO_TIMEOUT: u32 = u32::MAX;

/// Metadata, or why it cannot be sent: the call that was given it is told.
pub type Metadata = Result<HeaderMap, String>;

/// One command. A call that it is about, or a member, has the number of its record.
pub enum Command {
    Call(NewCall),
    /// A whole frame.
    Message(Bytes),
    End,
    Cancel,
    /// So many bytes have been read.
    Credit(usize),
    Reply {
        trailers: Metadata,
        /// A whole frame.
        message: Bytes,
    },
    Headers(Metadata),
    Status {
        code: Code,
        details: String,
        trailers: Metadata,
    },
    BusCall(Calling),
    /// The number of the call.
    BusCancel(u32),
    BusCast(wire::Cast),
    BusPublish(wire::Publish),
    BusReply {
        peer: u32,
        reply: wire::Reply,
    },
    BusServe {
        request: u32,
        id: String,
        stop: bool,
    },
    BusSubscribe {
        request: u32,
        subscription: u32,
        exchange: String,
        patterns: Vec<String>,
        stop: bool,
    },
    BusStatus {
        request: u32,
    },
    BusLeave,
    /// Shows what a bug would do.
    #[cfg(test)]
    Panic,
}

/// A call that a client begins. Channel and method are numbers of [`super::tables`].
pub struct NewCall {
    pub channel: u32,
    pub method: u32,
    pub options: CallOptions,
    pub metadata: Metadata,
    /// The first message, a whole frame.
    pub message: Option<Bytes>,
    /// Nothing follows the first message.
    pub complete: bool,
    /// One reply is expected and kept for the end.
    pub unary: bool,
}

impl Command {
    /// Reads a record. `None` for one whose sizes do not add up, or that is not known.
    pub fn read(op: u8, flags: u8, mut body: Reader) -> Option<Self> {
        let flag = flags & command::FLAG != 0;
        Some(match op {
            command::CALL => Self::Call(NewCall::read(flags, body)?),
            command::MESSAGE => Self::Message(frame(body)?),
            command::END => Self::End,
            command::CANCEL => Self::Cancel,
            command::CREDIT => Self::Credit(body.u32()? as usize),
            command::REPLY => Self::Reply {
                trailers: sized_metadata(&mut body)?,
                message: frame(body)?,
            },
            command::HEADERS => Self::Headers(rest_as_metadata(body)?),
            command::STATUS => Self::Status {
                code: Code::from_js(body.f64()?),
                details: sized_text(&mut body)?,
                trailers: rest_as_metadata(body)?,
            },
            command::BUS_CALL => Self::BusCall(Calling {
                number: body.u32()?,
                timeout: Millis::from(body.u32()?),
                trace: body.trace(flags)?,
                to: body.text()?,
                method: body.text()?,
                body: body.rest(),
                many: flag,
            }),
            command::BUS_CANCEL => Self::BusCancel(body.u32()?),
            command::BUS_CAST => Self::BusCast(wire::Cast {
                trace: body.trace(flags)?,
                to: body.text()?,
                method: body.text()?,
                body: body.rest(),
                left: 0,
            }),
            command::BUS_PUBLISH => Self::BusPublish(wire::Publish {
                trace: body.trace(flags)?,
                exchange: body.text()?,
                key: body.text()?,
                body: body.rest(),
                left: 0,
            }),
            command::BUS_REPLY => Self::BusReply {
                peer: body.u32()?,
                reply: wire::Reply {
                    number: body.u32()?,
                    kind: body.text()?,
                    body: body.rest(),
                    left: 0,
                    failed: flag,
                },
            },
            command::BUS_SERVE => Self::BusServe {
                request: body.u32()?,
                id: body.text()?,
                stop: flag,
            },
            command::BUS_SUBSCRIBE => Self::BusSubscribe {
                request: body.u32()?,
                subscription: body.u32()?,
                exchange: body.text()?,
                patterns: texts(body)?,
                stop: flag,
            },
            command::BUS_STATUS => Self::BusStatus {
                request: body.u32()?,
            },
            command::BUS_LEAVE => Self::BusLeave,
            #[cfg(test)]
            command::PANIC => Self::Panic,
            _ => return None,
        })
    }
}

impl NewCall {
    fn read(flags: u8, mut body: Reader) -> Option<Self> {
        let has = |flag| flags & flag != 0;
        Some(Self {
            channel: body.u32()?,
            method: body.u32()?,
            options: CallOptions {
                timeout: Some(body.u32()?)
                    .filter(|ms| *ms != NO_TIMEOUT)
                    .map(|ms| Duration::from_millis(ms.into())),
                wait_for_ready: has(command::WAIT_FOR_READY),
            },
            metadata: sized_metadata(&mut body)?,
            message: if has(command::HAS_MESSAGE) {
                Some(frame(body)?)
            } else {
                None
            },
            complete: has(command::COMPLETE),
            unary: has(command::UNARY),
        })
    }
}

/// Who waits for what a command of the bus would have done, if it cannot be read.
pub enum Waiting {
    /// This member's caller, for a call of this number.
    Caller(u32),
    /// A peer, for the reply to its call of this number.
    Peer(u32, u32),
}

impl Waiting {
    /// `None` if nobody does, or if the record does not even say who.
    pub fn read(op: u8, mut body: Reader) -> Option<Self> {
        match op {
            command::BUS_CALL => Some(Self::Caller(body.u32()?)),
            command::BUS_REPLY => Some(Self::Peer(body.u32()?, body.u32()?)),
            _ => None,
        }
    }
}

/// The rest of a record, which must be a whole frame: its length is relied on.
fn frame(body: Reader) -> Option<Bytes> {
    let frame = body.rest();
    let [_, length @ ..] = *frame.first_chunk::<5>()?;
    (u32::from_be_bytes(length) as usize == frame.len() - 5).then_some(frame)
}

fn sized_text(body: &mut Reader) -> Option<String> {
    let length = body.u32()? as usize;
    Some(String::from_utf8_lossy(&body.bytes(length)?).into_owned())
}

fn texts(mut body: Reader) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while !body.is_empty() {
        texts.push(body.text()?);
    }
    Some(texts)
}

fn sized_metadata(body: &mut Reader) -> Option<Metadata> {
    let length = body.u32()? as usize;
    rest_as_metadata(Reader::new(body.bytes(length)?))
}

fn rest_as_metadata(mut body: Reader) -> Option<Metadata> {
    let mut headers = HeaderMap::new();
    while !body.is_empty() {
        let length = body.u16()? as usize;
        let key = body.bytes(length)?;
        let length = body.u32()? as usize;
        let value = body.bytes(length)?;
        if let Err(why) = metadata::append(&mut headers, &key, &value) {
            return Some(Err(why));
        }
    }
    Some(Ok(headers))
}
