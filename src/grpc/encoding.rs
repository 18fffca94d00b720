//! What messages are compressed with: read, never written.

use std::io::{self, Read};

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use super::status::{Code, Status};

/// What a peer may compress with when it sends to us.
pub const ACCEPTED: HeaderValue = HeaderValue::from_static("identity,deflate,gzip");
/// See [`ACCEPTED`].
pub const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
/// What the messages that follow are compressed with.
pub const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// So much of an unknown encoding's name is told.
const NAME: usize = 32;

/// What those messages of a stream are compressed with that say they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// None was named.
    Identity,
    /// RFC 1952, in one or several members.
    Gzip,
    /// RFC 1950, zlib's format, which HTTP calls so.
    Deflate,
    /// One that is not read here.
    Unknown(String),
}

impl Encoding {
    /// What the headers of a stream name.
    pub fn of(headers: &HeaderMap) -> Self {
        match headers.get(GRPC_ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => Self::Identity,
            Some(b"gzip") => Self::Gzip,
            Some(b"deflate") => Self::Deflate,
            Some(name) => {
                Self::Unknown(String::from_utf8_lossy(&name[..name.len().min(NAME)]).into_owned())
            }
        }
    }

    /// The first `most` bytes of a message, whatever it would expand to.
    ///
    /// # Errors
    /// `unknown` for an encoding that is not read here, `INTERNAL` for bytes that
    /// are not what they are said to be.
    pub fn expand(&self, message: &[u8], most: u64, unknown: Code) -> Result<Vec<u8>, Status> {
        let read = |from: &mut dyn Read| -> io::Result<Vec<u8>> {
            let mut expanded = Vec::new();
            from.take(most).read_to_end(&mut expanded)?;
            Ok(expanded)
        };
        let (name, result) = match self {
            Self::Gzip => ("gzip", read(&mut MultiGzDecoder::new(message))),
            Self::Deflate => ("deflate", read(&mut ZlibDecoder::new(message))),
            Self::Identity => {
                return Err(Status::internal(
                    "Received a compressed message, and no grpc-encoding says how",
                ));
            }
            Self::Unknown(name) => {
                return Err(Status::new(
                    unknown,
                    format!(
                        "Received a message with the unsupported encoding {name:?}: identity, \
                         deflate and gzip are supported"
                    ),
                ));
            }
        };
        result.map_err(|error| Status::internal(format!("Received bad {name} data: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    const ALL: u64 = u64::MAX;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_compressed_is_read() {
        let data = vec![7; 100_000];
        for (encoding, message) in [
            (Encoding::Gzip, gzip(&data)),
            (Encoding::Deflate, deflate(&data)),
            (
                Encoding::Gzip,
                [gzip(&data[..1]), gzip(&data[1..])].concat(),
            ),
        ] {
            assert_eq!(
                encoding.expand(&message, ALL, Code::INTERNAL).unwrap(),
                data
            );
        }
    }

    #[test]
    fn no_more_is_expanded_than_was_asked_for() {
        let many = gzip(&[0; 1000]).repeat(100);
        for (encoding, message) in [
            (Encoding::Gzip, gzip(&vec![0; 10_000_000])),
            (Encoding::Gzip, many),
            (Encoding::Deflate, deflate(&vec![0; 10_000_000])),
        ] {
            let expanded = encoding.expand(&message, 5001, Code::INTERNAL).unwrap();
            assert_eq!(expanded.len(), 5001);
        }
    }

    #[test]
    fn what_is_none_is_told() {
        for encoding in [Encoding::Gzip, Encoding::Deflate] {
            let status = encoding
                .expand(b"nonsense", ALL, Code::INTERNAL)
                .unwrap_err();
            assert_eq!(status.code, Code::INTERNAL);
        }
        let mut headers = HeaderMap::new();
        headers.insert(GRPC_ENCODING, HeaderValue::from_static("br"));
        let status = Encoding::of(&headers)
            .expand(b"", ALL, Code::UNIMPLEMENTED)
            .unwrap_err();
        assert_eq!(status.code, Code::UNIMPLEMENTED);
        assert!(status.details.contains("\"br\""), "{}", status.details);
    }
}
