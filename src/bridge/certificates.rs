//! Certificates as `owt-grpc doctor` looks at them.

use napi::bindgen_prelude::{Buffer, Result};
use napi_derive::napi;

use super::credentials::{CredentialsOptions, material};
use super::invalid;
use crate::tls::certificate::Certificate;
use crate::tls::judge;
use crate::tls::legacy::Purpose;
use crate::tls::refusal::Refusal;

/// What one certificate says, as JS sees it.
#[napi(object)]
pub struct CertificateFacts {
    /// In ms since 1970.
    pub not_before: f64,
    /// In ms since 1970.
    pub not_after: f64,
    pub common_names: Vec<String>,
    pub has_alternative_names: bool,
    pub dns_names: Vec<String>,
    pub addresses: Vec<String>,
}

impl From<Certificate> for CertificateFacts {
    #[allow(clippy::cast_precision_loss)] // years are far below 2^53 ms
    fn from(certificate: Certificate) -> Self {
        Self {
            not_before: certificate.not_before as f64 * 1000.0,
            not_after: certificate.not_after as f64 * 1000.0,
            common_names: certificate.common_names,
            has_alternative_names: certificate.has_alternative_names,
            dns_names: certificate.dns_names,
            addresses: certificate
                .addresses
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

/// Why others do not accept one.
#[napi(object)]
pub struct Judgement {
    /// It is about who has signed it.
    pub of_issuer: bool,
    /// A sentence about "it".
    pub text: String,
}

/// The certificates of a file in PEM, but for what cannot be read.
#[napi]
pub fn read_certificates(pem: Buffer) -> Vec<CertificateFacts> {
    let read = judge::readable(&pem);
    read.into_iter().map(CertificateFacts::from).collect()
}

/// Why others that have the same CAs would not accept the certificate of these
/// credentials; null if they would.
#[napi]
pub fn judge_certificate(
    for_server: bool,
    options: CredentialsOptions,
) -> Result<Option<Judgement>> {
    let purpose = if for_server {
        Purpose::Server
    } else {
        Purpose::Client
    };
    let refusal = judge::refusal(&material(options)?, purpose).map_err(invalid)?;
    Ok(refusal.map(|refusal| Judgement {
        of_issuer: matches!(
            refusal,
            Refusal::UnknownIssuer(_) | Refusal::SelfSigned | Refusal::BadSignature
        ),
        text: refusal.to_string(),
    }))
}

/// Whether the first certificate of a file in PEM is for a host.
#[napi]
pub fn is_certificate_for(pem: Buffer, host: String) -> bool {
    judge::is_for(&pem, &host)
}
