//! A member's way to a registry that has a host and a port: one that stands alone, or one
//! that the first member on its machine becomes.

use std::net::SocketAddr;
use std::sync::Weak;

use super::search::{self, Hosting};
use crate::bus::advertise::{Addresses, Locality};
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
        let first = *first.ok_or_else(|| format!("the registry {} has no address", self.target))?;
        let by_route = Addresses::by_route_to(first);
        if first.ip().is_loopback() || self.insecure || self.tls.is_some() {
            return by_route;
        }
        Err(match by_route.map(|addresses| addresses.registry) {
            Ok(Locality::OwnAddress) => self.in_plaintext_at_own(first),
            _ => format!(
                "the registry {} is not on this machine, and the bus would talk to it in plaintext: \
                 set up TLS, or OWT_GRPC_INSECURE=1 if you trust that network",
                self.target
            ),
        })
    }

    /// A name for this machine. Were it taken for loopback, members of other machines that
    /// have the same settings would be elsewhere without a word.
    fn in_plaintext_at_own(&self, address: SocketAddr) -> String {
        format!(
            "the registry {} is this machine's own address {}, which other machines reach, too, and \
             the bus would talk to it in plaintext. If all modules are on this machine: [rabbit] \
             host = \"localhost\", or OWT_GRPC_REGISTRY=localhost:{}. For several machines: set up \
             TLS, or OWT_GRPC_INSECURE=1 if you trust that network, and run `owt-grpc registry \
             --listen {address}`",
            self.target,
            address.ip(),
            address.port(),
        )
    }
}

impl Registry for Standalone {
    fn addresses(&self) -> Pending<'_, Result<Addresses, String>> {
        Box::pin(self.route())
    }

    fn keep_joined(
        self: Box<Self>,
        member: Weak<dyn Joined>,
        at: Locality,
    ) -> Pending<'static, ()> {
        Box::pin(search::stay_joined(member, self.target, self.tls, at, None))
    }
}

/// A registry that the first member on its machine becomes. From elsewhere it is
/// one that stands alone.
pub struct Embedded {
    /// Where it is, or is to be.
    pub at: Standalone,
    /// Who differs in them is refused.
    pub terms: Terms,
    /// Addresses of this machine at which another one would be noticed.
    pub beside: Vec<String>,
}

impl Registry for Embedded {
    fn addresses(&self) -> Pending<'_, Result<Addresses, String>> {
        self.at.addresses()
    }

    fn keep_joined(
        self: Box<Self>,
        member: Weak<dyn Joined>,
        at: Locality,
    ) -> Pending<'static, ()> {
        let hosting = (at == Locality::Loopback).then_some(Hosting {
            terms: self.terms,
            beside: self.beside,
        });
        Box::pin(search::stay_joined(
            member,
            self.at.target,
            self.at.tls,
            at,
            hosting,
        ))
    }
}
