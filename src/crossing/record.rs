//! The records that cross, as docs/crossing.md describes them.

use bytes::Buf as _;
use http::HeaderMap;

use crate::grpc::metadata;

/// Bytes before each record's body: size, op, flags, padding, id.
pub const HEADER: usize = 12;

/// What JS tells us.
pub mod command {
    pub const CALL: u8 = 1;
    pub const MESSAGE: u8 = 2;
    pub const END: u8 = 3;
    pub const CANCEL: u8 = 4;
    pub const CREDIT: u8 = 5;
    pub const REPLY: u8 = 6;
    pub const HEADERS: u8 = 7;
    pub const STATUS: u8 = 8;
    pub const BUS_CALL: u8 = 20;
    pub const BUS_CANCEL: u8 = 21;
    pub const BUS_CAST: u8 = 22;
    pub const BUS_PUBLISH: u8 = 23;
    pub const BUS_REPLY: u8 = 24;
    pub const BUS_SERVE: u8 = 25;
    pub const BUS_SUBSCRIBE: u8 = 26;
    pub const BUS_STATUS: u8 = 27;
    pub const BUS_LEAVE: u8 = 28;
    /// Shows what a bug would do.
    #[cfg(test)]
    pub const PANIC: u8 = 255;

    pub const HAS_MESSAGE: u8 = 1;
    pub const COMPLETE: u8 = 2;
    pub const WAIT_FOR_READY: u8 = 4;
    pub const UNARY: u8 = 8;
    /// Of records of the bus: what it means depends on the record.
    pub const FLAG: u8 = 1;
    /// Of requests and messages of the bus: a trace comes first of all texts.
    pub const TRACED: u8 = 2;
}

/// What we tell JS.
pub mod event {
    pub const REPLY: u8 = 1;
    pub const HEADERS: u8 = 2;
    pub const MESSAGE: u8 = 3;
    pub const STATUS: u8 = 4;
    pub const WRITABLE: u8 = 5;
    pub const INCOMING: u8 = 6;
    pub const HALF_CLOSED: u8 = 7;
    pub const CLOSED: u8 = 8;
    pub const LISTENING: u8 = 9;
    pub const STOPPED: u8 = 10;
    pub const LOG: u8 = 11;
    pub const CONNECTED: u8 = 12;
    pub const DISCONNECTED: u8 = 13;
    pub const BUS_REPLY: u8 = 20;
    pub const BUS_FAILED: u8 = 21;
    pub const BUS_REQUEST: u8 = 22;
    pub const BUS_MESSAGE: u8 = 23;
    pub const BUS_DONE: u8 = 24;
    pub const BUS_STATE: u8 = 25;
    pub const BUS_STATUS: u8 = 26;
    pub const BUS_GIVEN_UP: u8 = 27;

    pub const FLAG: u8 = 1;
    /// Of requests and messages of the bus: a trace comes first of all texts.
    pub const TRACED: u8 = 2;
    /// Of records of the bus: the body is not in the record.
    pub const OUTSIDE: u8 = 4;
}

/// The states of `BUS_STATE`.
pub mod state {
    pub const JOINED: u32 = 1;
    pub const PARTED: u32 = 2;
    pub const REFUSED: u32 = 3;
    pub const LEFT: u32 = 4;
    pub const WAITING: u32 = 5;
}

/// Levels of LOG.
pub mod level {
    pub const ERROR: u8 = 1;
    pub const WARN: u8 = 2;
    pub const INFO: u8 = 3;
}

/// Appends one event record to a queue and patches its size at the end.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Writer<'a> {
    /// Begins a record.
    pub fn new(out: &'a mut Vec<u8>, op: u8, flags: u8, id: u32) -> Self {
        let start = out.len();
        let mut header = [0; HEADER];
        header[4] = op;
        header[5] = flags;
        header[8..].copy_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&header);
        Self { out, start }
    }

    /// Appends a whole number in four bytes.
    pub fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends a number as JS has them, in eight bytes.
    pub fn f64(self, value: f64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Bytes whose end is the record's, or is known otherwise.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.out.extend_from_slice(bytes);
        self
    }

    /// Bytes behind their length.
    pub fn sized(self, bytes: &[u8]) -> Self {
        self.u32(size(bytes.len())).bytes(bytes)
    }

    /// A short text behind its length.
    pub fn text(self, text: &str) -> Self {
        let length = text.len().min(usize::from(u16::MAX));
        let size = u16::try_from(length).unwrap_or(u16::MAX);
        self.bytes(&size.to_le_bytes())
            .bytes(&text.as_bytes()[..length])
    }

    /// The trace of a record whose flags say `TRACED` if there is one.
    pub fn trace(self, trace: &str) -> Self {
        if trace.is_empty() {
            self
        } else {
            self.text(trace)
        }
    }

    /// Metadata whose end is the record's.
    pub fn metadata(self, headers: &HeaderMap) -> Self {
        metadata::for_each(headers, |key, value| {
            let length = u16::try_from(key.len()).unwrap_or(0).to_le_bytes();
            self.out.extend_from_slice(&length);
            self.out
                .extend_from_slice(&key.as_bytes()[..usize::from(u16::from_le_bytes(length))]);
            self.out.extend_from_slice(&size(value.len()).to_le_bytes());
            self.out.extend_from_slice(value);
        });
        self
    }

    /// Metadata behind its length.
    pub fn sized_metadata(self, headers: &HeaderMap) -> Self {
        let at = self.out.len();
        let record = self.u32(0).metadata(headers);
        let length = size(record.out.len() - at - 4);
        record.out[at..at + 4].copy_from_slice(&length.to_le_bytes());
        record
    }

    /// Ends the record.
    pub fn finish(self) {
        self.finish_with(0);
    }

    /// Ends a record of which `more` bytes are elsewhere.
    pub fn finish_with(self, more: usize) {
        let length = size(self.out.len() - self.start + more).to_le_bytes();
        self.out[self.start..self.start + 4].copy_from_slice(&length);
    }
}

