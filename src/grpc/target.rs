//! Where a channel connects to.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// A host and a port, as written by the user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    host: String,
    port: u16,
    /// Whom a certificate there is for, if not the host.
    name: Option<String>,
}

/// A text that names no host and port.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "Channel target {text:?} {problem}: expected host:port, such as localhost:10080 or [::1]:10080"
)]
pub struct BadTarget {
    text: String,
    problem: &'static str,
}

impl Target {
    /// The host, as a name or an address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whom the peer's certificate has to be for.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.host)
    }

    /// The same place, whose certificate has to be for another name.
    #[must_use]
    pub fn named(self, name: Option<String>) -> Self {
        Self { name, ..self }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The addresses to try, in order. Asks the system's resolver for a name.
    ///
    /// # Errors
    /// What the resolver said.
    pub async fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        Ok(found.collect())
    }
}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let bad = |problem| BadTarget {
            text: text.to_owned(),
            problem,
        };
        let plain = ["dns:", "ipv4:", "ipv6:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text)
            .trim_start_matches("//")
            .trim_start_matches('/');
        let (host, port) = plain.rsplit_once(':').ok_or_else(|| bad("has no port"))?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            return Err(bad("needs brackets around its IPv6 address"));
        }
        let host = bare.unwrap_or(host);
        if host.is_empty() {
            return Err(bad("has no host"));
        }
        if host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
            return Err(bad("has a host that is not a host name"));
        }
        match port.parse() {
            Ok(port) if port > 0 => Ok(Self {
                host: host.to_owned(),
                port,
                name: None,
            }),
            _ => Err(bad("has a port that is no number from 1 to 65535")),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_grpc_writes_them() {
        for (text, shown) in [
            ("localhost:10080", "localhost:10080"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("dns:a.example:80", "a.example:80"),
            ("dns:///a.example:80", "a.example:80"),
            ("ipv6:[fe80::1]:80", "[fe80::1]:80"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_target_is_said() {
        for (text, problem) in [
            ("", "no port"),
            ("localhost", "no port"),
            (":80", "no host"),
            ("h:0", "65535"),
            ("h:65536", "65535"),
            ("h:x", "65535"),
            ("::1:80", "brackets"),
            ("http://h:80", "brackets"),
            ("a b:80", "host name"),
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(error.contains(&format!("{text:?}")), "{text}: {error}");
        }
    }
}
