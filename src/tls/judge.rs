//! What others with the same CAs think of this side's certificate, found out
//! without a connection: for whoever looks for what is wrong before it is.

use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;

use super::certificate::Certificate;
use super::credentials::Material;
use super::legacy::{self, Purpose};
use super::refusal::Refusal;
use super::trust::Trust;
use super::verifier::{ClientVerifier, ServerVerifier, host_of};

/// The certificates of a file in PEM, but for what cannot be read.
pub fn readable(pem: &[u8]) -> Vec<Certificate> {
    CertificateDer::pem_slice_iter(pem)
        .filter_map(|der| Certificate::read(&der.ok()?).ok())
        .collect()
}

/// Why others would not accept this side's certificate, whatever they dial it by;
/// `None` if they would, or if there is nothing to judge.
///
/// # Errors
/// The CAs cannot be used.
pub fn refusal(material: &Material, purpose: Purpose) -> Result<Option<Refusal>, String> {
    let (Some(roots), Some((chain, _))) = (&material.roots, &material.identity) else {
        return Ok(None);
    };
    let provider = ring::default_provider();
    let trust = Trust::read(&roots.bytes, material.strict.clone(), &provider)
        .map_err(|problem| format!("{} {problem}", roots.name))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&chain.bytes)
        .filter_map(Result::ok)
        .collect();
    let Some((leaf, intermediates)) = certificates.split_first() else {
        return Ok(None);
    };
    let now = UnixTime::now();
    let judged = match purpose {
        Purpose::Server => ServerVerifier::new(trust).judge(leaf, intermediates, None, now),
        Purpose::Client => {
            ClientVerifier::new(trust, true, provider.into())?.judge(leaf, intermediates, now)
        }
    };
    Ok(judged.err().map(|rejected| rejected.refusal))
}

/// Whether the first certificate of a file in PEM is for a host, by name or address.
pub fn is_for(pem: &[u8], host: &str) -> bool {
    let Some(Ok(der)) = CertificateDer::pem_slice_iter(pem).next() else {
        return false;
    };
    let (Ok(leaf), Ok(name)) = (Certificate::read(&der), ServerName::try_from(host)) else {
        return false;
    };
    if leaf.is_legacy() {
        return legacy::check_host(&leaf, &host_of(&name)).is_ok();
    }
    ParsedCertificate::try_from(&der).is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok())
}
