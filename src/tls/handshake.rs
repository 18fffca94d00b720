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
    /// What went wrong, for a person.
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

/// TLS on the side that was dialed.
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustls::pki_types::CertificateDer;
    use rustls::server::{ClientHello, ResolvesServerCert};
    use rustls::sign::{CertifiedKey, Signer, SigningKey};
    use rustls::{ClientConnection, RootCertStore, SignatureAlgorithm, SignatureScheme};

    use super::*;

    /// Signs nothing, and counts how often it is asked to.
    #[derive(Debug, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl SigningKey for Counting {
        fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
            Some(Box::new(Self(Arc::clone(&self.0))))
        }

        fn algorithm(&self) -> SignatureAlgorithm {
            SignatureAlgorithm::ECDSA
        }
    }

    impl Signer for Counting {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(vec![0; 64])
        }

        fn scheme(&self) -> SignatureScheme {
            SignatureScheme::ECDSA_NISTP256_SHA256
        }
    }

    #[derive(Debug)]
    struct One(Arc<CertifiedKey>);

    impl ResolvesServerCert for One {
        fn resolve(&self, _: ClientHello) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }

    fn server(signatures: &Arc<AtomicUsize>) -> Arc<ServerConfig> {
        let key = Counting(Arc::clone(signatures));
        let certificate = CertificateDer::from(vec![0x30, 0]);
        let one = CertifiedKey::new(vec![certificate], Arc::new(key));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_no_client_auth();
        Arc::new(builder.with_cert_resolver(Arc::new(One(Arc::new(one)))))
    }

    /// What a client says first.
    fn hello() -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(RootCertStore::empty());
        let config = Arc::new(builder.with_no_client_auth());
        let name = ServerName::try_from("localhost").unwrap();
        let mut said = Vec::new();
        let mut client = ClientConnection::new(config, name).unwrap();
        client.write_tls(&mut said).unwrap();
        said
    }

    #[test]
    fn among_many_who_have_gone_or_say_nothing_only_the_client_that_waits_costs_a_signature() {
        let signatures = Arc::<AtomicUsize>::default();
        let config = server(&signatures);
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let hello = hello();
        let come = |says: &[u8]| {
            let mut client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.write_all(says).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            accepted.set_nonblocking(true).unwrap();
            (client, accepted)
        };
        let gone: Vec<_> = (0..60).map(|_| come(&hello).1).collect();
        let (silent, waiting): (Vec<_>, Vec<_>) = (0..60).map(|_| come(&[])).unzip();
        let (mut good, last) = come(&hello);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let start = |stream| {
                let stream = TcpStream::from_std(stream).unwrap();
                tokio::spawn(accept(Arc::clone(&config), stream))
            };
            let gone: Vec<_> = gone.into_iter().map(start).collect();
            let waiting: Vec<_> = waiting.into_iter().map(start).collect();
            let good_one = start(last);
            for one in gone {
                assert!(one.await.unwrap().is_err_and(|error| error.silent));
            }
            let answer = tokio::task::spawn_blocking(move || good.read(&mut [0; 5]));
            assert_eq!(answer.await.unwrap().unwrap(), 5);
            assert!(!good_one.is_finished() || good_one.await.unwrap().is_err());
            assert!(waiting.iter().all(|one| !one.is_finished()));
        });
        assert_eq!(signatures.load(Ordering::Relaxed), 1);
        drop(silent);
    }
}
