#!/usr/bin/env bash
# The guess: a client of Rust's h2 that has set max_header_list_size gets an error for
# trailers that are larger, as it does for response headers that are.
#
# What happens: for headers it is an error, a reset of the stream by the client itself
# (PROTOCOL_ERROR, is_library). For trailers it is none: they are given to the caller
# as if they were whole, without the entry that goes beyond the limit and without all
# entries behind it. In gRPC, grpc-status may be one of those: a call that has failed
# with a reason looks like one without a status, and one with its status in front
# looks whole though its other trailers are gone.
#
# Source: seen with the crates h2 0.4.20 and tokio 1.54.1, both sides h2.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
h2 = "=0.4.20"
http = "1"
bytes = "1"
tokio = { version = "=1.54.1", features = ["rt", "macros", "net", "io-util"] }
TOML
mkdir "$folder/src"
cat > "$folder/src/main.rs" <<'RUST'
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};

/// "last" stands behind what is too large, "first" in front of it.
fn list() -> HeaderMap {
    let mut list = HeaderMap::new();
    list.insert("first", HeaderValue::from_static("here"));
    list.insert("large", HeaderValue::from_bytes(&[b'x'; 5000]).unwrap());
    list.insert("last", HeaderValue::from_static("here"));
    list
}

async fn answer(stream: tokio::io::DuplexStream, in_headers: bool) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_request, mut respond))) = connection.accept().await {
        let mut response = Response::new(());
        if in_headers {
            *response.headers_mut() = list();
        }
        let mut body = respond.send_response(response, false).unwrap();
        body.send_data(Bytes::from_static(b"data"), false).unwrap();
        let trailers = if in_headers { HeaderMap::new() } else { list() };
        body.send_trailers(trailers).unwrap();
    }
}

async fn ask(in_headers: bool) -> String {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    tokio::spawn(answer(theirs, in_headers));
    let mut builder = h2::client::Builder::new();
    builder.max_header_list_size(2000);
    let (sender, connection) = builder.handshake::<_, Bytes>(ours).await.unwrap();
    tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request = Request::builder().uri("http://localhost/").body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    let response = match response.await {
        Ok(response) => response,
        Err(error) => return format!("{:?}, by the client itself: {}", error.reason().unwrap(), error.is_library()),
    };
    let mut body = response.into_body();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
    }
    match body.trailers().await {
        Ok(trailers) => {
            let trailers = trailers.unwrap_or_default();
            let has = |name| if trailers.contains_key(name) { "there" } else { "gone" };
            format!("no error, first {}, large {}, last {}", has("first"), has("large"), has("last"))
        }
        Err(error) => format!("an error: {error}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("headers: {}; trailers: {}", ask(true).await, ask(false).await);
}
RUST

expected='headers: PROTOCOL_ERROR, by the client itself: true; trailers: no error, first there, large gone, last gone'
seen="$(cargo run --quiet --manifest-path "$folder/Cargo.toml")"
echo "h2 0.4.20: $seen"
[ "$seen" = "$expected" ] || { echo "  expected: $expected"; exit 1; }
