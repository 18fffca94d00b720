//! The configured CAs, and what is said of a certificate by them beside and after
//! webpki: that of the old kind has a way of its own.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime, pem::PemObject as _};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, RootCertStore,
};

use super::certificate::Certificate;
use super::legacy::{self, Host, Purpose};
use super::refusal::{Refusal, Rejected};

/// The configured CAs and how strictly they are applied.
#[derive(Debug)]
pub struct Trust {
    /// The same CAs, as webpki takes them.
    pub store: Arc<RootCertStore>,
    /// What their certificates say.
    pub cas: Vec<Certificate>,
    /// The setting that asks to refuse certificates of the old kind.
    strict: Option<String>,
    /// What verifies signatures.
    pub algorithms: WebPkiSupportedAlgorithms,
}

impl Trust {
    /// Reads CA certificates from PEM.
    ///
    /// # Errors
    /// What is wrong with the file, for a person.
    pub fn read(
        pem: &[u8],
        strict: Option<String>,
        provider: &CryptoProvider,
    ) -> Result<Self, String> {
        let mut store = RootCertStore::empty();
        let mut cas = Vec::new();
        for der in CertificateDer::pem_slice_iter(pem) {
            let der = der.map_err(|error| format!("is no PEM that can be read: {error}"))?;
            let certificate =
                Certificate::read(&der).map_err(|refusal| format!("is no CA file: {refusal}"))?;
            if !legacy::may_sign(&certificate) {
                return Err(format!(
                    "has the certificate of \"{}\", which is no CA's",
                    certificate.subject
                ));
            }
            if let Some(weakness) = certificate.weak_key() {
                return Err(format!(
                    "has the certificate of \"{}\", which cannot be used: {weakness}",
                    certificate.subject
                ));
            }
            store
                .add(der)
                .map_err(|error| format!("has a certificate that cannot be used: {error}"))?;
            cas.push(certificate);
        }
        if cas.is_empty() {
            return Err("has no certificate in it (-----BEGIN CERTIFICATE-----)".to_owned());
        }
        Ok(Self {
            store: Arc::new(store),
            cas,
            strict,
            algorithms: provider.signature_verification_algorithms,
        })
    }

    /// What can be said of a certificate whoever has signed it. webpki lets a
    /// client's pass without subjectAltName.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn first_look(
        &self,
        leaf: &Certificate,
        purpose: Purpose,
        host: Option<&Host>,
    ) -> Result<(), Refusal> {
        if let Some(weakness) = leaf.weakness() {
            return Err(weakness);
        }
        match &self.strict {
            Some(setting) if leaf.is_legacy() => Err(Refusal::Strict {
                setting: setting.clone(),
                host: match host {
                    Some(Host::Name(name)) => name.clone(),
                    _ => leaf.names(),
                },
                stem: purpose.name().to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// What webpki has refused may be of the old kind.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn second_look(
        &self,
        error: Error,
        leaf: &Certificate,
        chain: &[CertificateDer<'_>],
        purpose: Purpose,
        host: Option<&Host>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if !leaf.is_legacy() {
            return Err(translate(error, leaf, chain, purpose, host, now));
        }
        legacy::check(leaf, &self.cas, purpose, host, now, self.algorithms.all)
    }

    /// The handshake's signature in TLS 1.2.
    ///
    /// # Errors
    /// It is not the certificate's.
    pub fn verify_signature12(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let leaf = Certificate::read(certificate).map_err(|why| rejected(None, why))?;
        if leaf.version == 3 {
            return verify_tls12_signature(message, certificate, signed, &self.algorithms);
        }
        let offered = self.algorithms.mapping.iter();
        let algorithms = offered
            .filter(|(scheme, _)| *scheme == signed.scheme)
            .flat_map(|(_, algorithms)| *algorithms);
        for algorithm in algorithms {
            if algorithm.public_key_alg_id().as_ref() == leaf.raw.key_algorithm {
                let key = &leaf.raw.key_bits;
                return match algorithm.verify_signature(key, message, signed.signature()) {
                    Ok(()) => Ok(HandshakeSignatureValid::assertion()),
                    Err(_) => Err(CertificateError::BadSignature.into()),
                };
            }
        }
        Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
    }

    /// The same in TLS 1.3.
    ///
    /// # Errors
    /// It is not the certificate's.
    pub fn verify_signature13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let leaf = Certificate::read(certificate).map_err(|why| rejected(None, why))?;
        if leaf.version == 3 {
            return verify_tls13_signature(message, certificate, signed, &self.algorithms);
        }
        let key = SubjectPublicKeyInfoDer::from(leaf.raw.key.as_slice());
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }
}

/// A refusal with whom it is about.
pub fn rejected(leaf: Option<&Certificate>, refusal: Refusal) -> Rejected {
    let subject = leaf.map_or("the peer", |leaf| &leaf.subject).to_owned();
    Rejected { subject, refusal }
}

/// Carries a refusal to whoever explains the handshake.
impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        CertificateError::Other(OtherError(Arc::new(rejected))).into()
    }
}

/// What webpki says of a certificate of the present kind, with what it is about.
fn translate(
    error: Error,
    leaf: &Certificate,
    chain: &[CertificateDer<'_>],
    purpose: Purpose,
    host: Option<&Host>,
    now: i64,
) -> Refusal {
    let Error::InvalidCertificate(why) = error else {
        return Refusal::Other(error.to_string());
    };
    match why {
        // The latter: another CA of the same name, with another kind of key.
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Refusal::BadSignature
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Refusal::WrongName {
                host: match host {
                    Some(Host::Name(name)) => name.clone(),
                    Some(Host::Address(address)) => address.to_string(),
                    None => "this host".to_owned(),
                },
                names: leaf.names(),
            }
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Refusal::WrongPurpose(purpose.name())
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => leaf
            .out_of_date(now)
            .unwrap_or_else(|| Refusal::ChainOutOfDate(why.to_string())),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. } => Refusal::UnknownAlgorithm,
        _ => chain_problem(leaf, chain).unwrap_or_else(|| match why {
            CertificateError::UnknownIssuer if leaf.is_self_issued() => Refusal::SelfSigned,
            CertificateError::UnknownIssuer => Refusal::UnknownIssuer(leaf.issuer.clone()),
            _ if leaf.is_ca => Refusal::CaAsLeaf,
            other => Refusal::Other(other.to_string()),
        }),
    }
}

/// Of what the peer sent behind its own certificate.
fn chain_problem(leaf: &Certificate, chain: &[CertificateDer<'_>]) -> Option<Refusal> {
    let issuers = chain.iter().filter_map(|der| Certificate::read(der).ok());
    let issuer = issuers
        .into_iter()
        .find(|issuer| issuer.raw.subject == leaf.raw.issuer)?;
    if issuer.version != 3 {
        Some(Refusal::OldIntermediate(issuer.subject))
    } else if !legacy::may_sign(&issuer) {
        Some(Refusal::IssuerIsNoCa(issuer.subject))
    } else {
        None
    }
}
