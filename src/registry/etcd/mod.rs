//! The registry on an etcd cluster: there is no state of ours but in etcd. Every
//! member comes to it itself, and plays the registry's part of its own session.
//!
//! `replica` is that part without sockets, `effects` how it is found out that all
//! members know of a change; `keys` is what is where, `listing` reads all of it; `rpc`
//! calls etcd, `session` is one connection's life, `explain` says what etcd's errors
//! mean, and here is what goes from one session to the next.

mod effects;
mod explain;
pub mod keys;
pub mod listing;
#[cfg(test)]
mod model;
pub mod replica;
mod rpc;
mod session;
pub mod wire;

use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use self::explain::Explain;
use self::keys::Keys;
use self::replica::Replica;
use self::rpc::Endpoint;
pub use self::rpc::Login;
use self::session::{Common, End};
use crate::bus::advertise::{Addresses, Locality};
use crate::bus::agreement::Terms;
use crate::bus::application::Delivery;
use crate::bus::registry::{Joined, Pending, Registry};
use crate::grpc::backoff::{Doubling, STOOD};
use crate::grpc::target::Target;
use crate::registry::complaints::Complaints;
use crate::tls::credentials::ClientCredentials;

/// Pauses between attempts: etcd that answers again is found within a second.
const PAUSES: Doubling = Doubling {
    first: 50,
    longest: 800,
};

/// What the registry on etcd is made with.
pub struct Etcd {
    /// The members of the etcd cluster, at least one.
    pub endpoints: Vec<Target>,
    /// Of all keys: begins with a slash and does not end with one.
    pub prefix: String,
    /// Members of other clusters are not seen, those of other versions not talked to.
    pub terms: Terms,
    /// The name of the member whose way to etcd this is.
    pub name: String,
    /// Where etcd asks who is there.
    pub login: Option<Login>,
    /// TLS to etcd, or plaintext.
    pub tls: Option<Arc<ClientCredentials>>,
    /// Plaintext may leave this machine.
    pub insecure: bool,
    /// The members' links have TLS.
    pub links_have_tls: bool,
}

impl Etcd {
    async fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        let mut found = Vec::new();
        let mut failure = String::new();
        for endpoint in &self.endpoints {
            match endpoint.resolve().await {
                Ok(addresses) => found.extend(addresses),
                Err(error) => failure = format!("etcd's {endpoint} is not found: {error}"),
            }
        }
        if found.is_empty() {
            return Err(failure);
        }
        Ok(found)
    }

    fn check_plaintext(&self, addresses: &[SocketAddr]) -> Result<(), String> {
        let stays = addresses.iter().all(|address| address.ip().is_loopback());
        let (what, how) = if stays || self.insecure {
            return Ok(());
        } else if self.tls.is_none() {
            ("the bus would talk to it", "TLS to etcd (OWT_GRPC_ETCD_CA)")
        } else if self.links_have_tls {
            return Ok(());
        } else {
            ("members would talk to each other", "TLS")
        };
        Err(format!(
            "etcd is not on this machine, and {what} in plaintext: set up {how}, or \
             OWT_GRPC_INSECURE=1 if you trust that network"
        ))
    }

    async fn stay_joined(self, node: Weak<dyn Joined>) {
        let random = RandomState::new();
        let keys = Keys::new(&self.prefix, &self.terms);
        let mut replica = Replica::new(
            self.name.clone(),
            self.terms.clone(),
            random.hash_one("replica"),
        );
        let started = Instant::now();
        let mut complaints = Complaints::default();
        let mut pauses = 0;
        // Members spread over the endpoints.
        let first = usize::try_from(random.hash_one("first") >> 32).unwrap_or(0);
        for attempt in 0_usize.. {
            let endpoint =
                &self.endpoints[(first % self.endpoints.len() + attempt) % self.endpoints.len()];
            let login = self.login.as_ref();
            let explain = Explain {
                endpoint,
                login,
                prefix: &self.prefix,
            };
            let common = Common {
                node: &node,
                keys: &keys,
                name: &self.name,
                started,
                explain,
            };
            let began = Instant::now();
            let (end, told) = match Endpoint::open(endpoint.clone(), self.tls.clone(), login).await
            {
                Ok(endpoint) => {
                    session::run(&common, &mut replica, &mut complaints, endpoint).await
                }
                Err(status) => (End::Lost(status), false),
            };
            let Some(owner) = node.upgrade() else { return };
            let End::Lost(status) = end else { return };
            if began.elapsed() >= STOOD {
                pauses = 0;
            }
            if told {
                complaints.clear();
            }
            match explain.hopeless(&status) {
                Some(why) if !replica.has_stood() => {
                    return owner.deliver(Delivery::Refused { why });
                }
                None if told => {}
                _ => complaints.no_registry(&*owner, &explain.text(&status)),
            }
            drop(owner);
            let pause = PAUSES.time_after(pauses);
            tokio::time::sleep(jitter(pause, random.hash_one(attempt))).await;
            pauses += 1;
        }
    }
}

/// Members that lost etcd together do not come back in step.
fn jitter(pause: Duration, random: u64) -> Duration {
    let part = u32::try_from(random % 1000).unwrap_or(0);
    pause / 2 + pause / 2000 * part
}

impl Registry for Etcd {
    fn addresses(&self) -> Pending<'_, Result<Addresses, String>> {
        Box::pin(async {
            let addresses = self.resolve().await?;
            self.check_plaintext(&addresses)?;
            // An endpoint on this machine says nothing about the way to others.
            let elsewhere = addresses.iter().find(|address| !address.ip().is_loopback());
            Addresses::by_route_to(
                *elsewhere
                    .or(addresses.first())
                    .ok_or("etcd has no address")?,
            )
        })
    }

    /// It has users of its own.
    fn proves(&self) -> bool {
        false
    }

    fn keep_joined(self: Box<Self>, member: Weak<dyn Joined>, _: Locality) -> Pending<'static, ()> {
        Box::pin(self.stay_joined(member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_jittered_by_half() {
        let pause = Duration::from_millis(800);
        assert_eq!(jitter(pause, 0), pause / 2);
        assert!(jitter(pause, 999) < pause);
        assert!(jitter(pause, 999) > pause * 99 / 100);
    }
}
