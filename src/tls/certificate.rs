//! What a certificate says, read once. Knows nothing of TLS.

use std::net::IpAddr;

use x509_parser::asn1_rs::{Any, FromDer as _};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Version;

use super::refusal::Refusal;

/// Smaller RSA keys are not accepted.
const LEAST_RSA_BITS: usize = 2048;

/// Signature algorithms that can be forged, and what to call them.
const BROKEN: [(&str, &str); 5] = [
    ("1.2.840.113549.1.1.2", "MD2 with RSA"),
    ("1.2.840.113549.1.1.4", "MD5 with RSA"),
    ("1.2.840.113549.1.1.5", "SHA-1 with RSA"),
    ("1.2.840.10040.4.3", "SHA-1 with DSA"),
    ("1.2.840.10045.4.1", "SHA-1 with ECDSA"),
];

/// What a key may be used for, where the certificate says so.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    /// Whether its key may sign handshakes.
    pub signature: Option<bool>,
    /// Whether its key may sign certificates.
    pub certificates: Option<bool>,
    /// Whether servers may show it.
    pub server: Option<bool>,
    /// Whether clients may show it.
    pub client: Option<bool>,
}

/// The parts that are compared and verified as they are encoded.
#[derive(Debug, Clone)]
pub struct Raw {
    pub subject: Vec<u8>,
    pub issuer: Vec<u8>,
    /// What the issuer has signed.
    pub signed: Vec<u8>,
    /// The content of its `AlgorithmIdentifier`.
    pub signature_algorithm: Vec<u8>,
    pub signature: Vec<u8>,
    /// The `SubjectPublicKeyInfo`.
    pub key: Vec<u8>,
    /// The content of its `AlgorithmIdentifier`.
    pub key_algorithm: Vec<u8>,
    pub key_bits: Vec<u8>,
}

