//! gRPC's length-prefixed messages, cut out of the DATA frames they come in.

use bytes::{Buf, Bytes, BytesMut};

use super::encoding::Encoding;
use super::status::{Code, Status};

/// Bytes before each message: a compression flag and a big-endian u32 length.
pub const PREFIX: usize = 5;

/// Collects DATA and gives back whole messages. One that lies in one DATA frame, the
/// usual case, is not copied. One that does not is copied as it comes: what waits for
/// its end holds its own bytes and not the buffers in which they came.
pub struct Decoder {
    /// Comes first: what was copied.
    begun: BytesMut,
    /// What is left of a DATA frame.
    chunk: Bytes,
    limit: Option<usize>,
    encoding: Encoding,
    unknown: Code,
}

/// A message as it came: perhaps compressed.
#[derive(Debug)]
pub struct Framed {
    compressed: bool,
    bytes: Bytes,
    /// Nothing else is in the buffer of its bytes.
    is_kept: bool,
}

impl Framed {
    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// It waits: it is copied, so that it holds nothing else.
    pub fn keep(&mut self) {
        if !self.is_kept {
            self.bytes = Bytes::copy_from_slice(&self.bytes);
            self.is_kept = true;
        }
    }
}

impl Decoder {
    /// `limit` is the largest message accepted, in bytes, compressed or not; `unknown`
    /// what a message in an encoding that is not read fails with.
    pub fn new(limit: Option<usize>, encoding: Encoding, unknown: Code) -> Self {
        Self {
            begun: BytesMut::new(),
            chunk: Bytes::new(),
            limit,
            encoding,
            unknown,
        }
    }

    /// Adds what a DATA frame carried.
    pub fn push(&mut self, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        self.keep();
        self.chunk = chunk;
    }

    /// What is here waits: it is copied, so that it holds nothing else.
    pub fn keep(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        self.begun.extend_from_slice(&chunk);
    }

    /// Bytes that are here.
    fn len(&self) -> usize {
        self.begun.len() + self.chunk.len()
    }

    /// Bytes that they take.
    pub fn held(&self) -> usize {
        self.begun.capacity() + self.chunk.len()
    }

    /// True between messages: where a stream may end.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes of a message that has begun are still to come.
    pub fn awaited(&self) -> usize {
        let prefix: Option<&[u8; PREFIX]> = self.begun.first_chunk();
        prefix.map_or(0, |prefix| {
            (PREFIX + length(*prefix)).saturating_sub(self.len())
        })
    }

    /// The next whole message, `None` until more DATA has come.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` for a message over the limit (before its bytes are
    /// waited for), `INTERNAL` for a prefix that cannot be read.
    pub fn next_message(&mut self) -> Result<Option<Framed>, Status> {
        if self.begun.is_empty() {
            let whole = self.whole(&self.chunk)?;
            if let Some(whole) = whole {
                let mut bytes = self.chunk.split_to(whole);
                let compressed = bytes[0] == 1;
                bytes.advance(PREFIX);
                return Ok(Some(Framed {
                    compressed,
                    bytes,
                    is_kept: false,
                }));
            }
            self.keep();
            return Ok(None);
        }
        // The rest of the one that has begun, and no more than that.
        self.fill(PREFIX);
        if let Some(prefix) = self.begun.first_chunk() {
            let size = PREFIX + length(*prefix);
            self.whole(&self.begun)?;
            self.fill(size);
        }
        let Some(whole) = self.whole(&self.begun)? else {
            return Ok(None);
        };
        let compressed = self.begun[0] == 1;
        let mut bytes = self.begun.split_to(whole).freeze();
        bytes.advance(PREFIX);
        if self.begun.is_empty() {
            self.begun = BytesMut::new();
        }
        Ok(Some(Framed {
            compressed,
            bytes,
            is_kept: true,
        }))
    }

    /// Moves bytes of the chunk until `wanted` are together, or all there are.
    fn fill(&mut self, wanted: usize) {
        let missing = wanted.saturating_sub(self.begun.len());
        let part = self.chunk.split_to(missing.min(self.chunk.len()));
        self.begun.extend_from_slice(&part);
    }

    /// How many of these bytes are a message and its prefix.
    fn whole(&self, bytes: &[u8]) -> Result<Option<usize>, Status> {
        let Some(prefix) = bytes.first_chunk() else {
            return Ok(None);
        };
        let length = length(*prefix);
        self.check_limit(length)?;
        if prefix[0] > 1 {
            return Err(Status::internal(format!(
                "Received a message with the compression flag {}, which is none",
                prefix[0]
            )));
        }
        Ok(Some(PREFIX + length).filter(|size| *size <= bytes.len()))
    }

    fn check_limit(&self, length: usize) -> Result<(), Status> {
        match self.limit {
            Some(limit) if length > limit => Err(Status::new(
                Code::RESOURCE_EXHAUSTED,
                format!("Received message larger than max ({length} vs {limit})"),
            )),
            _ => Ok(()),
        }
    }

