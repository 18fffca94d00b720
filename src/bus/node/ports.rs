//! The ports that a member may listen on, where somebody has named them.

use std::hash::{BuildHasher as _, RandomState};
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};

/// See the module.
#[derive(Debug, Clone)]
pub struct Ports {
    /// The first of them.
    pub first: u16,
    /// The last, which may be the first.
    pub last: u16,
    /// Where they are named, for errors.
    pub setting: String,
}

impl Ports {
    /// Whether there is no other to go to.
    pub fn is_one(&self) -> bool {
        self.first == self.last
    }

    /// Each of them once, beginning anywhere: processes that start together do not all
    /// try the same ones.
    pub fn in_turn(&self) -> impl Iterator<Item = u16> + use<> {
        let (first, last) = (self.first, self.last.max(self.first));
        let chance = RandomState::new().hash_one(self.first);
        let span = u64::from(last - first) + 1;
        let begin = first + u16::try_from(chance % span).unwrap_or_default();
        (begin..=last).chain(first..begin)
    }

    /// Whether another port may do where this one does not: somebody has it, or the
    /// system keeps it for itself.
    pub fn is_of_port(error: &Error) -> bool {
        matches!(
            error.kind(),
            ErrorKind::AddrInUse | ErrorKind::PermissionDenied
        )
    }

    /// Why none could be taken, for a person.
    pub fn none_free(&self, ip: IpAddr, error: &Error) -> String {
        let Self {
            first,
            last,
            setting,
        } = self;
        if !Self::is_of_port(error) {
            return format!("this member cannot listen at {ip}, on a port of {setting}: {error}");
        }
        let remedy = if error.kind() == ErrorKind::AddrInUse {
            "each process of the bus on this machine needs a port of its own, and hands its \
             environment to those that it starts"
        } else {
            "ports below 1024 need privileges, and some systems keep others for themselves"
        };
        if self.is_one() {
            let address = SocketAddr::new(ip, *first);
            return format!(
                "this member cannot listen at {address}, the port that {setting} names: {error}. \
                 {remedy}: name a range there, such as 7000-7099"
            );
        }
        format!(
            "this member cannot listen at {ip}: none of the ports {first}-{last} that {setting} \
             names is free, the last answer was: {error}. {remedy}: name more ports there, or end \
             what holds these"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn ports(first: u16, last: u16) -> Ports {
        Ports {
            first,
            last,
            setting: "OWT_GRPC_PORTS".to_owned(),
        }
    }

    #[test]
    fn each_port_of_a_range_is_tried_once_and_not_always_the_same_one_first() {
        for (first, last) in [(7000, 7000), (7000, 7019), (1, u16::MAX)] {
            let tried: Vec<u16> = ports(first, last).in_turn().collect();
            assert_eq!(tried.len(), usize::from(last - first) + 1);
            let each: BTreeSet<u16> = tried.into_iter().collect();
            assert_eq!(each, (first..=last).collect());
        }
        let begin = |_| ports(7000, 7999).in_turn().next();
        assert!((0..20).map(begin).collect::<BTreeSet<_>>().len() > 1);
        // Backwards there is one.
        assert_eq!(ports(7001, 7000).in_turn().collect::<Vec<_>>(), [7001]);
    }

    #[test]
    fn the_reason_why_there_is_no_port_names_address_ports_setting_and_remedy() {
        let ip: IpAddr = "fd00::5".parse().unwrap();
        let why = |ports: Ports, kind: ErrorKind| ports.none_free(ip, &kind.into());
        for (text, parts) in [
            (
                why(ports(7000, 7000), ErrorKind::AddrInUse),
                &["[fd00::5]:7000", "OWT_GRPC_PORTS", "name a range"][..],
            ),
            (
                why(ports(7000, 7019), ErrorKind::AddrInUse),
                &["fd00::5", "7000-7019", "OWT_GRPC_PORTS", "more ports"],
            ),
            (
                why(ports(80, 81), ErrorKind::PermissionDenied),
                &["fd00::5", "80-81", "OWT_GRPC_PORTS", "privileges"],
            ),
            (
                why(ports(7000, 7019), ErrorKind::AddrNotAvailable),
                &["fd00::5", "OWT_GRPC_PORTS"],
            ),
        ] {
            for part in parts {
                assert!(text.contains(part), "{text}: {part}");
            }
        }
    }
}
