//! A member's way to a registry that has a host and a port: one that stands alone, or one
//! that the first member on its machine becomes.

use std::sync::Weak;

use super::search;
use crate::bus::advertise::Addresses;
use crate::bus::agreement::Terms;
use crate::bus::registry::{Joined, Pending, Registry};
use crate::grpc::target::Target;
use crate::tls::credentials::Mutual;

/// A registry in a process of its own.
#[derive(Debug, Clone)]
pub struct Standalone {
    /// Host and port.
    pub target: Target,
    /// Plaintext may leave this machine.
    pub insecure: bool,
    /// Mutual TLS, for links too, or plaintext.
    pub tls: Option<Mutual>,
}

impl Standalone {
    async fn route(&self) -> Result<Addresses, String> {
        let addresses = self
            .target
            .resolve()
            .await
            .map_err(|error| format!("the registry {} is not found: {error}", self.target))?;
        let first = addresses.first();
        let first = first.ok_or_else(|| format!("the registry {} has no address", self.target))?;
        if !first.ip().is_loopback() && !self.insecure && self.tls.is_none() {
            return Err(format!(
                "the registry {} is not on this machine, and the bus would talk to it in plaintext: \
                 set up TLS, or OWT_GRPC_INSECURE=1 if you trust that network",
                self.target
            ));
        }
        Addresses::by_route_to(*first)
    }
}

impl Registry for Standalone {
    fn addresses(&self) -> Pending<'_, Result<Addresses, String>> {
        Box::pin(self.route())
    }

    fn keep_joined(self: Box<Self>, member: Weak<dyn Joined>, here: bool) -> Pending<'static, ()> {
        Box::pin(search::stay_joined(
            member,
            self.target,
            self.tls,
            here,
            None,
        ))
    }
}

/// A registry that the first member on its machine becomes. From elsewhere it is
/// one that stands alone.
pub struct Embedded {
    /// Where it is, or is to be.
    pub at: Standalone,
    /// Who differs in them is refused.
    pub terms: Terms,
}

impl Registry for Embedded {
    fn addresses(&self) -> Pending<'_, Result<Addresses, String>> {
        self.at.addresses()
    }

    fn keep_joined(self: Box<Self>, member: Weak<dyn Joined>, here: bool) -> Pending<'static, ()> {
        let terms = here.then_some(self.terms);
        Box::pin(search::stay_joined(
            member,
            self.at.target,
            self.at.tls,
            here,
            terms,
        ))
    }
}
