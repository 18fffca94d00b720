//! Metadata between HTTP/2 headers and plain (key, bytes) entries.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::status::{Code, Status};

/// Peers send base64 with and without padding: both are read, none is written.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The W3C's header for the trace of a call.
const TRACE: &str = "traceparent";

/// Headers that belong to gRPC or to HTTP, and never reach the application, nor come
/// from it. `lib/grpc/metadata.js` has the same list, and refuses them by name.
fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "te" | "content-type"
            | "grpc-timeout"
            | "grpc-encoding"
            | "grpc-accept-encoding"
            | "grpc-message-type"
            | "grpc-status"
            | "grpc-message"
            | "connection"
            | "keep-alive"
            | "proxy-connection"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
            | "content-length"
            | "host"
    )
}

/// What HTTP/2 counts for an entry beside its name and its value (RFC 9113, 6.5.2).
const ENTRY: usize = 32;

/// The size of a header list, as HTTP/2 counts it.
pub fn weight(headers: &HeaderMap) -> usize {
    let entries = headers.iter();
    entries
        .map(|(name, value)| name.as_str().len() + value.len() + ENTRY)
        .sum()
}

/// Largest header list received by default, in bytes: what Node's own HTTP/2 allows.
pub const MAX_METADATA: usize = 64 << 10;

/// Above this h2 refuses a header list itself, without a word of which entry it is, and
/// keeps no more of it. A peer is told this limit.
pub fn hard_limit(most: usize) -> u32 {
    u32::try_from(most.saturating_add(HARDER)).unwrap_or(u32::MAX)
}

const HARDER: usize = 16 << 10;

/// What is said of a header list that is larger than `most` bytes.
pub fn too_large(headers: &HeaderMap, most: usize) -> Status {
    too_much(headers, most, "Received metadata larger than max")
}

/// What is said of one that a peer would not accept.
pub fn too_large_to_send(headers: &HeaderMap, most: usize) -> Status {
    too_much(headers, most, "Metadata larger than the peer accepts")
}

/// Names the heaviest key.
fn too_much(headers: &HeaderMap, most: usize, what: &str) -> Status {
    let of = |name: &HeaderName| -> usize {
        let values = headers.get_all(name).iter();
        values
            .map(|value| name.as_str().len() + value.len() + ENTRY)
            .sum()
    };
    let sizes = headers.keys().map(|name| (of(name), name.as_str()));
    let (bytes, name) = sizes.max().unwrap_or_default();
    let all = weight(headers);
    let details = format!("{what} ({all} vs {most} bytes): {name} alone has {bytes} of them");
    Status::new(Code::RESOURCE_EXHAUSTED, details)
}

/// Calls `each` for every entry that the application may see. Values of `-bin`
/// keys are decoded; one that is not base64 is left out.
pub fn for_each(headers: &HeaderMap, mut each: impl FnMut(&str, &[u8])) {
    for (name, value) in headers {
        let name = name.as_str();
        if is_reserved(name) {
            continue;
        }
        if !name.ends_with("-bin") {
            each(name, value.as_bytes());
            continue;
        }
        // One header line may carry several values (RFC 7230, 3.2.2).
        for part in value.as_bytes().split(|byte| *byte == b',') {
            if let Ok(bytes) = BASE64.decode(part.trim_ascii()) {
                each(name, &bytes);
            }
        }
    }
}

/// Adds one entry of the application.
///
/// # Errors
/// The text says which key or value cannot be sent, and why.
pub fn append(headers: &mut HeaderMap, key: &[u8], value: &[u8]) -> Result<(), String> {
    let name = HeaderName::from_bytes(key).map_err(|_| {
        format!(
            "metadata key {:?} is not valid",
            String::from_utf8_lossy(key)
        )
    })?;
    if is_reserved(name.as_str()) {
        return Err(format!("metadata key {name} is reserved by gRPC or HTTP/2"));
    }
    let encoded: Cow<[u8]> = if name.as_str().ends_with("-bin") {
        BASE64.encode(value).into_bytes().into()
    } else {
        value.into()
    };
    let mut value = HeaderValue::from_bytes(&encoded)
        .map_err(|_| format!("the metadata value of {name} has characters that cannot be sent"))?;
    // Different in each call: in HPACK's table it would take the place of what
    // comes again.
    value.set_sensitive(name.as_str() == TRACE);
    headers
        .try_append(name, value)
        .map_err(|_| "too many metadata entries".to_owned())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        for_each(headers, |key, value| {
            found.push((key.to_owned(), value.to_vec()));
        });
        found
    }

    #[test]
    fn entries_come_back_as_they_were_given() {
        let mut headers = HeaderMap::new();
        append(&mut headers, b"room", b"r1").unwrap();
        append(&mut headers, b"room", b"r2").unwrap();
        append(&mut headers, b"blob-bin", &[0, 255, 10]).unwrap();
        assert_eq!(
            entries(&headers),
            [
                ("room".to_owned(), b"r1".to_vec()),
                ("room".to_owned(), b"r2".to_vec()),
                ("blob-bin".to_owned(), vec![0, 255, 10]),
            ]
        );
    }

    #[test]
    fn of_a_list_that_is_too_large_the_heaviest_key_is_named() {
        let mut headers = HeaderMap::new();
        append(&mut headers, b"room", &[b'x'; 50]).unwrap();
        for _ in 0..3 {
            append(&mut headers, b"user", &[b'y'; 10]).unwrap();
        }
        assert_eq!(weight(&headers), 4 + 50 + 32 + 3 * (4 + 10 + 32));
        let status = too_large(&headers, 100);
        assert_eq!(status.code, Code::RESOURCE_EXHAUSTED);
        assert!(
            status
                .details
                .contains("(224 vs 100 bytes): user alone has 138"),
            "{}",
            status.details
        );
    }

    #[test]
    fn several_binary_values_may_share_a_line_with_or_without_padding() {
        let mut headers = HeaderMap::new();
        headers.insert("x-bin", HeaderValue::from_static("AQ==, Ag"));
        assert_eq!(
            entries(&headers),
            [("x-bin".to_owned(), vec![1]), ("x-bin".to_owned(), vec![2])]
        );
    }

    #[test]
    fn a_bad_key_or_value_is_named() {
        let mut headers = HeaderMap::new();
        assert!(
            append(&mut headers, b"a b", b"x")
                .unwrap_err()
                .contains("a b")
        );
        assert!(
            append(&mut headers, b"te", b"x")
                .unwrap_err()
                .contains("te")
        );
        assert!(append(&mut headers, b"k", b"\n").unwrap_err().contains('k'));
    }

    #[test]
    fn of_keys_that_begin_with_grpc_only_those_of_the_protocol_are_reserved() {
        let mut headers = HeaderMap::new();
        for key in ["grpc-status-details-bin", "grpc-tags-bin"] {
            append(&mut headers, key.as_bytes(), b"v").unwrap();
            headers.insert("grpc-message-type", HeaderValue::from_static("T"));
            assert_eq!(entries(&headers), [(key.to_owned(), b"v".to_vec())]);
            headers.clear();
        }
        for key in ["grpc-status", "grpc-message", "connection", "host"] {
            let why = append(&mut headers, key.as_bytes(), b"v").unwrap_err();
            assert!(why.contains(key), "{why}");
        }
    }
}
