//! The handshake of one connection, and what to say when it fails.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::asked::{self, Asked};
use super::credentials::ALPN;
use super::signing;

/// A peer that is refused has so long to go, and so many bytes to say.
const PARTING: Duration = Duration::from_secs(1);
const UNREAD: u64 = 64 << 10;

/// Why a handshake failed.
#[derive(Debug)]
pub struct HandshakeError {
    /// For a person.
    pub text: String,
    /// The peer went away without a word.
    pub silent: bool,
    /// The peer speaks another protocol.
    pub foreign: bool,
}

impl HandshakeError {
    fn new(text: String) -> Self {
        Self {
            text,
            silent: false,
            foreign: false,
        }
    }
}

/// A connection after its handshake.
pub struct Secured {
    /// What carries the bytes.
    pub stream: TlsStream<TcpStream>,
    /// What this side answered, if the peer asked for its certificate.
    pub asked: Option<Asked>,
}

impl Secured {
    /// The peer's own certificate, in DER. It was accepted; a client may have none.
    pub fn certificate(&self) -> Option<&[u8]> {
        let (_, connection) = self.stream.get_ref();
        connection.peer_certificates()?.first().map(|leaf| &**leaf)
    }
}

/// The client's side. `host` is who the peer has to be.
///
/// # Errors
/// See [`HandshakeError`].
pub async fn connect(
    config: Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> Result<Secured, HandshakeError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| {
        HandshakeError::new(format!(
            "{host:?} is no host name or address that a certificate can be for"
        ))
    })?;
    let connecting = asked::noticing(TlsConnector::from(config).connect(name, stream));
    let connected = signing::apart(async { Ok(connecting.await) }).await;
    let (connected, asked) = connected.map_err(|error| failed(&error, None))?;
    let stream = connected.map_err(|error| failed(&error, asked.as_ref()))?;
    if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        let text = "the peer speaks TLS, but not HTTP/2 (ALPN \"h2\"): is it a gRPC server?";
        return Err(HandshakeError::new(text.to_owned()));
    }
    Ok(Secured {
        stream: TlsStream::Client(stream),
        asked,
    })
}

/// The server's side.
///
/// # Errors
/// See [`HandshakeError`].
pub async fn accept(
    config: Arc<ServerConfig>,
    stream: TcpStream,
) -> Result<Secured, HandshakeError> {
    let accept = async {
        // Others wait behind it: one whose client has gone meanwhile costs no signature.
        if stream.ready(Interest::READABLE).await?.is_read_closed() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let accept = TlsAcceptor::from(config).accept(stream);
        Ok(accept.into_fallible().await)
    };
    match signing::apart(accept).await {
        Ok(Ok(stream)) => Ok(Secured {
            stream: TlsStream::Server(stream),
            asked: None,
        }),
        Ok(Err((error, stream))) => {
            tokio::spawn(part(stream));
            Err(failed(&error, None))
        }
        Err(error) => Err(failed(&error, None)),
    }
}

/// Closes so that the peer can read why. In TLS 1.3 a client has finished, and may
/// have sent something, before it is refused: were that left unread, closing would
/// be a reset, and a reset takes the alert away.
async fn part(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut unread = stream.take(UNREAD);
    let mut nowhere = tokio::io::sink();
    let read = tokio::io::copy(&mut unread, &mut nowhere);
    let _ = tokio::time::timeout(PARTING, read).await;
}

fn failed(error: &io::Error, asked: Option<&Asked>) -> HandshakeError {
    HandshakeError {
        text: explain(error, asked).unwrap_or_else(|| match asked {
            Some(asked) => format!("the peer closed the connection: {}", asked.why()),
            None => format!("the peer closed the connection during the TLS handshake: {error}"),
        }),
        silent: matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
        ),
        foreign: matches!(tls_error(error), Some(Error::InvalidMessage(_))),
    }
}

/// An error of a connection as it is passed on: TLS's own word for an end without
/// a farewell is an address of a manual for programmers.
pub fn plain(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let text = "it ended without TLS's close_notify, as when a process is killed or a network \
                    breaks";
        return io::Error::new(io::ErrorKind::UnexpectedEof, text);
    }
    error
}

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// What TLS has to say of an error on a connection, if it is one of TLS. `asked` is
/// what this side has answered if it was asked for its certificate.
pub fn explain(error: &io::Error, asked: Option<&Asked>) -> Option<String> {
    let tls = tls_error(error)?;
    Some(match tls {
        Error::InvalidCertificate(CertificateError::Other(why)) => why.0.to_string(),
        Error::InvalidCertificate(why) => format!("the peer's certificate is not accepted: {why}"),
        Error::AlertReceived(alert) => explain_alert(*alert, asked),
        Error::NoCertificatesPresented => {
            "it presented no client certificate, which this server asks for".to_owned()
        }
        Error::InvalidMessage(_) => {
            "the peer does not speak TLS and this side does: use it on both sides or on neither"
                .to_owned()
        }
        Error::PeerIncompatible(why) => {
            format!("the two sides have no TLS in common, 1.2 or 1.3 is needed ({why:?})")
        }
        Error::NoApplicationProtocol => {
            "the peer does not offer HTTP/2 (ALPN \"h2\"): is it a gRPC client?".to_owned()
        }
        other => format!("TLS failed: {other}"),
    })
}

/// What the other side did not like.
fn explain_alert(alert: AlertDescription, asked: Option<&Asked>) -> String {
    let why = match (alert, asked) {
        (AlertDescription::ProtocolVersion, _) => {
            "the two sides have no TLS in common, 1.2 or 1.3 is needed"
        }
        (AlertDescription::NoApplicationProtocol, _) => "it does not speak HTTP/2 (ALPN \"h2\")",
        // Not all have the alert that is made for this, and TLS 1.2 has none.
        (_, Some(none @ Asked::HasNone(_))) => &none.why(),
        (AlertDescription::CertificateRequired, _) => {
            "it asks for a client certificate, and takes none of the kind that this side has"
        }
        (
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError,
            _,
        ) => "it does not accept this side's certificate; its log says why",
        (AlertDescription::HandshakeFailure, None) => {
            "the two sides have no cipher in common; its log says why"
        }
        (AlertDescription::HandshakeFailure, Some(Asked::Shown)) => {
            "the two sides have no cipher in common, or it does not accept this side's \
             certificate; its log says why"
        }
        _ => "it gives no other reason",
    };
    format!("the peer refused the TLS handshake ({alert:?}): {why}")
}
