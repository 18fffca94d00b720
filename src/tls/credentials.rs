//! What one side of TLS is configured with, and how it is replaced while
//! connections are made: those that stand keep what they were made with.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ServerConfig};

use super::asked::Resolver;
use super::certificate::{Certificate, date};
use super::identity::{Identity, Problem};
use super::legacy::Purpose;
use super::refusal::Refusal;
use super::trust::Trust;
use super::verifier::{ClientVerifier, ServerVerifier};

/// What gRPC is called in the handshake.
pub const ALPN: &[u8] = b"h2";
/// A certificate that ends sooner than this is worth a warning: 30 days.
const SOON: i64 = 30 * 24 * 3600;

/// What a server asks of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// A certificate of a configured CA.
    Required,
    /// The same, or none.
    Optional,
    /// Clients are not asked for certificates.
    None,
}

/// A file, or a setting that has its content, and what to call it in errors.
pub struct Source {
    /// Such as `OWT_GRPC_ROOT_CERT /etc/owt/ca.crt`.
    pub name: String,
    /// PEM, or for a key DER.
    pub bytes: Vec<u8>,
    /// What the file is called, without folder and ending, if it is one.
    pub stem: Option<String>,
}

/// What credentials are made of.
pub struct Material {
    /// CAs, in PEM.
    pub roots: Option<Source>,
    /// This side's chain in PEM, and its key.
    pub identity: Option<(Source, Source)>,
    /// What a server does about its clients' certificates.
    pub client_auth: ClientAuth,
    /// The setting that asks to refuse certificates of the old kind.
    pub strict: Option<String>,
    /// The settings of certificate and key, for a person.
    pub pair: String,
}

/// What was made, and what an operator should know.
struct Made<T> {
    config: Arc<T>,
    names: Vec<String>,
    identities: Vec<String>,
    warnings: Vec<String>,
}

/// A configuration that may be replaced at any time, on any thread. Two are equal
/// if they are the same.
pub struct Credentials<T> {
    config: ArcSwap<T>,
    names: ArcSwap<Vec<String>>,
    identities: ArcSwap<Vec<String>>,
    read: fn(Material) -> Result<Made<T>, String>,
}

/// What a client shows, and whom it believes.
pub type ClientCredentials = Credentials<ClientConfig>;
/// What a server shows, and whom it believes.
pub type ServerCredentials = Credentials<ServerConfig>;

/// Of one who serves and dials, as a member of the bus does.
#[derive(Debug, Clone)]
pub struct Mutual {
    /// What it shows to those who dial it.
    pub server: Arc<ServerCredentials>,
    /// What it shows to those whom it dials.
    pub client: Arc<ClientCredentials>,
}

impl<T> Credentials<T> {
    fn with(
        material: Material,
        read: fn(Material) -> Result<Made<T>, String>,
    ) -> Result<(Arc<Self>, Vec<String>), String> {
        let made = read(material)?;
        let credentials = Self {
            config: ArcSwap::new(made.config),
            names: ArcSwap::from_pointee(made.names),
            identities: ArcSwap::from_pointee(made.identities),
            read,
        };
        Ok((Arc::new(credentials), made.warnings))
    }

    /// Replaces what new connections are made with; if it fails nothing changes.
    /// Returns what an operator should know.
    ///
    /// # Errors
    /// As when they were made.
    pub fn replace(&self, material: Material) -> Result<Vec<String>, String> {
        let made = (self.read)(material)?;
        self.config.store(made.config);
        self.names.store(Arc::new(made.names));
        self.identities.store(Arc::new(made.identities));
        Ok(made.warnings)
    }

    /// What the next connection is made with.
    pub fn config(&self) -> Arc<T> {
        self.config.load_full()
    }

    /// What this side's certificate vouches for: host names and addresses.
    pub fn names(&self) -> Arc<Vec<String>> {
        self.names.load_full()
    }

    /// Whom this side's certificate belongs to, as others see it: see
    /// [`Certificate::identities`].
    pub fn identities(&self) -> Arc<Vec<String>> {
        self.identities.load_full()
    }
}

impl ClientCredentials {
    /// Credentials of a client, and warnings.
    ///
    /// # Errors
    /// What is wrong, in which file.
    pub fn new(material: Material) -> Result<(Arc<Self>, Vec<String>), String> {
        Self::with(material, client)
    }
}

