//! The handshake of one connection, and what to say when it fails.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

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

/// The client's side. `host` is who the peer has to be.
///
/// # Errors
/// See [`HandshakeError`].
pub async fn connect(
    config: Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, HandshakeError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| {
        HandshakeError::new(format!(
            "{host:?} is no host name or address that a certificate can be for"
        ))
    })?;
    let connected = signing::apart(TlsConnector::from(config).connect(name, stream)).await;
    let stream = connected.map_err(|error| failed(&error))?;
    if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        let text = "the peer speaks TLS, but not HTTP/2 (ALPN \"h2\"): is it a gRPC server?";
        return Err(HandshakeError::new(text.to_owned()));
    }
    Ok(TlsStream::Client(stream))
}

/// The server's side.
///
/// # Errors
/// See [`HandshakeError`].
pub async fn accept(
    config: Arc<ServerConfig>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, HandshakeError> {
    let accept = TlsAcceptor::from(config).accept(stream);
    match signing::apart(async { Ok(accept.into_fallible().await) }).await {
        Ok(Ok(stream)) => Ok(TlsStream::Server(stream)),
        Ok(Err((error, stream))) => {
            tokio::spawn(part(stream));
            Err(failed(&error))
        }
        Err(error) => Err(failed(&error)),
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

fn failed(error: &io::Error) -> HandshakeError {
    HandshakeError {
        text: explain(error).unwrap_or_else(|| {
            format!("the peer closed the connection during the TLS handshake: {error}")
        }),
        silent: matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
        ),
        foreign: matches!(tls_error(error), Some(Error::InvalidMessage(_))),
    }
}

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// What TLS has to say of an error on a connection, if it is one of TLS.
pub fn explain(error: &io::Error) -> Option<String> {
    let tls = tls_error(error)?;
    Some(match tls {
        Error::InvalidCertificate(CertificateError::Other(why)) => why.0.to_string(),
        Error::InvalidCertificate(why) => format!("the peer's certificate is not accepted: {why}"),
        Error::AlertReceived(alert) => explain_alert(*alert),
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
fn explain_alert(alert: AlertDescription) -> String {
    let why = match alert {
        AlertDescription::CertificateRequired => {
            "it asks for a client certificate, and this side has none: set OWT_GRPC_CLIENT_CERT \
             and OWT_GRPC_CLIENT_KEY"
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => {
            "it does not accept this side's certificate; its log says why"
        }
        AlertDescription::ProtocolVersion => {
            "the two sides have no TLS in common, 1.2 or 1.3 is needed"
        }
        // TLS 1.2 has no alert of its own for a certificate that is missing.
        AlertDescription::HandshakeFailure => {
            "the two sides have no cipher in common, or it asks for a client certificate and this \
             side has none; its log says why"
        }
        AlertDescription::NoApplicationProtocol => "it does not speak HTTP/2 (ALPN \"h2\")",
        _ => "it gives no other reason",
    };
    format!("the peer refused the TLS handshake ({alert:?}): {why}")
}
