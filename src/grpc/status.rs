//! How a call ends: the one type that every failure below JS becomes.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write as _;

use h2::Reason;
use http::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue, SERVER};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};

pub use super::code::Code;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// How much of the name of who answered is passed on to a person.
const LONGEST_NAME: usize = 80;

/// What the gRPC specification wants escaped in `grpc-message`; bytes beyond
/// ASCII always are.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// What a text may come to on the wire, in bytes. Peers refuse larger headers, some
/// by letting the call hang: a text that is cut is better than none.
const LONGEST: usize = 4 << 10;

/// The status of a call and the trailing metadata that came with it.
#[derive(Debug, Clone)]
pub struct Status {
    /// The status code.
    pub code: Code,
    /// The text for a person: `details` in JS, `grpc-message` on the wire.
    pub details: String,
    /// Trailing metadata as HTTP/2 headers, reserved ones included.
    pub trailers: HeaderMap,
}

impl Status {
    /// A status without trailing metadata.
    pub fn new(code: Code, details: impl Into<String>) -> Self {
        Self {
            code,
            details: details.into(),
            trailers: HeaderMap::new(),
        }
    }

    /// The peer, or the way to it, cannot take the call now.
    pub fn unavailable(details: impl Into<String>) -> Self {
        Self::new(Code::UNAVAILABLE, details)
    }

    /// Somebody broke the protocol, or this library has a bug.
    pub fn internal(details: impl Into<String>) -> Self {
        Self::new(Code::INTERNAL, details)
    }

    /// Reads the status out of trailers, `None` if they carry none.
    pub fn from_trailers(mut trailers: HeaderMap) -> Option<Self> {
        let value = trailers.remove(GRPC_STATUS)?;
        let parsed = Code::parse(value.as_bytes());
        let code = parsed.unwrap_or(Code::UNKNOWN);
        let details = match trailers.remove(GRPC_MESSAGE) {
            Some(text) => percent_decode(text.as_bytes())
                .decode_utf8_lossy()
                .into_owned(),
            None if parsed.is_none() => {
                format!("The peer's grpc-status is {value:?}, which is no status code")
            }
            None => String::new(),
        };
        Some(Self {
            code,
            details,
            trailers,
        })
    }

    /// What a response that ends without one means: servers have one for each call, and
    /// who stands before them may cut off what is idle.
    pub fn missing() -> Self {
        let text = "The peer ended the call without a status: a balancer's timeout does this";
        Self::new(Code::UNKNOWN, text)
    }

    /// What a response that is not gRPC means, by its HTTP status: it is
    /// most often that of a balancer, which names itself.
    pub fn from_http(response: &Response<()>, what: &str) -> Self {
        let number = response.status().as_u16();
        let code = match number {
            400 => Code::INTERNAL,
            401 => Code::UNAUTHENTICATED,
            403 => Code::PERMISSION_DENIED,
            404 => Code::UNIMPLEMENTED,
            429 | 502 | 503 | 504 => Code::UNAVAILABLE,
            _ => Code::UNKNOWN,
        };
        let from = match response.headers().get(SERVER).map(HeaderValue::as_bytes) {
            Some(name) if !name.is_empty() => {
                let name = &name[..name.len().min(LONGEST_NAME)];
                format!(", from {}", name.escape_ascii())
            }
            _ => String::new(),
        };
        Self::new(code, format!("{what} (HTTP status {number}{from})"))
    }

    /// What a stream that the peer reset means.
    pub fn from_reset(reason: Reason) -> Self {
        match reason {
            Reason::CANCEL => Self::new(Code::CANCELLED, "The peer cancelled the stream"),
            Reason::REFUSED_STREAM => Self::unavailable("The peer refused the stream"),
            Reason::ENHANCE_YOUR_CALM => Self::new(
                Code::RESOURCE_EXHAUSTED,
                "The peer refused the stream: too much at once (ENHANCE_YOUR_CALM)",
            ),
            Reason::INADEQUATE_SECURITY => Self::new(
                Code::PERMISSION_DENIED,
                "The peer refused the stream: inadequate security",
            ),
            other => Self::internal(format!("The peer reset the stream: {other}")),
        }
    }

