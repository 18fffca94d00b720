//! A stream of bytes that remembers how its peer began to speak, so that a peer that
//! does not speak HTTP/2 can be named instead of "frame with invalid size".

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::keepalive::Heard;
use super::settings::{FirstFrame, Told};
use crate::tls::asked::Asked;
use crate::tls::handshake::{self, Secured};

const TLS_HANDSHAKE: u8 = 0x16;
const TLS_ALERT: u8 = 0x15;

/// What the first bytes from a peer were. Shared between the stream, which h2
/// owns, and whoever has to explain a failure.
#[derive(Clone, Default)]
pub struct Greeting {
    first: Arc<OnceLock<[u8; 8]>>,
    refusal: Arc<OnceLock<String>>,
    asked: Option<Asked>,
    certificate: Option<Arc<[u8]>>,
    heard: Heard,
    max_metadata: Arc<OnceLock<u32>>,
}

impl Greeting {
    fn see(&self, bytes: &[u8]) {
        self.first.get_or_init(|| {
            let mut first = [0; 8];
            let seen = bytes.len().min(first.len());
            first[..seen].copy_from_slice(&bytes[..seen]);
            first
        });
    }

    /// Why a failed connection failed, if the first bytes tell.
    pub fn explain(&self) -> Option<&'static str> {
        let first = self.first.get()?;
        if first.starts_with(b"HTTP/1") {
            return Some(
                "the peer answers in HTTP/1, so that port is no gRPC server: check host and port",
            );
        }
        if self.is_tls() {
            return Some(
                "the peer speaks TLS and this side does not: use it on both sides or on neither",
            );
        }
        if [b"GET ".as_slice(), b"POST ", b"HEAD ", b"PUT ", b"OPTIONS"]
            .iter()
            .any(|method| first.starts_with(method))
        {
            return Some(
                "the peer asks in HTTP/1, and this port serves gRPC, which is HTTP/2: use a gRPC client",
            );
        }
        None
    }

    /// Whether the peer speaks TLS where it is not expected.
    pub fn is_tls(&self) -> bool {
        let first = self.first.get();
        first.is_some_and(|first| matches!(first[0], TLS_ALERT | TLS_HANDSHAKE) && first[1] == 3)
    }

    /// When the peer has last sent something.
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    /// True once the peer has sent anything.
    pub fn seen(&self) -> bool {
        self.first.get().is_some()
    }

    /// The largest header list that the peer accepts, in bytes, as far as it has said.
    pub fn max_metadata(&self) -> usize {
        let told = self.max_metadata.get();
        told.map_or(usize::MAX, |bytes| *bytes as usize)
    }

    /// Why TLS has ended the connection, if it has. Noted here because h2 keeps
    /// only the text of an error.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.get().map(String::as_str)
    }

    /// The certificate that the peer has shown and that was accepted, in DER.
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// What this side has answered, if the peer asked for its certificate.
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }
}

/// What carries the bytes of HTTP/2.
pub enum Transport {
    /// The bytes go as they are.
    Plain(TcpStream),
    /// The bytes go through TLS.
    Tls(Box<Secured>),
}

/// The same call on whichever it is.
macro_rules! on_transport {
    ($transport:expr, $method:ident($($argument:expr),*)) => {
        match $transport {
            Transport::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Transport::Tls(secured) => Pin::new(&mut secured.stream).$method($($argument),*),
        }
    };
}

/// Small writes leave at once: Nagle's algorithm is off.
pub fn without_delay(stream: TcpStream) -> TcpStream {
    // Failing here means the socket is already dead: the first read says so.
    let _ = stream.set_nodelay(true);
    stream
}

/// Writes up to this size are held until something larger, or a flush, follows.
const HOLD: usize = 16 << 10;

/// A [`Transport`] with its [`Greeting`].
///
/// It does not call itself vectored: h2 then copies payloads of up to 1 KiB
/// behind their frame heads and writes many calls at once, where it would
/// otherwise make one system call for each payload of 256 bytes. Larger payloads
/// lose nothing, because the head is held here and leaves with its payload.
pub struct Io {
    stream: Transport,
    greeting: Greeting,
    /// None once it has told what it has to tell.
    first_frame: Option<FirstFrame>,
    held: BytesMut,
}