/// A certificate as plain data.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Whose it is, for a person.
    pub subject: String,
    /// Who has signed it, for a person.
    pub issuer: String,
    /// 1, 2 or 3.
    pub version: u32,
    /// In seconds since 1970.
    pub not_before: i64,
    /// In seconds since 1970.
    pub not_after: i64,
    /// The common names of the subject.
    pub common_names: Vec<String>,
    /// There is a subjectAltName, which then says all that there is to say.
    pub has_alternative_names: bool,
    /// The host names of the subjectAltName.
    pub dns_names: Vec<String>,
    /// The URIs of the subjectAltName.
    pub uris: Vec<String>,
    /// The addresses of the subjectAltName.
    pub addresses: Vec<IpAddr>,
    /// Whether its basicConstraints make it a CA's.
    pub is_ca: bool,
    /// What it may be used for.
    pub uses: Uses,
    /// It restricts the names of what it signs.
    pub has_name_constraints: bool,
    /// A critical extension that is not understood.
    pub unknown_critical: Option<String>,
    /// Of its signature, if that can be forged.
    broken_signature: Option<&'static str>,
    rsa_bits: Option<usize>,
    /// See [`Raw`].
    pub raw: Raw,
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`], with what is wrong.
    pub fn read(der: &[u8]) -> Result<Self, Refusal> {
        let unreadable = |what: &str| Refusal::Unreadable(what.to_owned());
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|error| unreadable(&error.to_string()))?;
        if !rest.is_empty() {
            return Err(unreadable("bytes follow it"));
        }
        if parsed.signature_algorithm != parsed.tbs_certificate.signature {
            return Err(unreadable("it names two signature algorithms"));
        }
        let raw = Raw::of(der, &parsed).ok_or_else(|| unreadable("its parts do not fit"))?;
        let validity = parsed.validity();
        let mut certificate = Self {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            version: match parsed.version() {
                X509Version(number @ 0..=2) => number + 1,
                _ => return Err(unreadable("its version is none of 1, 2 and 3")),
            },
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            common_names: common_names(&parsed),
            has_alternative_names: false,
            dns_names: Vec::new(),
            uris: Vec::new(),
            addresses: Vec::new(),
            is_ca: false,
            uses: Uses::default(),
            has_name_constraints: false,
            unknown_critical: None,
            broken_signature: broken(&parsed),
            rsa_bits: rsa_bits(&parsed),
            raw,
        };
        for extension in parsed.extensions() {
            certificate.note(extension.parsed_extension());
            let is_known = matches!(
                extension.parsed_extension(),
                ParsedExtension::BasicConstraints(_)
                    | ParsedExtension::KeyUsage(_)
                    | ParsedExtension::ExtendedKeyUsage(_)
                    | ParsedExtension::SubjectAlternativeName(_)
            );
            if extension.critical && !is_known {
                certificate.unknown_critical = Some(extension.oid.to_id_string());
            }
        }
        Ok(certificate)
    }

    fn note(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::BasicConstraints(constraints) => self.is_ca = constraints.ca,
            ParsedExtension::KeyUsage(usage) => {
                self.uses.signature = Some(usage.digital_signature());
                self.uses.certificates = Some(usage.key_cert_sign());
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.uses.server = Some(usage.server_auth || usage.any);
                self.uses.client = Some(usage.client_auth || usage.any);
            }
            ParsedExtension::NameConstraints(_) => self.has_name_constraints = true,
            ParsedExtension::SubjectAlternativeName(names) => {
                self.has_alternative_names = true;
                for name in &names.general_names {
                    match name {
                        GeneralName::DNSName(name) => self.dns_names.push((*name).to_owned()),
                        GeneralName::URI(uri) => self.uris.push((*uri).to_owned()),
                        GeneralName::IPAddress(bytes) => self.addresses.extend(address(bytes)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether it is what OWT's guide makes: too old to name hosts properly.
    pub fn is_legacy(&self) -> bool {
        self.version != 3 || !self.has_alternative_names
    }

    /// Whether issuer and subject are the same.
    pub fn is_self_issued(&self) -> bool {
        self.raw.subject == self.raw.issuer
    }

    /// What makes it worthless whoever has signed it.
    pub fn weakness(&self) -> Option<Refusal> {
        if let Some(name) = self.broken_signature {
            return Some(Refusal::WeakSignature(name.to_owned()));
        }
        self.weak_key()
    }

    /// The same of its key alone: what has signed a configured CA is of no concern.
    pub fn weak_key(&self) -> Option<Refusal> {
        let bits = self.rsa_bits?;
        (bits < LEAST_RSA_BITS).then_some(Refusal::WeakKey(bits))
    }

    /// Why it does not count at a time, in seconds since 1970.
    pub fn out_of_date(&self, now: i64) -> Option<Refusal> {
        if now > self.not_after {
            Some(Refusal::Expired(date(self.not_after)))
        } else if now < self.not_before {
            Some(Refusal::NotYetValid(date(self.not_before)))
        } else {
            None
        }
    }

    /// Whom its CA says that it belongs to: what rules are about. Unlike those that a host
    /// is dialed by, common names count beside a subjectAltName.
    pub fn identities(&self) -> Vec<String> {
        let names = self
            .common_names
            .iter()
            .chain(&self.dns_names)
            .chain(&self.uris);
        names.cloned().collect()
    }

    /// What it vouches for, for a person.
    pub fn names(&self) -> String {
        let addresses = self.addresses.iter().map(ToString::to_string);
        let names: Vec<String> = if self.has_alternative_names {
            self.dns_names.iter().cloned().chain(addresses).collect()
        } else {
            self.common_names.clone()
        };
        if names.is_empty() {
            "no name".to_owned()
        } else {
            names.join(", ")
        }
    }
}

impl Raw {
    fn of(der: &[u8], certificate: &X509Certificate<'_>) -> Option<Self> {
        let (_, outer) = Any::from_der(der).ok()?;
        let signed = certificate.tbs_certificate.as_ref();
        let behind = outer.data.get(signed.len()..)?;
        let (_, signature_algorithm) = Any::from_der(behind).ok()?;
        let key = certificate.public_key();
        let (_, key_outer) = Any::from_der(key.raw).ok()?;
        let (_, key_algorithm) = Any::from_der(key_outer.data).ok()?;
        Some(Self {
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            signed: signed.to_vec(),
            signature_algorithm: signature_algorithm.data.to_vec(),
            signature: certificate.signature_value.data.to_vec(),
            key: key.raw.to_vec(),
            key_algorithm: key_algorithm.data.to_vec(),
            key_bits: key.subject_public_key.data.to_vec(),
        })
    }
}

fn common_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let names = certificate.subject().iter_common_name();
    names
        .filter_map(|name| name.as_str().ok().map(str::to_owned))
        .collect()
}

fn broken(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let id = certificate.signature_algorithm.algorithm.to_id_string();
    let found = BROKEN.iter().find(|(broken, _)| *broken == id);
    found.map(|(_, name)| *name)
}

fn rsa_bits(certificate: &X509Certificate<'_>) -> Option<usize> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => Some(key.key_size()),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(four.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

/// A day, for a person.
pub fn date(seconds: i64) -> String {
    match ASN1Time::from_timestamp(seconds) {
        Ok(time) => format!("{} UTC", time.to_datetime().date()),
        Err(_) => format!("{seconds} s after 1970"),
    }
}
