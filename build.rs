//! Compiles OWT's contract and writes what JS needs of it; compiles the bus's
//! own protocol for Rust. Needs no protoc.

use std::path::Path;

#[path = "codegen/mod.rs"]
mod codegen;
#[path = "codegen/protocol.rs"]
mod protocol;

fn main() {
    napi_build::setup();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Node may unload an addon when the worker that loaded it ends, but our
        // network thread goes on running in it.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=codegen");
    println!("cargo:rerun-if-changed=proto");
    // Written files count, too: a deleted one is written again.
    println!("cargo:rerun-if-changed=lib/codec/index.js");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if let Err(error) = codegen::run(root).and_then(|()| protocol::structs(root)) {
        println!("cargo:warning={error}");
        std::process::exit(1);
    }
}
