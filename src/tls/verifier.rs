//! Who is believed to be who: webpki first, the way for old certificates behind
//! it. What rustls asks, in both directions.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::certificate::Certificate;
use super::legacy::{Host, Purpose};
use super::refusal::Rejected;
use super::trust::{Trust, rejected};

/// The methods on the handshake's signature, which rustls asks of both verifiers
/// in two traits that have nothing in common.
macro_rules! signatures_by_trust {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.trust.verify_signature12(message, cert, dss)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.trust.verify_signature13(message, cert, dss)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.trust.algorithms.supported_schemes()
        }
    };
}

/// A name of TLS as one that certificates are held against.
pub fn host_of(name: &ServerName<'_>) -> Host {
    match name {
        ServerName::IpAddress(address) => Host::Address((*address).into()),
        ServerName::DnsName(name) => Host::Name(name.as_ref().to_owned()),
        _ => Host::Name(name.to_str().into_owned()),
    }
}

/// What a client believes.
#[derive(Debug)]
pub struct ServerVerifier {
    trust: Trust,
}

impl ServerVerifier {
    /// A verifier by configured CAs.
    pub fn new(trust: Trust) -> Self {
        Self { trust }
    }

    /// Whether a server's certificate counts: for a name, or whoever it is for.
    ///
    /// # Errors
    /// Why it does not.
    pub fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: Option<&ServerName<'_>>,
        now: UnixTime,
    ) -> Result<(), Rejected> {
        let certificate = Certificate::read(leaf).map_err(|why| rejected(None, why))?;
        let host = name.map(host_of);
        let host = host.as_ref();
        self.trust
            .first_look(&certificate, Purpose::Server, host)
            .and_then(|()| {
                let verified = self.verify(leaf, intermediates, name, now);
                verified.or_else(|error| {
                    self.trust.second_look(
                        error,
                        &certificate,
                        intermediates,
                        Purpose::Server,
                        host,
                        now,
                    )
                })
            })
            .map_err(|why| rejected(Some(&certificate), why))
    }

    /// webpki's word.
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: Option<&ServerName<'_>>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(leaf)?;
        let Trust {
            store, algorithms, ..
        } = &self.trust;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            store,
            intermediates,
            now,
            algorithms.all,
        )?;
        name.map_or(Ok(()), |name| verify_server_name(&parsed, name))
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge(end_entity, intermediates, Some(server_name), now)?;
        Ok(ServerCertVerified::assertion())
    }

    signatures_by_trust!();
}

/// What a server believes.
#[derive(Debug)]
pub struct ClientVerifier {
    trust: Trust,
    webpki: Arc<dyn ClientCertVerifier>,
    mandatory: bool,
}

impl ClientVerifier {
    /// A verifier by configured CAs. Clients without a certificate are let in
    /// unless it is `mandatory`.
    ///
    /// # Errors
    /// The CAs cannot be used.
    pub fn new(
        trust: Trust,
        mandatory: bool,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let store = Arc::clone(&trust.store);
        let webpki = WebPkiClientVerifier::builder_with_provider(store, provider).build();
        let webpki = webpki.map_err(|error| error.to_string())?;
        Ok(Self {
            trust,
            webpki,
            mandatory,
        })
    }

    /// Whether a client's certificate counts.
    ///
    /// # Errors
    /// Why it does not.
    pub fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Rejected> {
        let certificate = Certificate::read(leaf).map_err(|why| rejected(None, why))?;
        self.trust
            .first_look(&certificate, Purpose::Client, None)
            .and_then(|()| {
                let verified = self.webpki.verify_client_cert(leaf, intermediates, now);
                verified.map(|_| ()).or_else(|error| {
                    self.trust.second_look(
                        error,
                        &certificate,
                        intermediates,
                        Purpose::Client,
                        None,
                        now,
                    )
                })
            })
            .map_err(|why| rejected(Some(&certificate), why))
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(end_entity, intermediates, now)?;
        Ok(ClientCertVerified::assertion())
    }

    signatures_by_trust!();
}
