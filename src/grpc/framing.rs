//! gRPC's length-prefixed messages, cut out of the DATA frames they come in.

use std::collections::VecDeque;
use std::io::Read as _;

use bytes::{Buf, Bytes, BytesMut};
use flate2::read::GzDecoder;

use super::status::{Code, Status};

/// Bytes before each message: a compression flag and a big-endian u32 length.
pub const PREFIX: usize = 5;

/// Collects DATA and gives back whole messages. A message that lies in one
/// DATA frame, the usual case, is not copied.
pub struct Decoder {
    chunks: VecDeque<Bytes>,
    available: usize,
    limit: Option<usize>,
    gzip: bool,
}

impl Decoder {
    /// `limit` is the largest message accepted, in bytes, compressed or not.
    pub fn new(limit: Option<usize>, gzip: bool) -> Self {
        Self {
            chunks: VecDeque::new(),
            available: 0,
            limit,
            gzip,
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
    /// waited for), `INTERNAL` for a prefix or gzip data that cannot be read.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((flag, length)) = self.peek_prefix() else {
            return Ok(None);
        };
        self.check_limit(length)?;
        if flag > 1 || (flag == 1 && !self.gzip) {
            return Err(Status::internal(format!(
                "Received a message with compression flag {flag}, but no known grpc-encoding"
            )));
        }
        if self.available < PREFIX + length {
            return Ok(None);
        }
        self.take(PREFIX);
        let message = self.take(length);
        if flag == 1 {
            return self.inflate(&message).map(Some);
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

    /// Inflates with the limit applied to the result: a small message must not
    /// be able to fill the memory.
    fn inflate(&self, message: &[u8]) -> Result<Bytes, Status> {
        let most = self.limit.map_or(u64::MAX, |limit| limit as u64 + 1);
        let mut inflated = Vec::new();
        GzDecoder::new(message)
            .take(most)
            .read_to_end(&mut inflated)
            .map_err(|error| Status::internal(format!("Received bad gzip data: {error}")))?;
        self.check_limit(inflated.len())?;
        Ok(inflated.into())
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

    #[test]
    fn messages_are_the_same_however_the_bytes_are_cut() {
        let messages: [&[u8]; 4] = [b"", b"a", b"hello world", &[7; 300]];
        let stream: Vec<u8> = messages.iter().flat_map(|m| frame(0, m)).collect();
        for size in 1..=stream.len() {
            let mut decoder = Decoder::new(None, false);
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
        let mut decoder = Decoder::new(Some(10), false);
        decoder.push(Bytes::from_static(&[0, 0, 0, 0, 11]));
        let status = decoder.next_message().unwrap_err();
        assert_eq!(status.code, Code::RESOURCE_EXHAUSTED);
        assert!(status.details.contains("(11 vs 10)"), "{}", status.details);
    }

    #[test]
    fn gzip_is_read_and_a_bomb_is_not() {
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        zipped.write_all(&vec![0; 100_000]).unwrap();
        let framed = Bytes::from(frame(1, &zipped.finish().unwrap()));
        let mut decoder = Decoder::new(Some(100_000), true);
        decoder.push(framed.clone());
        assert_eq!(
            decoder.next_message().unwrap().map(|m| m.len()),
            Some(100_000)
        );
        let mut decoder = Decoder::new(Some(99_999), true);
        decoder.push(framed);
        assert_eq!(
            decoder.next_message().unwrap_err().code,
            Code::RESOURCE_EXHAUSTED
        );
    }

    #[test]
    fn a_compressed_message_needs_a_known_encoding() {
        let mut decoder = Decoder::new(None, false);
        decoder.push(Bytes::from(frame(1, b"x")));
        assert_eq!(decoder.next_message().unwrap_err().code, Code::INTERNAL);
    }
}
