//! Who this side is: a certificate chain and the key that belongs to it.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::certificate::Certificate;

/// A certificate chain with its key.
pub struct Identity {
    /// For rustls. Built by hand: its own check refuses certificates of version 1.
    pub resolver: Arc<SingleCertAndKey>,
    /// What the first certificate says.
    pub certificate: Certificate,
}

/// What is wrong, and with which of the two files.
pub enum Problem {
    /// The certificate is at fault: how, for a person.
    Certificate(String),
    /// For a person. Never says anything of the key's content.
    Key(String),
}

impl Identity {
    /// Reads a chain in PEM and a key in DER.
    ///
    /// # Errors
    /// See [`Problem`].
    pub fn read(chain: &[u8], key: Vec<u8>, provider: &CryptoProvider) -> Result<Self, Problem> {
        let certificates = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|error| {
            Problem::Certificate(format!("is no PEM that can be read: {error}"))
        })?;
        let Some(first) = certificates.first() else {
            let text = "has no certificate in it (-----BEGIN CERTIFICATE-----)";
            return Err(Problem::Certificate(text.to_owned()));
        };
        let certificate = Certificate::read(first)
            .map_err(|refusal| Problem::Certificate(format!("cannot be used: {refusal}")))?;
        if let Some(weakness) = certificate.weakness() {
            return Err(Problem::Certificate(format!("cannot be used: {weakness}")));
        }
        if certificate.is_ca {
            let text = "is a CA's certificate, which servers and clients cannot use as their own";
            return Err(Problem::Certificate(text.to_owned()));
        }
        let unusable = || {
            let text = "is of a kind that is not supported: use RSA of 2048 bits or more, or \
                        ECDSA on P-256 or P-384";
            Problem::Key(text.to_owned())
        };
        let key = PrivateKeyDer::try_from(key).map_err(|_| unusable())?;
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|_| unusable())?;
        let belongs = key
            .public_key()
            .is_some_and(|public| public.as_ref() == certificate.raw.key);
        if !belongs {
            let text = format!(
                "does not belong to the certificate of \"{}\": they are of different pairs",
                certificate.subject
            );
            return Err(Problem::Key(text));
        }
        let certified = CertifiedKey::new(certificates, key);
        Ok(Self {
            resolver: Arc::new(SingleCertAndKey::from(certified)),
            certificate,
        })
    }
}