impl Io {
    /// Wraps a connected stream.
    pub fn new(stream: Transport) -> (Self, Greeting) {
        let mut greeting = Greeting::default();
        if let Transport::Tls(secured) = &stream {
            greeting.asked.clone_from(&secured.asked);
            greeting.certificate = secured.certificate().map(Arc::from);
        }
        let io = Self {
            stream,
            greeting: greeting.clone(),
            first_frame: Some(FirstFrame::default()),
            held: BytesMut::new(),
        };
        (io, greeting)
    }

    /// The first bytes of the peer.
    fn see(&mut self, bytes: &[u8]) {
        self.greeting.see(bytes);
        let first = self.first_frame.as_mut();
        match first.map_or(Told::Nothing, |first| first.see(bytes)) {
            Told::Wait => return,
            Told::Nothing => {}
            Told::MaxHeaderList(bytes) => {
                let _ = self.greeting.max_metadata.set(bytes);
            }
        }
        self.first_frame = None;
    }

    fn poll_send_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let sent = ready!(on_transport!(&mut self.stream, poll_write(cx, &self.held)))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.advance(sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let mut poll = on_transport!(&mut self.stream, poll_read(cx, buf));
        if matches!(self.stream, Transport::Tls(_)) {
            poll = poll.map_err(|error| {
                if let Some(why) = handshake::explain(&error, self.greeting.asked()) {
                    let _ = self.greeting.refusal.set(why);
                }
                handshake::plain(error)
            });
        }
        if buf.filled().len() > before {
            self.greeting.heard.now();
            if self.first_frame.is_some() {
                self.see(&buf.filled()[before..]);
            }
        }
        poll
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.held.len() + buf.len() <= HOLD {
            self.held.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        let this = &mut *self;
        while !this.held.is_empty() {
            let both = [IoSlice::new(&this.held), IoSlice::new(buf)];
            let sent = ready!(on_transport!(
                &mut this.stream,
                poll_write_vectored(cx, &both)
            ))?;
            if sent == 0 {
                return Poll::Ready(Ok(0));
            }
            let of_held = sent.min(this.held.len());
            this.held.advance(of_held);
            if sent > of_held {
                return Poll::Ready(Ok(sent - of_held));
            }
        }
        on_transport!(&mut this.stream, poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send_held(cx))?;
        on_transport!(&mut self.stream, poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send_held(cx))?;
        on_transport!(&mut self.stream, poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_the_peer_speaks() {
        let explain = |bytes: &[u8]| {
            let greeting = Greeting::default();
            greeting.see(bytes);
            greeting.see(b"later bytes do not matter");
            greeting.explain()
        };
        assert!(explain(b"HTTP/1.1 400 Bad").is_some_and(|text| text.contains("HTTP/1")));
        assert!(explain(b"GET / HTTP/1.1").is_some_and(|text| text.contains("HTTP/1")));
        assert!(explain(&[0x15, 3, 3, 0, 2]).is_some_and(|text| text.contains("TLS")));
        assert!(explain(&[0x16, 3, 1, 2, 0]).is_some_and(|text| text.contains("TLS")));
        assert_eq!(explain(b"garbage"), None);
        assert_eq!(Greeting::default().explain(), None);
    }

    #[tokio::test]
    async fn writes_of_all_sizes_arrive_whole_and_in_order() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mut io, _) = Io::new(Transport::Plain(TcpStream::connect(address).await.unwrap()));
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut expected = Vec::new();
        for n in 0..400_usize {
            let size = [1, 9, 300, HOLD - 1, HOLD, HOLD + 1, 200_000][n % 7];
            expected.extend(std::iter::repeat_n(n.to_le_bytes()[0], size));
        }
        let sent = expected.clone();
        let sending = tokio::spawn(async move {
            let mut rest = &*sent;
            for n in 0.. {
                let size = [1, 9, 300, HOLD - 1, HOLD, HOLD + 1, 200_000][n % 7];
                let (now, later) = rest.split_at(size.min(rest.len()));
                io.write_all(now).await.unwrap();
                if n % 3 == 0 {
                    io.flush().await.unwrap();
                }
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            io.shutdown().await.unwrap();
        });
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.unwrap();
        sending.await.unwrap();
        assert!(received == expected);
    }
}
