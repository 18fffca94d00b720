//! Members that would not reach each other, as far as their addresses tell: one
//! that others are to dial at a loopback address, and one on another machine.

use std::net::IpAddr;

use crate::bus::member::TAP;
use crate::bus::profile::Profile;
use crate::bus::wire::{Record, Subscription};

/// Whether only its own machine reaches an address. `None` for a name, which may
/// mean one thing here and another there.
fn is_local(address: &str) -> Option<bool> {
    let (host, _) = address.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    if host == "localhost" {
        return Some(true);
    }
    let address: IpAddr = bare.unwrap_or(host).parse().ok()?;
    Some(address.to_canonical().is_loopback())
}

/// A member, as far as it matters here.
#[derive(Clone, Copy)]
pub struct Located<'a> {
    member: &'a str,
    address: &'a str,
    /// Somebody might want to dial it.
    offers: bool,
}

fn is_offer(topic: &Subscription) -> bool {
    topic.exchange != TAP
}

impl<'a> From<&'a Record> for Located<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            member: &record.member,
            address: &record.address,
            offers: !record.ids.is_empty() || record.subscriptions.iter().any(is_offer),
        }
    }
}

impl<'a> From<&'a Profile> for Located<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            offers: profile.ids().len() > 0 || profile.subscriptions().any(is_offer),
            ..Self::from(&profile.who)
        }
    }
}

/// Why a member should not come in among these: for a person.
pub fn objection<'a>(
    newcomer: impl Into<Located<'a>>,
    others: impl IntoIterator<Item = impl Into<Located<'a>>>,
) -> Option<String> {
    let newcomer = newcomer.into();
    let is_newcomer_local = is_local(newcomer.address)?;
    let mut others = others.into_iter().map(Into::into);
    let other: Located = others.find(|other: &Located| {
        let is_apart = is_local(other.address) == Some(!is_newcomer_local);
        is_apart && (is_newcomer_local || other.offers)
    })?;
    let (local, remote) = if is_newcomer_local {
        (newcomer, other)
    } else {
        (other, newcomer)
    };
    Some(format!(
        "the member {} is to be dialed at {}, which only its own machine reaches, and the member {} \
         is at {}: the former has to be started with the registry's address on the network that \
         both share (OWT_GRPC_REGISTRY), or with its own (OWT_GRPC_ADVERTISE)",
        local.member, local.address, remote.member, remote.address
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, ids: &[&str]) -> Record {
        Record {
            member: format!("member at {address}"),
            address: address.to_owned(),
            ids: ids.iter().map(ToString::to_string).collect(),
            ..Record::default()
        }
    }

    #[test]
    fn a_loopback_address_and_another_do_not_go_together() {
        for local in ["127.0.0.1:1", "localhost:1", "[::1]:1", "127.3.2.1:1"] {
            for remote in ["10.0.0.5:1", "[fd00::5]:1"] {
                let (a, b) = (at(local, &["a"]), at(remote, &[]));
                for why in [objection(&a, [&b]), objection(&b, [&a])] {
                    let why = why.unwrap();
                    assert!(why.contains(local) && why.contains(remote), "{why}");
                    assert!(why.contains("OWT_GRPC_ADVERTISE"), "{why}");
                }
            }
        }
    }

    #[test]
    fn what_may_work_is_let_in() {
        for (newcomer, other) in [
            (at("127.0.0.1:1", &["a"]), at("[::1]:1", &["a"])),
            (at("10.0.0.5:1", &["a"]), at("[fd00::5]:1", &["a"])),
            (at("a.example:1", &["a"]), at("localhost:1", &["a"])),
            (at("localhost:1", &["a"]), at("a.example:1", &["a"])),
            // It looks on and offers nothing.
            (at("10.0.0.5:1", &["a"]), at("localhost:1", &[])),
        ] {
            assert_eq!(objection(&newcomer, [&other]), None, "{newcomer:?}");
        }
    }
}
