//! Notices that a client is asked for its certificate: what the peer does then may
//! be because of that, whatever it says.

use std::sync::{Arc, OnceLock};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

/// How a client that was asked for its certificate has answered.
#[derive(Debug, Clone)]
pub enum Asked {
    /// It has shown one.
    Shown,
    /// It has none. What to set so that it has.
    HasNone(Arc<str>),
}

impl Asked {
    /// Why a peer may have gone that asked for a certificate.
    pub fn why(&self) -> String {
        match self {
            Self::Shown => "it asked for this side's certificate, and does not say whether it \
                            accepts it; its log says more"
                .to_owned(),
            Self::HasNone(settings) => {
                format!("it asks for a client certificate, and this side has none: set {settings}")
            }
        }
    }
}

tokio::task_local! {
    /// Of the handshake that the present task makes.
    static ASKED: Arc<OnceLock<Asked>>;
}

/// What rustls asks for a certificate.
#[derive(Debug)]
pub struct Resolver {
    identity: Option<Arc<SingleCertAndKey>>,
    settings: Arc<str>,
}

impl Resolver {
    /// `settings` are those that would give a client its certificate.
    pub fn new(identity: Option<Arc<SingleCertAndKey>>, settings: &str) -> Self {
        let settings = settings.into();
        Self { identity, settings }
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let asked = match &self.identity {
            Some(_) => Asked::Shown,
            None => Asked::HasNone(Arc::clone(&self.settings)),
        };
        // Credentials are shared by many connections, a task is one's alone.
        let _ = ASKED.try_with(|slot| slot.set(asked));
        let identity = self.identity.as_ref()?;
        ResolvesClientCert::resolve(&**identity, issuers, schemes)
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

/// Makes a handshake. With its outcome comes what was answered, if a certificate
/// was asked for.
pub async fn noticing<T>(handshake: impl Future<Output = T>) -> (T, Option<Asked>) {
    let slot = Arc::new(OnceLock::new());
    let outcome = ASKED.scope(Arc::clone(&slot), handshake).await;
    (outcome, slot.get().cloned())
}
