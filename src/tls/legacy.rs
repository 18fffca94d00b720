//! The way in for certificates as OWT's guide makes them: X.509 version 1, or
//! without subjectAltName. Stands behind webpki, which refuses them, and asks
//! for more where they say less: a configured CA must have signed them directly.

use std::net::IpAddr;

use rustls::pki_types::SignatureVerificationAlgorithm;

use super::certificate::Certificate;
use super::refusal::Refusal;

/// What a certificate is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A server shows it to its client.
    Server,
    /// A client shows it to its server.
    Client,
}

impl Purpose {
    /// Who presents it. The guide's files have that name, too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// Whom a client wants to talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// It was dialed by its name.
    Name(String),
    /// It was dialed by its address.
    Address(IpAddr),
}

/// What verifies signatures.
pub type Algorithms = &'static [&'static dyn SignatureVerificationAlgorithm];

/// Whether a certificate counts at `now`, in seconds since 1970. A server's is
/// held against the host that was wanted.
///
/// # Errors
/// Why it does not.
pub fn check(
    leaf: &Certificate,
    cas: &[Certificate],
    purpose: Purpose,
    host: Option<&Host>,
    now: i64,
    algorithms: Algorithms,
) -> Result<(), Refusal> {
    if let Some(id) = &leaf.unknown_critical {
        return Err(Refusal::UnknownCritical(id.clone()));
    }
    if leaf.is_ca || leaf.has_name_constraints {
        return Err(Refusal::CaAsLeaf);
    }
    if let Some(refusal) = leaf.out_of_date(now) {
        return Err(refusal);
    }
    if let Some(refusal) = leaf.weakness() {
        return Err(refusal);
    }
    check_issuer(leaf, cas, now, algorithms)?;
    check_purpose(leaf, purpose)?;
    host.map_or(Ok(()), |host| check_host(leaf, host))
}

/// Several CAs may have one name, as when a CA was made anew.
fn check_issuer(
    leaf: &Certificate,
    cas: &[Certificate],
    now: i64,
    algorithms: Algorithms,
) -> Result<(), Refusal> {
    let mut refusal = if leaf.is_self_issued() {
        Refusal::SelfSigned
    } else {
        Refusal::UnknownIssuer(leaf.issuer.clone())
    };
    for ca in cas.iter().filter(|ca| ca.raw.subject == leaf.raw.issuer) {
        match check_signed_by(leaf, ca, now, algorithms) {
            Ok(()) => return Ok(()),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

fn check_signed_by(
    leaf: &Certificate,
    ca: &Certificate,
    now: i64,
    algorithms: Algorithms,
) -> Result<(), Refusal> {
    if !may_sign(ca) {
        return Err(Refusal::IssuerIsNoCa(ca.subject.clone()));
    }
    if ca.has_name_constraints {
        return Err(Refusal::ConstrainedIssuer);
    }
    if let Some(why) = ca.out_of_date(now) {
        return Err(Refusal::ChainOutOfDate(format!(
            "of \"{}\", {why}",
            ca.subject
        )));
    }
    let mut is_known = false;
    for algorithm in algorithms {
        if algorithm.signature_alg_id().as_ref() != leaf.raw.signature_algorithm {
            continue;
        }
        // Known, but perhaps not for the kind of key that this CA has: then it was
        // another CA of the same name.
        is_known = true;
        if algorithm.public_key_alg_id().as_ref() == ca.raw.key_algorithm {
            let raw = &leaf.raw;
            let verified =
                algorithm.verify_signature(&ca.raw.key_bits, &raw.signed, &raw.signature);
            if verified.is_ok() {
                return Ok(());
            }
        }
    }
    Err(if is_known {
        Refusal::BadSignature
    } else {
        Refusal::UnknownAlgorithm
    })
}

/// Whether a configured certificate is a CA's. One of version 1 cannot say so: it
/// must at least be nobody else's.
pub fn may_sign(ca: &Certificate) -> bool {
    let is_ca = if ca.version == 3 {
        ca.is_ca
    } else {
        ca.is_self_issued()
    };
    is_ca && ca.uses.certificates != Some(false)
}

fn check_purpose(leaf: &Certificate, purpose: Purpose) -> Result<(), Refusal> {
    let allowed = match purpose {
        Purpose::Server => leaf.uses.server,
        Purpose::Client => leaf.uses.client,
    };
    if allowed == Some(false) || leaf.uses.signature == Some(false) {
        return Err(Refusal::WrongPurpose(purpose.name()));
    }
    Ok(())
}

/// A certificate without subjectAltName names one host, by its common name.
///
/// # Errors
/// It is another's.
pub fn check_host(leaf: &Certificate, host: &Host) -> Result<(), Refusal> {
    let wrong = |host: &str| Refusal::WrongName {
        host: host.to_owned(),
        names: leaf.names(),
    };
    match host {
        Host::Address(address) => Err(Refusal::OnlyHostname {
            name: leaf.names(),
            address: address.to_string(),
        }),
        Host::Name(host) => match &*leaf.common_names {
            [name] if matches(name, host) => Ok(()),
            // Two common names are one too many to say which host it is.
            _ => Err(wrong(host)),
        },
    }
}

/// Whether a name in a certificate, which may begin with a wildcard label, is
/// that of a host.
pub fn matches(name: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() || host.is_empty() {
        return false;
    }
    let Some(domain) = name.strip_prefix("*.") else {
        return !name.contains('*') && name.eq_ignore_ascii_case(host);
    };
    // "*.com" would be too much, and "*.a.*" is nothing.
    let Some((label, rest)) = host.split_once('.') else {
        return false;
    };
    !label.is_empty()
        && domain.contains('.')
        && !domain.contains('*')
        && domain.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_one_whole_label_on_the_left() {
        for (name, host) in [
            ("localhost", "localhost"),
            ("LocalHost", "localhost."),
            ("*.example.com", "a.example.com"),
            ("*.Example.com", "A.example.COM"),
        ] {
            assert!(matches(name, host), "{name} {host}");
        }
        for (name, host) in [
            ("", ""),
            ("*", "localhost"),
            ("*.com", "example.com"),
            ("*.example.com", "example.com"),
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", ".example.com"),
            ("a*.example.com", "ab.example.com"),
            ("a.*.com", "a.b.com"),
            ("*.*.com", "a.b.com"),
            ("example.com", "a.example.com"),
        ] {
            assert!(!matches(name, host), "{name} {host}");
        }
    }
}
