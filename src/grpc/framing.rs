//! gRPC's length-prefixed messages, cut out of the DATA frames they come in.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use super::encoding::Encoding;
use super::status::{Code, Status};

/// Bytes before each message: a compression flag and a big-endian u32 length.
pub const PREFIX: usize = 5;

/// Collects DATA and gives back whole messages. A message that lies in one
/// DATA frame, the usual case, is not copied.
pub struct Decoder {
    chunks: VecDeque<Bytes>,
    available: usize,
    limit: Option<usize>,
    encoding: Encoding,
    unknown: Code,
}

impl Decoder {
    /// `limit` is the largest message accepted, in bytes, compressed or not; `unknown`
    /// what a message in an encoding that is not read fails with.
    pub fn new(limit: Option<usize>, encoding: Encoding, unknown: Code) -> Self {
        Self {
            chunks: VecDeque::new(),
            available: 0,
            limit,
            encoding,
            unknown,
        }
    }

    /// Adds what a DATA frame carried.
    pub fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.available += chunk.len();
            self.chunks.push_back(chunk);
        }
    }

    /// True between messages: where a stream may end.
    pub fn is_empty(&self) -> bool {
        self.available == 0
    }

    /// The next whole message, `None` until more DATA has come.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` for a message over the limit (before its bytes are
    /// waited for), `INTERNAL` for a prefix or compressed data that cannot be read, and
    /// what was chosen for an unknown encoding.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((flag, length)) = self.peek_prefix() else {
            return Ok(None);
        };
        self.check_limit(length)?;
        if flag > 1 {
            return Err(Status::internal(format!(
                "Received a message with the compression flag {flag}, which is none"
            )));
        }
        if self.available < PREFIX + length {
            return Ok(None);
        }
        self.take(PREFIX);
        let message = self.take(length);
        if flag == 1 {
            return self.expand(&message).map(Some);
        }
        Ok(Some(message))
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

    fn peek_prefix(&self) -> Option<(u8, usize)> {
        let mut prefix = [0; PREFIX];
        let mut filled = 0;
        for chunk in &self.chunks {
            let part = chunk.len().min(PREFIX - filled);
            prefix[filled..filled + part].copy_from_slice(&chunk[..part]);
            filled += part;
            if filled == PREFIX {
                let [flag, length @ ..] = prefix;
                return Some((flag, u32::from_be_bytes(length) as usize));
            }
        }
        None
    }

    /// Takes `length` bytes that are known to be there.
    fn take(&mut self, length: usize) -> Bytes {
        self.available -= length;
        if let Some(front) = self.chunks.front_mut()
            && front.len() >= length
        {
            let taken = front.split_to(length);
            if front.is_empty() {
                self.chunks.pop_front();
            }
            return taken;
        }
        let mut joined = BytesMut::with_capacity(length);
        while joined.len() < length {
            let Some(front) = self.chunks.front_mut() else {
                break;
            };
            let part = front.len().min(length - joined.len());
            joined.extend_from_slice(&front[..part]);
            front.advance(part);
            if front.is_empty() {
                self.chunks.pop_front();
            }
        }
        joined.freeze()
    }

    /// Expands no further than to what shows that it is too much: a small message
    /// must not be able to fill the memory.
    fn expand(&self, message: &[u8]) -> Result<Bytes, Status> {
        let most = self.limit.map_or(u64::MAX, |limit| limit as u64 + 1);
        let expanded = self.encoding.expand(message, most, self.unknown)?;
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
            for part in stream.chunks(size) {
                decoder.push(Bytes::copy_from_slice(part));
                while let Some(message) = decoder.next_message().unwrap() {
                    found.push(message);
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
            decoder.next_message()
        };
        assert_eq!(read(100_000).unwrap().map(|m| m.len()), Some(100_000));
        assert_eq!(read(99_999).unwrap_err().code, Code::RESOURCE_EXHAUSTED);
    }

    #[test]
    fn a_compressed_message_needs_an_encoding() {
        let mut decoder = plain(None);
        decoder.push(Bytes::from(frame(1, b"x")));
        assert_eq!(decoder.next_message().unwrap_err().code, Code::INTERNAL);
    }
}
