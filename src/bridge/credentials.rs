//! Credentials as JS holds them: freed with the last channel, server and JS object
//! that use them.

use std::sync::Arc;

use napi::bindgen_prelude::{Buffer, Result};
use napi_derive::napi;

use super::invalid;
use crate::tls::credentials::{ClientAuth, ClientCredentials, Material, ServerCredentials, Source};

/// What credentials are made of: PEM, but for the key, which is PKCS#8 in DER. Each
/// has a name for errors.
#[napi(object, use_nullable = true)]
pub struct CredentialsOptions {
    pub roots: Option<Buffer>,
    pub roots_name: String,
    pub certificate: Option<Buffer>,
    pub certificate_name: String,
    /// What its file is called, without folder and ending, if it is one.
    pub certificate_stem: Option<String>,
    pub key: Option<Buffer>,
    pub key_name: String,
    /// "require", "optional" or "none": of a server's clients.
    pub client_auth: String,
    /// The setting that asks to refuse certificates of the old kind.
    pub strict: Option<String>,
    /// The settings of certificate and key.
    pub pair: String,
}

/// Certificates, key and CAs, held by JS.
#[napi]
pub struct Credentials {
    role: Role,
    warnings: Vec<String>,
}

enum Role {
    Client(Arc<ClientCredentials>),
    Server(Arc<ServerCredentials>),
}

#[napi]
impl Credentials {
    /// Reads and checks everything.
    #[napi(constructor)]
    pub fn new(for_server: bool, options: CredentialsOptions) -> Result<Self> {
        let material = material(options)?;
        let (role, warnings) = if for_server {
            let (made, warnings) = ServerCredentials::new(material).map_err(invalid)?;
            (Role::Server(made), warnings)
        } else {
            let (made, warnings) = ClientCredentials::new(material).map_err(invalid)?;
            (Role::Client(made), warnings)
        };
        Ok(Self { role, warnings })
    }

    /// What an operator should know of what was read first.
    #[napi]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// From now on new connections are made with this. Returns warnings.
    #[napi]
    pub fn replace(&self, options: CredentialsOptions) -> Result<Vec<String>> {
        let material = material(options)?;
        match &self.role {
            Role::Client(credentials) => credentials.replace(material),
            Role::Server(credentials) => credentials.replace(material),
        }
        .map_err(invalid)
    }
}

impl Credentials {
    pub(super) fn client(&self) -> Result<Arc<ClientCredentials>> {
        match &self.role {
            Role::Client(credentials) => Ok(Arc::clone(credentials)),
            Role::Server(_) => Err(invalid("these credentials are a server's".to_owned())),
        }
    }

    pub(super) fn server(&self) -> Result<Arc<ServerCredentials>> {
        match &self.role {
            Role::Server(credentials) => Ok(Arc::clone(credentials)),
            Role::Client(_) => Err(invalid("these credentials are a client's".to_owned())),
        }
    }
}

pub(super) fn material(options: CredentialsOptions) -> Result<Material> {
    let source = |name: String, bytes: Buffer| Source {
        name,
        bytes: bytes.to_vec(),
        stem: None,
    };
    let identity = match (options.certificate, options.key) {
        (Some(certificate), Some(key)) => Some((
            Source {
                stem: options.certificate_stem,
                ..source(options.certificate_name, certificate)
            },
            source(options.key_name, key),
        )),
        (None, None) => None,
        _ => {
            return Err(invalid(
                "a certificate and its key belong together".to_owned(),
            ));
        }
    };
    Ok(Material {
        roots: options.roots.map(|bytes| source(options.roots_name, bytes)),
        identity,
        client_auth: match &*options.client_auth {
            "none" => ClientAuth::None,
            "optional" => ClientAuth::Optional,
            _ => ClientAuth::Required,
        },
        strict: options.strict,
        pair: options.pair,
    })
}
