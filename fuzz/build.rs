//! The structs of the protocols, as the package's own build makes them.

use std::path::Path;

#[path = "../codegen/protocol.rs"]
mod protocol;

fn main() {
    println!("cargo:rerun-if-changed=../codegen/protocol.rs");
    println!("cargo:rerun-if-changed=../proto");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if let Err(error) = protocol::structs(&root) {
        println!("cargo:warning={error}");
        std::process::exit(1);
    }
}