impl ServerCredentials {
    /// Credentials of a server, and warnings.
    ///
    /// # Errors
    /// What is wrong, in which file.
    pub fn new(material: Material) -> Result<(Arc<Self>, Vec<String>), String> {
        Self::with(material, server)
    }
}

impl<T> fmt::Debug for Credentials<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

fn client(material: Material) -> Result<Made<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let mut warnings = Vec::new();
    let roots = material.roots.ok_or("TLS needs the certificates of CAs")?;
    let trust = trust(&roots, material.strict.clone(), &provider, &mut warnings)?;
    let verifier = ServerVerifier::new(trust);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let (resolver, names, identities) = match material.identity {
        Some(files) => {
            let strict = (material.strict, Purpose::Client);
            let identity = identity(files, strict, &provider, &mut warnings)?;
            let certificate = &identity.certificate;
            (
                Some(identity.resolver),
                names(certificate),
                certificate.identities(),
            )
        }
        None => (None, Vec::new(), Vec::new()),
    };
    let resolver = Resolver::new(resolver, &material.pair);
    let mut config = builder.with_client_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Made {
        config: Arc::new(config),
        names,
        identities,
        warnings,
    })
}

fn server(material: Material) -> Result<Made<ServerConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let mut warnings = Vec::new();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| error.to_string())?;
    let builder = if material.client_auth == ClientAuth::None {
        builder.with_no_client_auth()
    } else {
        let roots = material
            .roots
            .ok_or("clients' certificates need the certificates of CAs")?;
        let trust = trust(&roots, material.strict.clone(), &provider, &mut warnings)?;
        let mandatory = material.client_auth == ClientAuth::Required;
        let verifier = ClientVerifier::new(trust, mandatory, Arc::clone(&provider))?;
        builder.with_client_cert_verifier(Arc::new(verifier))
    };
    let files = material
        .identity
        .ok_or("a TLS server needs a certificate and its key")?;
    let strict = (material.strict, Purpose::Server);
    let identity = identity(files, strict, &provider, &mut warnings)?;
    let names = names(&identity.certificate);
    let identities = identity.certificate.identities();
    let mut config = builder.with_cert_resolver(identity.resolver);
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Made {
        config: Arc::new(config),
        names,
        identities,
        warnings,
    })
}

fn trust(
    roots: &Source,
    strict: Option<String>,
    provider: &CryptoProvider,
    warnings: &mut Vec<String>,
) -> Result<Trust, String> {
    let trust = Trust::read(&roots.bytes, strict, provider)
        .map_err(|problem| format!("{} {problem}", roots.name))?;
    for ca in &trust.cas {
        check_dates(&roots.name, ca, warnings)?;
    }
    Ok(trust)
}

fn identity(
    (chain, key): (Source, Source),
    (strict, purpose): (Option<String>, Purpose),
    provider: &CryptoProvider,
    warnings: &mut Vec<String>,
) -> Result<Identity, String> {
    let identity =
        Identity::read(&chain.bytes, key.bytes, provider).map_err(|problem| match problem {
            Problem::Certificate(text) => format!("{} {text}", chain.name),
            Problem::Key(text) => format!("{} {text}", key.name),
        })?;
    if let Some(setting) = strict
        && identity.certificate.is_legacy()
    {
        let refusal = Refusal::Strict {
            setting,
            host: identity.certificate.names(),
            stem: chain.stem.unwrap_or_else(|| purpose.name().to_owned()),
        };
        return Err(format!("{} is not accepted: {refusal}", chain.name));
    }
    check_dates(&chain.name, &identity.certificate, warnings)?;
    Ok(identity)
}

/// A certificate that has ended is an error, one that ends soon a warning.
fn check_dates(
    file: &str,
    certificate: &Certificate,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    let subject = &certificate.subject;
    if let Some(why) = certificate.out_of_date(now) {
        let text = format!("{file}: the certificate of \"{subject}\" cannot be used: {why}");
        return Err(text);
    }
    if certificate.not_after - now < SOON {
        let day = date(certificate.not_after);
        warnings.push(format!(
            "{file}: the certificate of \"{subject}\" expires on {day}: replace it before"
        ));
    }
    Ok(())
}

fn names(certificate: &Certificate) -> Vec<String> {
    if certificate.has_alternative_names {
        let addresses = certificate.addresses.iter().map(ToString::to_string);
        certificate
            .dns_names
            .iter()
            .cloned()
            .chain(addresses)
            .collect()
    } else {
        certificate.common_names.clone()
    }
}