/// Sizes are bounded far below this: gRPC's own limit on a message is u32.
fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Reads one command's body. Every read is checked: what JS sends is trusted to
/// be well formed, but a mistake there must not become a crash here.
#[derive(Clone)]
pub struct Reader {
    rest: bytes::Bytes,
}

impl Reader {
    /// Starts at the front.
    pub fn new(rest: bytes::Bytes) -> Self {
        Self { rest }
    }

    /// A number, `None` past the end.
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.array()?))
    }

    /// A number, `None` past the end.
    pub fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.array()?))
    }

    /// A number, `None` past the end.
    pub fn f64(&mut self) -> Option<f64> {
        Some(f64::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = *self.rest.first_chunk::<N>()?;
        self.rest.advance(N);
        Some(array)
    }

    /// The next bytes, shared with the batch they came in.
    pub fn bytes(&mut self, length: usize) -> Option<bytes::Bytes> {
        (self.rest.len() >= length).then(|| self.rest.split_to(length))
    }

    /// A short text behind its length, `None` past the end.
    pub fn text(&mut self) -> Option<String> {
        let length = self.u16()? as usize;
        let text = String::from_utf8_lossy(self.rest.get(..length)?).into_owned();
        self.rest.advance(length);
        Some(text)
    }

    /// The trace of a record with these flags, empty if it has none. `None` past
    /// the end.
    pub fn trace(&mut self, flags: u8) -> Option<String> {
        if flags & command::TRACED == 0 {
            Some(String::new())
        } else {
            self.text()
        }
    }

    /// Everything up to the end.
    pub fn rest(self) -> bytes::Bytes {
        self.rest
    }

    /// Whether the end is reached.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_knows_its_size_and_its_parts() {
        let mut out = vec![9];
        let mut headers = HeaderMap::new();
        metadata::append(&mut headers, b"k", b"v").unwrap();
        Writer::new(&mut out, event::STATUS, event::FLAG, 7)
            .u32(5)
            .sized(b"why")
            .sized_metadata(&headers)
            .finish();
        let body = 4 + (4 + 3) + (4 + 2 + 1 + 4 + 1);
        assert_eq!(out.len(), 1 + HEADER + body);
        let mut reader = Reader::new(bytes::Bytes::from(out).slice(1..));
        assert_eq!(reader.u32(), Some(u32::try_from(HEADER + body).unwrap()));
        assert_eq!(reader.bytes(4).unwrap()[..2], [event::STATUS, event::FLAG]);
        assert_eq!(reader.u32(), Some(7));
        assert_eq!(reader.u32(), Some(5));
        assert_eq!(reader.u32(), Some(3));
        assert_eq!(reader.bytes(3).unwrap(), "why");
        assert_eq!(reader.u32(), Some(8));
    }

    #[test]
    fn a_trace_takes_room_only_where_there_is_one() {
        for (flags, trace) in [(0, ""), (event::TRACED, "00-ab-cd-01 k=v")] {
            let mut out = Vec::new();
            Writer::new(&mut out, event::BUS_REQUEST, flags, 1)
                .trace(trace)
                .text("id")
                .finish();
            let size = if trace.is_empty() { 0 } else { 2 + trace.len() };
            assert_eq!(out.len(), HEADER + size + 4);
            let mut reader = Reader::new(bytes::Bytes::from(out).slice(HEADER..));
            assert_eq!(reader.trace(flags).as_deref(), Some(trace));
            assert_eq!(reader.text().as_deref(), Some("id"));
        }
        let mut short = Reader::new(bytes::Bytes::from_static(&[9, 0, 0]));
        assert_eq!(short.trace(command::TRACED), None);
    }

    #[test]
    fn reading_past_the_end_is_none() {
        let mut reader = Reader::new(bytes::Bytes::from_static(&[1, 0, 0]));
        assert_eq!(reader.u32(), None);
        assert_eq!(reader.u16(), Some(1));
        assert_eq!(reader.bytes(2), None);
        assert!(!reader.is_empty());
    }
}
