//! A registry at another address of the same machine: two do not know of each other, and
//! a member finds those only that name the same one.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

/// An address of this machine answers at once; one that is filtered never does.
const PATIENCE: Duration = Duration::from_secs(1);

/// What to tell of whoever listens at a registry's port, too, at one of these addresses of
/// its machine.
pub(super) async fn told(host: &str, port: u16, addresses: &[String]) -> Option<String> {
    let mut others = Vec::new();
    for address in addresses {
        let Ok(ip) = address.parse() else { continue };
        let other = SocketAddr::new(ip, port);
        let dialed = tokio::time::timeout(PATIENCE, TcpStream::connect(other));
        if matches!(dialed.await, Ok(Ok(_))) {
            others.push(other.to_string());
        }
    }
    if others.is_empty() {
        return None;
    }
    let others = others.join(", ");
    Some(format!(
        "the registry is at {host} of this machine, and something listens at {others}, too: if that \
         is a registry, there are two buses here that do not know of each other. Name one address \
         in all modules ([rabbit] host, or OWT_GRPC_REGISTRY), and set OWT_GRPC_HOST_REGISTRY=0 for \
         them where `owt-grpc registry` is to be it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_listens_at_the_same_port_of_another_address_is_named_and_nobody_else() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let addresses = ["::1", "nonsense", "127.0.0.1"].map(str::to_owned);
        let text = told("127.0.0.2", port, &addresses).await.unwrap();
        for address in ["127.0.0.2".to_owned(), format!("127.0.0.1:{port},")] {
            assert!(text.contains(&address), "{text}");
        }
        assert!(!text.contains("::1"), "{text}");
        drop(listener);
        assert_eq!(told("127.0.0.2", port, &addresses).await, None);
    }
}
