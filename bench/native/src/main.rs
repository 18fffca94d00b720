//! The bench's native pair: `native-pair server` and `native-pair client PORT`.
//! The client speaks the same lines as bench/peers/client.js.

mod client;
mod server;

/// The generated types.
pub mod owt {
    #![allow(non_camel_case_types)]
    tonic::include_proto!("owt");
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server"] => server::run().await,
        ["client", port] => client::run(port).await,
        _ => Err("usage: native-pair server | native-pair client PORT".into()),
    }
}