    /// The trailers that end a response with this status.
    pub fn into_trailers(self) -> HeaderMap {
        let mut trailers = self.trailers;
        trailers.insert(GRPC_STATUS, HeaderValue::from(self.code.number()));
        if !self.details.is_empty() {
            let escaped = escape(&self.details);
            // Escaped text is visible ASCII, so this holds for every details.
            if let Ok(value) = HeaderValue::from_str(&escaped) {
                trailers.insert(GRPC_MESSAGE, value);
            }
        }
        trailers
    }

    /// Leaves of trailers what makes them a status.
    pub fn keep_only(trailers: &mut HeaderMap) {
        let all = std::mem::take(trailers);
        for name in [GRPC_STATUS, GRPC_MESSAGE] {
            if let Some(value) = all.get(&name) {
                trailers.insert(name, value.clone());
            }
        }
    }
}

/// A text as `grpc-message` has it, cut between characters if it is too long.
fn escape(details: &str) -> Cow<'_, str> {
    let escaped: Cow<str> = percent_encode(details.as_bytes(), ESCAPED).into();
    if escaped.len() <= LONGEST {
        return escaped;
    }
    let mut cut = String::with_capacity(LONGEST + 4);
    let mut buffer = [0; 4];
    for character in details.chars() {
        let bytes = character.encode_utf8(&mut buffer).as_bytes();
        let before = cut.len();
        cut.extend(percent_encode(bytes, ESCAPED));
        if cut.len() > LONGEST {
            cut.truncate(before);
            break;
        }
    }
    cut.push_str("...");
    cut.into()
}

/// An error with all its causes, "a: b: c": the outermost text alone seldom says
/// what happened. A cause that repeats the text before it is left out.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_survive_the_wire_whatever_they_contain() {
        for details in ["", "plain", "50 % of Ωmega\r\n\u{1F600}", "a%20b"] {
            let status = Status::new(Code::NOT_FOUND, details);
            let back = Status::from_trailers(status.into_trailers());
            let back = back.map(|status| (status.code, status.details));
            assert_eq!(back, Some((Code::NOT_FOUND, details.to_owned())));
        }
    }

    #[test]
    fn details_that_no_peer_would_take_are_cut_between_characters() {
        for unit in ["x", "%", "\u{1F600}", "aΩ"] {
            let details = unit.repeat(100_000);
            let trailers = Status::new(Code::INTERNAL, &*details).into_trailers();
            assert!(trailers[GRPC_MESSAGE].len() <= LONGEST + 3);
            let back = Status::from_trailers(trailers).map(|status| status.details);
            let back = back.unwrap_or_default();
            let kept = back.strip_suffix("...").unwrap_or_default();
            assert!(details.starts_with(kept) && kept.len() > 300, "{unit}");
        }
    }

    #[test]
    fn what_is_not_grpc_is_told_with_its_author_in_printable_characters() {
        let told = |server: Option<&[u8]>| {
            let mut response = Response::new(());
            *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
            if let Some(name) = server {
                let name = HeaderValue::from_bytes(name).unwrap();
                response.headers_mut().insert(SERVER, name);
            }
            Status::from_http(&response, "Not gRPC").details
        };
        assert_eq!(told(None), "Not gRPC (HTTP status 413)");
        assert_eq!(told(Some(b"")), "Not gRPC (HTTP status 413)");
        assert_eq!(
            told(Some(b"nginx/1.22.1")),
            "Not gRPC (HTTP status 413, from nginx/1.22.1)"
        );
        let odd = told(Some(&b"\xff\t".repeat(5000)));
        assert!(odd.is_ascii() && odd.len() < 400, "{odd}");
    }

    #[test]
    fn trailers_without_a_status_are_no_status() {
        assert!(Status::from_trailers(HeaderMap::new()).is_none());
    }
}