    /// The message itself. Expands no further than to what shows that it is too much: a
    /// small message must not be able to fill the memory.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` for a message over the limit, `INTERNAL` for compressed data
    /// that cannot be read, and what was chosen for an unknown encoding.
    pub fn open(&self, message: Framed) -> Result<Bytes, Status> {
        let Framed {
            compressed, bytes, ..
        } = message;
        if !compressed {
            return Ok(bytes);
        }
        let most = self.limit.map_or(u64::MAX, |limit| limit as u64 + 1);
        let expanded = self.encoding.expand(&bytes, most, self.unknown)?;
        if self.limit.is_some_and(|limit| expanded.len() > limit) {
            return Err(Status::new(
                Code::RESOURCE_EXHAUSTED,
                format!(
                    "Received message larger than max (more than {} once it is expanded)",
                    expanded.len() - 1
                ),
            ));
        }
        Ok(expanded.into())
    }
}

/// What the prefix of a message says of it.
fn length([_flag, length @ ..]: [u8; PREFIX]) -> usize {
    u32::from_be_bytes(length) as usize
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
        let mut framed = vec![flag];
        framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        framed.extend(message);
        framed
    }

    fn plain(limit: Option<usize>) -> Decoder {
        Decoder::new(limit, Encoding::Identity, Code::INTERNAL)
    }

    #[test]
    fn messages_are_the_same_however_the_bytes_are_cut() {
        let messages: [&[u8]; 4] = [b"", b"a", b"hello world", &[7; 300]];
        let stream: Vec<u8> = messages.iter().flat_map(|m| frame(0, m)).collect();
        for size in 1..=stream.len() {
            let mut decoder = plain(None);
            let mut found = Vec::new();
            for (number, part) in stream.chunks(size).enumerate() {
                decoder.push(Bytes::copy_from_slice(part));
                // Whether or not what is here had to wait.
                if number % 3 == 2 {
                    decoder.keep();
                }
                while let Some(message) = decoder.next_message().unwrap() {
                    found.push(decoder.open(message).unwrap());
                }
            }
            assert_eq!(found, messages, "cut every {size} bytes");
            assert!(decoder.is_empty());
        }
    }

    #[test]
    fn a_message_over_the_limit_fails_before_its_bytes_arrive() {
        let mut decoder = plain(Some(10));
        decoder.push(Bytes::from_static(&[0, 0, 0, 0, 11]));
        let status = decoder.next_message().unwrap_err();
        assert_eq!(status.code, Code::RESOURCE_EXHAUSTED);
        assert!(status.details.contains("(11 vs 10)"), "{}", status.details);
    }

    #[test]
    fn a_message_that_expands_past_the_limit_is_refused() {
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        zipped.write_all(&vec![0; 100_000]).unwrap();
        let framed = Bytes::from(frame(1, &zipped.finish().unwrap()));
        let read = |limit| {
            let mut decoder = Decoder::new(Some(limit), Encoding::Gzip, Code::INTERNAL);
            decoder.push(framed.clone());
            let message = decoder.next_message()?.unwrap();
            decoder.open(message)
        };
        assert_eq!(read(100_000).unwrap().len(), 100_000);
        assert_eq!(read(99_999).unwrap_err().code, Code::RESOURCE_EXHAUSTED);
    }

    #[test]
    fn a_compressed_message_needs_an_encoding() {
        let mut decoder = plain(None);
        decoder.push(Bytes::from(frame(1, b"x")));
        let message = decoder.next_message().unwrap().unwrap();
        assert_eq!(decoder.open(message).unwrap_err().code, Code::INTERNAL);
    }

    #[test]
    fn what_is_missing_of_a_message_is_known() {
        let mut decoder = plain(None);
        let framed = frame(0, &[7; 100]);
        for (part, awaited) in [(0..3, 0), (3..5, 100), (5..50, 55)] {
            decoder.push(Bytes::copy_from_slice(&framed[part]));
            assert!(decoder.next_message().unwrap().is_none());
            assert_eq!(decoder.awaited(), awaited);
        }
        decoder.push(Bytes::copy_from_slice(&framed[50..]));
        assert!(decoder.next_message().unwrap().is_some());
        assert!(decoder.is_empty() && decoder.awaited() == 0);
    }

    #[test]
    fn what_waits_holds_nothing_but_its_own_bytes() {
        let mut decoder = plain(None);
        let large = Bytes::from(vec![0; 1 << 20]);
        decoder.push(large.slice(..20));
        decoder.keep();
        decoder.push(large.slice(20..40));
        decoder.keep();
        assert_eq!(decoder.len(), 40);
        assert!(
            large.is_unique(),
            "the buffer that the bytes came in is free"
        );
        let mut decoder = plain(None);
        let zeros = Bytes::from(vec![0; 1 << 20]);
        decoder.push(zeros.slice(..=PREFIX));
        let mut message = decoder.next_message().unwrap().unwrap();
        assert!(decoder.next_message().unwrap().is_none());
        message.keep();
        drop(decoder);
        assert!(zeros.is_unique(), "and so is that of a message");
    }
}
