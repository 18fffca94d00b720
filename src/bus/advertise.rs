//! Where a member listens, and what it tells others to dial.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where the registry's address is, seen from this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locality {
    /// On loopback, which only this machine reaches.
    Loopback,
    /// At an address of this machine that others reach, too.
    OwnAddress,
    /// On another machine.
    Elsewhere,
}

/// The address that a member binds, and the one that it tells others.
pub struct Addresses {
    /// The address to bind.
    pub listen: IpAddr,
    /// The address others use.
    pub advertise: IpAddr,
    /// Where the registry's is.
    pub registry: Locality,
}

impl Addresses {
    /// By the address of the registry: on loopback everything stays there.
    ///
    /// # Errors
    /// There is no route to it.
    pub fn by_route_to(registry: SocketAddr) -> Result<Self, String> {
        if registry.ip().is_loopback() {
            return Ok(Self {
                listen: registry.ip(),
                advertise: registry.ip(),
                registry: Locality::Loopback,
            });
        }
        let (any, port): (IpAddr, _) = if registry.is_ipv4() {
            (Ipv4Addr::UNSPECIFIED.into(), 0)
        } else {
            (Ipv6Addr::UNSPECIFIED.into(), 0)
        };
        // Nothing is sent: connecting a datagram socket only asks for the route.
        let route = std::net::UdpSocket::bind((any, port)).and_then(|socket| {
            socket.connect(registry)?;
            socket.local_addr()
        });
        let local =
            route.map_err(|error| format!("no route to the registry {registry}: {error}"))?;
        Ok(Self {
            listen: any,
            advertise: local.ip(),
            // Only an address of this machine is reached from that address itself.
            registry: if local.ip() == registry.ip() {
                Locality::OwnAddress
            } else {
                Locality::Elsewhere
            },
        })
    }

    /// Whether others could dial what this member is told to advertise.
    ///
    /// # Errors
    /// They could not, for a person.
    pub fn allows(&self, advertised: &str) -> Result<(), String> {
        let address = advertised.parse::<IpAddr>().ok();
        let address = address.map(|address| address.to_canonical());
        let here = self.advertise;
        if address.is_some_and(|address| address.is_unspecified()) {
            return Err(format!(
                "the address {advertised} to advertise means all of this machine's, and other \
                 members need one of them: set OWT_GRPC_ADVERTISE to {here}, or to nothing"
            ));
        }
        let is_local =
            advertised == LOCALHOST || address.is_some_and(|address| address.is_loopback());
        if is_local && !here.is_loopback() {
            return Err(format!(
                "the address {advertised} to advertise leads nowhere from other machines, and the \
                 registry is on one: set OWT_GRPC_ADVERTISE to an address of this machine that \
                 other members addresses, or to nothing, which means {here}"
            ));
        }
        Ok(())
    }

    /// What others dial when they check certificates: the address if this side's
    /// certificate is for it, else a host name that it is for.
    ///
    /// # Errors
    /// It is for nothing that leads here.
    pub fn vouched_for(&self, names: &[String]) -> Result<String, String> {
        let address = self.advertise.to_string();
        let is_host = |name: &&String| !name.contains('*') && name.parse::<IpAddr>().is_err();
        let mut hosts = names.iter().filter(is_host);
        let local = names.iter().find(|name| *name == LOCALHOST);
        let found = if names.contains(&address) {
            Some(&address)
        } else if self.advertise.is_loopback() {
            local.or_else(|| hosts.next())
        } else {
            hosts.find(|name| *name != LOCALHOST)
        };
        found.cloned().ok_or_else(|| {
            format!(
                "this member's certificate is for {}, and other members would dial it at {address}: \
                 make one with subjectAltName=IP:{address} or for its host name, or set \
                 OWT_GRPC_ADVERTISE to a name that it is for",
                if names.is_empty() {
                    "nothing".to_owned()
                } else {
                    names.join(", ")
                }
            )
        })
    }
}

const LOCALHOST: &str = "localhost";

#[cfg(test)]
mod tests {
    use super::*;

    fn vouched_for(advertise: &str, names: &[&str]) -> Result<String, String> {
        let advertise: IpAddr = advertise.parse().unwrap();
        let addresses = Addresses {
            listen: advertise,
            advertise,
            registry: Locality::Elsewhere,
        };
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        addresses.vouched_for(&names)
    }

    #[test]
    fn what_others_could_not_dial_is_not_advertised() {
        let addresses = |advertise: &str| {
            let advertise = advertise.parse().unwrap();
            Addresses {
                listen: advertise,
                advertise,
                registry: Locality::Elsewhere,
            }
        };
        for bad in [
            "127.0.0.1",
            "localhost",
            "::1",
            "0.0.0.0",
            "::",
            "::ffff:127.0.0.1",
        ] {
            let why = addresses("10.0.0.5").allows(bad).unwrap_err();
            assert!(why.contains(bad) && why.contains("10.0.0.5"), "{why}");
        }
        for good in ["10.0.0.6", "a.example", "fd00::1"] {
            assert_eq!(addresses("10.0.0.5").allows(good), Ok(()));
        }
        for good in ["127.0.0.2", "localhost", "10.0.0.5"] {
            assert_eq!(addresses("127.0.0.1").allows(good), Ok(()));
        }
    }

    #[test]
    fn a_member_is_dialed_by_what_its_certificate_is_for() {
        for (advertise, names, expected) in [
            ("127.0.0.1", &["localhost"][..], "localhost"),
            ("127.0.0.1", &["localhost", "127.0.0.1"], "127.0.0.1"),
            ("127.0.1.1", &["a.example"], "a.example"),
            (
                "10.0.0.5",
                &["localhost", "*.example", "a.example"],
                "a.example",
            ),
            ("10.0.0.5", &["a.example", "10.0.0.5"], "10.0.0.5"),
        ] {
            assert_eq!(vouched_for(advertise, names), Ok(expected.to_owned()));
        }
        for names in [&["localhost"][..], &[], &["*.example"], &["10.0.0.6"]] {
            let why = vouched_for("10.0.0.5", names).unwrap_err();
            assert!(why.contains("OWT_GRPC_ADVERTISE"), "{why}");
        }
    }
}
