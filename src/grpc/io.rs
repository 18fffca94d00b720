//! A TCP stream that remembers how its peer began to speak, so that a peer that
//! does not speak HTTP/2 can be named instead of "frame with invalid size".

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

const TLS_HANDSHAKE: u8 = 0x16;
const TLS_ALERT: u8 = 0x15;

/// What the first bytes from a peer were. Shared between the stream, which h2
/// owns, and whoever has to explain a failure.
#[derive(Clone, Default)]
pub struct Greeting(Arc<OnceLock<[u8; 8]>>);

impl Greeting {
    fn see(&self, bytes: &[u8]) {
        self.0.get_or_init(|| {
            let mut first = [0; 8];
            let seen = bytes.len().min(first.len());
            first[..seen].copy_from_slice(&bytes[..seen]);
            first
        });
    }

    /// Why a failed connection failed, if the first bytes tell.
    pub fn explain(&self) -> Option<&'static str> {
        let first = self.0.get()?;
        if first.starts_with(b"HTTP/1") {
            return Some("the peer answers in HTTP/1: that port is not a gRPC server");
        }
        if matches!(first[0], TLS_ALERT | TLS_HANDSHAKE) && first[1] == 3 {
            return Some("the peer speaks TLS: one side uses TLS, the other does not");
        }
        if [b"GET ".as_slice(), b"POST ", b"HEAD ", b"PUT ", b"OPTIONS"]
            .iter()
            .any(|method| first.starts_with(method))
        {
            return Some("the peer asks in HTTP/1: only HTTP/2 is served here");
        }
        None
    }

    /// True once the peer has sent anything.
    pub fn seen(&self) -> bool {
        self.0.get().is_some()
    }
}

/// A TCP stream with its [`Greeting`].
pub struct Io {
    stream: TcpStream,
    greeting: Greeting,
}

impl Io {
    /// Wraps a connected stream; small writes leave at once (no Nagle).
    pub fn new(stream: TcpStream) -> (Self, Greeting) {
        // Failing here means the socket is already dead: the first read says so.
        let _ = stream.set_nodelay(true);
        let greeting = Greeting::default();
        let io = Self {
            stream,
            greeting: greeting.clone(),
        };
        (io, greeting)
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        if !self.greeting.seen() && buf.filled().len() > before {
            self.greeting.see(&buf.filled()[before..]);
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
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
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
}
