//! The way through an HTTP proxy: CONNECT, before TLS and HTTP/2 begin. The
//! target's name goes to the proxy as it is; resolving it is the proxy's.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::uri::Authority;
use httparse::{EMPTY_HEADER, ParserConfig, Status as Parsed};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::target::Target;

/// What a proxy's answer may have in front of the tunnel's own bytes.
const MAX_HEAD: usize = 8 << 10;
/// Header fields of an answer; more are no answer.
const MAX_FIELDS: usize = 100;
/// Enough bytes to see whether they are HTTP/1: `HTTP/1.1 200 OK`.
const BEGINNING: usize = 16;
/// Where squid says why.
const SQUID_ERROR: &str = "X-Squid-Error";
/// How much of what a proxy says is passed on to a person.
const SHOWN: usize = 80;

/// A proxy, and who we are to it. Neither `Debug` nor `Display` shows the latter.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    address: Target,
    /// The value of Proxy-Authorization.
    authorization: Option<String>,
}

impl Proxy {
    /// A proxy at an address. Credentials are `user:password`, as they are.
    pub fn new(address: Target, credentials: Option<&str>) -> Self {
        let authorization = credentials.map(|text| format!("Basic {}", BASE64.encode(text)));
        Self {
            address,
            authorization,
        }
    }

    /// Where the proxy listens.
    pub fn address(&self) -> &Target {
        &self.address
    }

    fn request(&self, to: &Target) -> Result<String, String> {
        let authority: Authority = to
            .to_string()
            .parse()
            .map_err(|error| format!("cannot be asked for a host that no URI can name: {error}"))?;
        let authorization = match &self.authorization {
            Some(value) => format!("Proxy-Authorization: {value}\r\n"),
            None => String::new(),
        };
        Ok(format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n"
        ))
    }

    /// Asks for a tunnel on a stream to the proxy. Takes not one byte more than
    /// the proxy's answer: what follows is the target's, and it may speak first.
    ///
    /// # Errors
    /// What the proxy did instead, as the end of a sentence about the proxy.
    pub async fn tunnel<S>(&self, mut stream: S, to: &Target) -> Result<S, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let request = self.request(to)?;
        let closed = |error: &std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "closed the connection before its answer".into(),
            _ => format!("closed the connection: {error}"),
        };
        stream
            .write_all(request.as_bytes())
            .await
            .map_err(|error| closed(&error))?;
        stream.flush().await.map_err(|error| closed(&error))?;

        let mut head = Vec::with_capacity(256);
        for _ in 0..MAX_HEAD {
            // One by one costs less than it looks, once per connection.
            head.push(stream.read_u8().await.map_err(|error| closed(&error))?);
            if head.len() > BEGINNING && !head.ends_with(b"\n\r\n") && !head.ends_with(b"\n\n") {
                continue;
            }
            match parse(&head) {
                Ok(None) => {}
                Ok(Some((200..300, _))) => return Ok(stream),
                // An interim response: the answer is still to come.
                Ok(Some((100 | 102..200, _))) => head.clear(),
                Ok(Some((code, said))) => return Err(self.refused(code, &said)),
                Err(error) => {
                    let said = first_line(head, &mut stream).await;
                    return Err(format!(
                        "does not speak HTTP/1, check host and port: it said \"{said}\" ({error})"
                    ));
                }
            }
        }
        Err(format!("sent more than {MAX_HEAD} bytes of headers"))
    }

    fn refused(&self, code: u16, said: &str) -> String {
        let did = match code {
            // It has tried, and the target or the way to it is at fault.
            500..600 => "could not connect to the target",
            _ => "refused",
        };
        // 401 is what tinyproxy says for 407.
        let hint = match (code, &self.authorization) {
            (401 | 407, None) => ": it wants a user and a password",
            (401 | 407, Some(_)) => ": it does not accept the user and the password it was given",
            _ => "",
        };
        format!("{did}: {said}{hint}")
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.address)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// Status code, and what was said with it; `None` while the head is not complete.
fn parse(head: &[u8]) -> Result<Option<(u16, String)>, httparse::Error> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let mut config = ParserConfig::default();
    // Of all else the status line counts.
    config.ignore_invalid_headers_in_responses(true);
    let parsed = config.parse_response(&mut response, head)?;
    let (Parsed::Complete(_), Some(code)) = (parsed, response.code) else {
        return Ok(None);
    };
    let version = response.version.unwrap_or_default();
    let reason = response.reason.unwrap_or_default();
    let reason: String = reason.chars().take(SHOWN).collect();
    let mut said = format!("HTTP/1.{version} {code} {reason}");
    said.truncate(said.trim_end().len());
    let mut fields = response.headers.iter();
    if let Some(why) = fields.find(|field| field.name.eq_ignore_ascii_case(SQUID_ERROR)) {
        let why = &why.value[..why.value.len().min(SHOWN)];
        said = format!("{said} ({SQUID_ERROR}: {})", why.escape_ascii());
    }
    Ok(Some((code, said)))
}

