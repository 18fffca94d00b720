//! Where a channel connects to.

use std::borrow::Cow;
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
#[error("{what} {text:?} {problem}: expected host:port, such as localhost:10080 or [::1]:10080")]
pub struct BadTarget {
    what: &'static str,
    text: String,
    problem: Cow<'static, str>,
}

impl BadTarget {
    /// The same of an address that is not a channel's.
    pub fn of(self, what: &'static str) -> Self {
        Self { what, ..self }
    }
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

    /// The same host, at another port.
    #[must_use]
    pub fn at_port(self, port: u16) -> Self {
        Self { port, ..self }
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

/// What gRPC's own schemes stand before: `dns:host:port`, `dns:///host:port`.
const SCHEMES: [&str; 3] = ["dns:", "ipv4:", "ipv6:"];

/// What is wrong with the beginning of a target, if anything is, and what to write.
fn foreign_scheme(text: &str) -> Option<Cow<'static, str>> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = rest.starts_with("//");
    // `xds:80` is a host of that name.
    if !is_scheme && rest.parse::<u16>().is_ok() {
        return None;
    }
    Some(match scheme {
        "unix" | "unix-abstract" => "is a Unix socket, and only TCP is supported".into(),
        "vsock" => "is a vsock, and only TCP is supported".into(),
        "xds" | "google-c2p" => {
            "asks a control plane (xDS), which is not supported: write the server's own address, \
             or its balancer's"
                .into()
        }
        "passthrough" => {
            "begins with passthrough:, which is for grpc-go: write what follows it".into()
        }
        "https" | "grpcs" => {
            format!("begins with {scheme}://: leave that out, and use option tls").into()
        }
        "dns" | "ipv4" | "ipv6" => return None,
        _ if is_scheme && !scheme.contains(['[', '@']) => {
            format!("begins with {scheme}://: leave that out").into()
        }
        _ => return None,
    })
}

/// Without a scheme of gRPC's.
fn without_scheme(text: &str) -> Result<&str, Cow<'static, str>> {
    let Some(path) = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) else {
        return Ok(text);
    };
    match path.strip_prefix("//") {
        Some(rest) if !rest.starts_with('/') && rest.contains('/') => Err(
            "names a server to ask for names, and the system's resolver is asked: write three \
             slashes, dns:///"
                .into(),
        ),
        _ => Ok(path.trim_start_matches('/')),
    }
}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let bad = |problem: Cow<'static, str>| BadTarget {
            what: "Channel target",
            text: text.to_owned(),
            problem,
        };
        if let Some(problem) = foreign_scheme(text) {
            return Err(bad(problem));
        }
        let plain = without_scheme(text).map_err(bad)?;
        if plain.contains(',') {
            return Err(bad(
                "is several addresses, and a client has one: write a name that stands for all of \
                 them, or make a client for each"
                    .into(),
            ));
        }
        let (host, port) = plain
            .rsplit_once(':')
            .ok_or_else(|| bad("has no port".into()))?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            let is_ipv6 = host
                .chars()
                .all(|c| c.is_ascii_hexdigit() || ":.%".contains(c));
            return Err(bad(if is_ipv6 {
                "needs brackets around its IPv6 address".into()
            } else {
                "has more than one colon".into()
            }));
        }
        let host = bare.unwrap_or(host);
        if host.is_empty() {
            return Err(bad("has no host".into()));
        }
        if host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
            return Err(bad("has a host that is not a host name".into()));
        }
        match port.parse() {
            Ok(port) if port > 0 => Ok(Self {
                host: host.to_owned(),
                port,
                name: None,
            }),
            _ if port.contains('/') => {
                Err(bad("has a path behind its port: leave that out".into()))
            }
            _ => Err(bad("has a port that is no number from 1 to 65535".into())),
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
            ("ipv4:10.0.0.5:80", "10.0.0.5:80"),
            ("ipv4:///10.0.0.5:80", "10.0.0.5:80"),
            ("http:80", "http:80"),
            ("unix:80", "unix:80"),
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
            ("fe80::1%eth0", "brackets"),
            ("h:x:80", "more than one colon"),
            (
                "http://h:80",
                "begins with http://: leave that out: expected",
            ),
            (
                "http://user@h:80/",
                "begins with http://: leave that out: expected",
            ),
            (
                "https://h:80",
                "begins with https://: leave that out, and use option tls",
            ),
            ("tcp://h:80", "begins with tcp://: leave that out: expected"),
            ("h:80/", "a path behind its port"),
            ("h:80/owt.WebRTCAgent", "a path behind its port"),
            ("a:1,b:2", "several addresses"),
            ("ipv4:10.0.0.1:1,10.0.0.2:1", "several addresses"),
            ("[::1]:1,[::1]:2", "several addresses"),
            ("passthrough:///h:80", "write what follows it"),
            ("passthrough:h:80", "write what follows it"),
            ("unix:/run/s", "a Unix socket"),
            ("unix:///run/s", "a Unix socket"),
            ("unix-abstract:s", "a Unix socket"),
            ("vsock:2:80", "a vsock"),
            ("xds:///service", "xDS"),
            ("xds:service", "xDS"),
            ("dns://10.0.0.1/h:80", "dns:///"),
            ("dns:///h", "no port"),
            ("a b:80", "host name"),
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(error.contains(&format!("{text:?}")), "{text}: {error}");
        }
    }
}
