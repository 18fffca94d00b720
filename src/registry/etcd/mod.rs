//! The registry on an etcd cluster: there is no state of ours but in etcd. Every
//! member comes to it itself, and plays the registry's part of its own session.
//!
//! `desk` is that part without sockets, `effects` how it is found out that all
//! members know of a change; `keys` is what is where; `rpc` calls etcd, `session`
//! is one connection's life, and here is what goes from one to the next.

mod desk;
mod effects;
mod keys;
#[cfg(test)]
mod model;
mod rpc;
mod session;
mod wire;

use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use self::desk::Desk;
use self::keys::Keys;
use self::rpc::Endpoint;
pub use self::rpc::Login;
use self::session::{End, Place};
use super::{Pending, Registry, complain};
use crate::bus::application::Delivery;
use crate::bus::node::Node;
use crate::bus::reach::Reach;
use crate::grpc::status::{Code, Status};
use crate::grpc::target::Target;
use crate::tls::credentials::ClientCredentials;

/// Pauses between attempts: etcd that answers again is found within a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// What the registry on etcd is made with.
pub struct Etcd {
    /// The members of the etcd cluster, at least one.
    pub endpoints: Vec<Target>,
    /// Of all keys: begins with a slash and does not end with one.
    pub prefix: String,
    /// Members of other clusters are not seen.
    pub cluster: String,
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
    async fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
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

    /// What waiting would not mend, for a person.
    fn hopeless(&self, status: &Status, endpoint: &Target) -> Option<String> {
        let text = &status.details;
        if status.code == Code::UNIMPLEMENTED {
            return Some(format!("{endpoint} is a gRPC server, but no etcd"));
        }
        if text.contains("authentication failed") {
            return Some(format!(
                "etcd at {endpoint} does not accept user or password"
            ));
        }
        if text.contains("user name is empty") {
            return Some(format!(
                "etcd at {endpoint} asks for a user and password, and there are none in the settings"
            ));
        }
        (status.code == Code::PERMISSION_DENIED).then(|| {
            let user = self.login.as_ref().map_or("this member", |login| &login.user);
            let prefix = &self.prefix;
            format!(
                "etcd does not let {user} read and write keys below {prefix}/: grant that to a role \
                 of the user"
            )
        })
    }

    async fn stay_joined(self, node: Weak<Node>) {
        let random = RandomState::new();
        let keys = Keys::new(&self.prefix, &self.cluster);
        let mut desk = Desk::new(self.name.clone(), random.hash_one("desk"));
        let place = Place {
            node: &node,
            keys: &keys,
            name: &self.name,
            started: Instant::now(),
        };
        let mut complained = String::new();
        let mut pause = FIRST_PAUSE;
        // Members spread over the endpoints.
        let first = usize::try_from(random.hash_one("first") >> 32).unwrap_or(0);
        for attempt in 0_usize.. {
            let endpoint =
                &self.endpoints[(first % self.endpoints.len() + attempt) % self.endpoints.len()];
            let tls = self.tls.clone();
            let (end, stood) =
                match Endpoint::open(endpoint.clone(), tls, self.login.as_ref()).await {
                    Ok(endpoint) => session::run(&place, &mut desk, endpoint).await,
                    Err(status) => (End::Lost(status), false),
                };
            let Some(owner) = node.upgrade() else { return };
            let End::Lost(status) = end else { return };
            if stood {
                pause = FIRST_PAUSE;
                complained.clear();
            }
            match self.hopeless(&status, endpoint) {
                Some(why) if !desk.has_stood() => {
                    return owner.deliver(Delivery::Refused { why });
                }
                Some(why) => complain(&owner, &mut complained, &why),
                None if stood => {}
                None => complain(
                    &owner,
                    &mut complained,
                    &format!("etcd at {endpoint}: {}", status.details),
                ),
            }
            drop(owner);
            tokio::time::sleep(jitter(pause, random.hash_one(attempt))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Members that lost etcd together do not come back in step.
fn jitter(pause: Duration, random: u64) -> Duration {
    let part = u32::try_from(random % 1000).unwrap_or(0);
    pause / 2 + pause / 2000 * part
}

impl Registry for Etcd {
    fn reach(&self) -> Pending<'_, Result<Reach, String>> {
        Box::pin(async {
            let addresses = self.addresses().await?;
            self.check_plaintext(&addresses)?;
            // An endpoint on this machine says nothing about the way to others.
            let elsewhere = addresses.iter().find(|address| !address.ip().is_loopback());
            Reach::by_route_to(
                *elsewhere
                    .or(addresses.first())
                    .ok_or("etcd has no address")?,
            )
        })
    }

    fn keep_joined(self: Box<Self>, node: Weak<Node>, _: bool) -> Pending<'static, ()> {
        Box::pin(self.stay_joined(node))
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