/// What a peer says, as far as it has arrived, in printable characters.
async fn first_line(mut said: Vec<u8>, stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut more = [0; SHOWN];
    tokio::select! {
        biased;
        read = stream.read(&mut more) => said.extend(&more[..read.unwrap_or(0)]),
        () = std::future::ready(()) => {}
    }
    said.truncate(SHOWN);
    let line = said.trim_ascii_start().split(|byte| *byte == b'\n').next();
    line.unwrap_or_default()
        .trim_ascii_end()
        .escape_ascii()
        .to_string()
}

/// A channel's way through its proxy: the proxy, and whether the attempt to
/// connect that is under way still waits for it. Shared by the channel's task
/// and the calls that wait for a connection.
pub struct Via {
    /// The proxy.
    pub proxy: Proxy,
    answered: AtomicBool,
}

impl Via {
    /// A way that has not been tried.
    pub fn new(proxy: Proxy) -> Self {
        let answered = AtomicBool::new(false);
        Self { proxy, answered }
    }

    /// An attempt begins, or the proxy has said yes or no.
    pub fn set_answered(&self, answered: bool) {
        self.answered.store(answered, Ordering::Relaxed);
    }

    /// The sentence for a call that has waited that long, if for the proxy's answer.
    pub fn silence(&self, target: &Target, waited: Duration) -> Option<String> {
        (!self.answered.load(Ordering::Relaxed)).then(|| {
            format!(
                "No connection established to {target}: the proxy {} did not answer within {} ms",
                self.proxy,
                waited.as_millis()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    fn proxy(credentials: Option<&str>) -> Proxy {
        Proxy::new("10.0.0.1:3128".parse().unwrap(), credentials)
    }

    /// Asks a proxy that gives this answer, in pieces of this size, and closes.
    /// Gives what it was asked, and how it ended: with what came after the head.
    async fn ask(
        proxy: &Proxy,
        target: &str,
        answer: &[u8],
        piece: usize,
    ) -> (String, Result<Vec<u8>, String>) {
        let (ours, mut theirs) = duplex(64);
        let target = target.parse().unwrap();
        let asking = async {
            let mut stream = proxy.tunnel(ours, &target).await?;
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            Ok(rest)
        };
        let answering = async {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(theirs.read_u8().await.unwrap());
            }
            for part in answer.chunks(piece) {
                if theirs.write_all(part).await.is_err() {
                    break;
                }
            }
            drop(theirs);
            String::from_utf8(asked).unwrap()
        };
        let (ended, asked) = tokio::join!(asking, answering);
        (asked, ended)
    }

    async fn failure(answer: &[u8]) -> String {
        ask(&proxy(None), "h:80", answer, 1000).await.1.unwrap_err()
    }

    #[tokio::test]
    async fn the_request_names_the_target_as_it_was_given() {
        let ok = b"HTTP/1.1 200 OK\r\n\r\n";
        for target in ["a.example:80", "127.0.0.1:1", "[fd00::5]:65535"] {
            let (asked, _) = ask(&proxy(None), target, ok, 9).await;
            let expected = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
            assert_eq!(asked, expected);
        }
        let (asked, _) = ask(&proxy(Some("me:se:cret")), "h:80", ok, 9).await;
        assert!(asked.ends_with("\r\nProxy-Authorization: Basic bWU6c2U6Y3JldA==\r\n\r\n"));
    }

    #[tokio::test]
    async fn what_follows_the_head_is_the_targets_however_it_arrives() {
        let after = b"\n\r\n\r\nHTTP/1.1 500 \0\xff".repeat(20);
        for head in [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200\n\n",
            "HTTP/1.1 204 No Content\r\nVia: x\r\nnot a header\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\n",
        ] {
            for piece in [1, 7, 64, 10_000] {
                let answer = [head.as_bytes(), &after].concat();
                let (_, rest) = ask(&proxy(None), "h:80", &answer, piece).await;
                assert_eq!(rest.as_ref(), Ok(&after), "{head:?} by {piece}");
            }
        }
    }

    #[tokio::test]
    async fn a_refusal_says_what_the_proxy_said() {
        assert_eq!(
            failure(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nbody").await,
            "could not connect to the target: HTTP/1.1 502 Bad Gateway"
        );
        assert_eq!(
            failure(b"HTTP/1.0 403\r\n\r\n").await,
            "refused: HTTP/1.0 403"
        );
        assert_eq!(
            failure(b"HTTP/1.1 407 Who?\r\n\r\n").await,
            "refused: HTTP/1.1 407 Who?: it wants a user and a password"
        );
        for code in [401, 407] {
            let answer = format!("HTTP/1.1 {code} No\r\n\r\n");
            let (_, ended) = ask(&proxy(Some("a:b")), "h:80", answer.as_bytes(), 5).await;
            assert_eq!(
                ended.unwrap_err(),
                format!(
                    "refused: HTTP/1.1 {code} No: it does not accept the user and the password \
                     it was given"
                )
            );
        }
        assert_eq!(
            failure(b"HTTP/1.1 503 No\r\nx-squid-error: ERR_DNS_FAIL 0\r\n\r\n").await,
            "could not connect to the target: HTTP/1.1 503 No (X-Squid-Error: ERR_DNS_FAIL 0)"
        );
        let long = format!("HTTP/1.1 500 {}\r\n\r\n", "x".repeat(5000));
        assert!(failure(long.as_bytes()).await.len() < 140);
    }

    #[tokio::test]
    async fn what_is_no_answer_is_named() {
        for (answer, expected) in [
            (&b""[..], "closed the connection before its answer"),
            (
                b"HTTP/1.1 200 OK\r\n",
                "closed the connection before its answer",
            ),
            (
                b"SSH-2.0-x\r\nmore",
                r#"it said "SSH-2.0-x" (invalid HTTP version)"#,
            ),
            (
                b"\x15\x03\x03\0\x02\x02\x46",
                r#"it said "\x15\x03\x03\x00\x02\x02F""#,
            ),
            (b"HTTP/1.1 OK\r\n", r#"it said "HTTP/1.1 OK""#),
            (
                b"\0\0\x12\x04",
                "does not speak HTTP/1, check host and port",
            ),
        ] {
            let said = failure(answer).await;
            assert!(said.contains(expected), "{answer:?}: {said}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off() {
        let fields = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(10_000));
        assert_eq!(
            failure(fields.as_bytes()).await,
            "sent more than 8192 bytes of headers"
        );
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
        assert_eq!(
            failure(interim.as_bytes()).await,
            "sent more than 8192 bytes of headers"
        );
        let blank = "\n".repeat(10_000);
        assert_eq!(
            failure(blank.as_bytes()).await,
            "sent more than 8192 bytes of headers"
        );
    }

    #[test]
    fn a_host_that_no_uri_can_name_is_never_written() {
        for target in ["a\0b:80", "b\u{fc}cher.example:80", "a?b:80", "a#b:80"] {
            let request = proxy(None).request(&target.parse().unwrap());
            assert!(
                request.is_err_and(|why| why.contains("no URI can name")),
                "{target}"
            );
        }
    }

    #[test]
    fn credentials_tell_proxies_apart_and_are_never_shown() {
        let secret = proxy(Some("me:secret"));
        assert_ne!(secret, proxy(Some("me:other")));
        assert_ne!(secret, proxy(None));
        assert_eq!(secret, proxy(Some("me:secret")));
        assert_eq!(format!("{secret}"), "http://10.0.0.1:3128");
        assert_eq!(format!("{secret:?}"), "Proxy(http://10.0.0.1:3128)");
    }

    #[test]
    fn silence_is_the_proxys_until_it_has_answered() {
        let via = Via::new(proxy(Some("me:secret")));
        let target = "h:80".parse().unwrap();
        let two = Duration::from_secs(2);
        assert_eq!(
            via.silence(&target, two).as_deref(),
            Some(
                "No connection established to h:80: the proxy http://10.0.0.1:3128 did not answer \
                 within 2000 ms"
            )
        );
        via.set_answered(true);
        assert_eq!(via.silence(&target, two), None);
    }
}
