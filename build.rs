//! Compiles OWT's contract and writes what JS needs of it; compiles the bus's
//! own protocol for Rust. Needs no protoc.

use std::path::Path;

#[path = "codegen/mod.rs"]
mod codegen;

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
    if let Err(error) = codegen::run(root).and_then(|()| bus_protocol(root)) {
        println!("cargo:warning={error}");
        std::process::exit(1);
    }
}

/// Structs for `proto/bus` and `proto/etcd`, included by `src/bus/wire.rs` and
/// `src/registry/etcd/wire.rs`. Bodies stay shared with the buffer they arrived in.
fn bus_protocol(root: &Path) -> Result<(), String> {
    for (folder, files) in [
        ("proto/bus", &["link.proto", "registry.proto"][..]),
        ("proto/etcd", &["rpc.proto"]),
    ] {
        let descriptors = protox::compile(files, [root.join(folder)]);
        let descriptors = descriptors.map_err(|error| format!("{folder}: {error}"))?;
        prost_build::Config::new()
            .bytes(["."])
            // The largest frame would make all as large as itself: it comes once a link.
            .boxed(".owt.bus.v1.Frame.kind.hello")
            // What a member listens to is kept in order.
            .type_attribute(".owt.bus.v1.Subscription", "#[derive(PartialOrd, Ord)]")
            .compile_fds(descriptors)
            .map_err(|error| format!("{folder}: {error}"))?;
    }
    Ok(())
}
