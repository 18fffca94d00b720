//! From `proto/owt` and `proto/grpc` to `lib/codec`, `owt.d.ts` and `grpc.d.ts`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

mod contract;
mod decoder;
mod encoder;
mod javascript;
mod model;
mod typescript;

use model::{Contract, File};

/// What stops the build, with the file it happened in.
pub type Failure = String;

/// Reads OWT's contract and gRPC's standard services below `root`, and writes
/// everything made from them.
pub fn run(root: &Path) -> Result<(), Failure> {
    let proto = root.join("proto");
    let owt = contract::read(&proto.join("owt"), &proto.join("owt"))?;
    let standard = contract::read(&proto, &proto.join("grpc"))?;
    let codec = root.join("lib/codec");
    for contract in [&owt, &standard] {
        for file in &contract.files {
            write_file(file, contract, &codec)?;
        }
    }
    write(&codec.join("index.js"), javascript::owt_index(&owt))?;
    write(
        &codec.join("standard.js"),
        javascript::standard_index(&standard),
    )?;
    write(&root.join("owt.d.ts"), typescript::declarations(&owt))?;
    write(&root.join("grpc.d.ts"), typescript::declarations(&standard))
}

fn write_file(file: &File, contract: &Contract, codec: &Path) -> Result<(), Failure> {
    let stem = &file.stem;
    let descriptors = codec.join("descriptors");
    write(
        &codec.join(format!("{stem}.js")),
        javascript::module(file, contract),
    )?;
    write(
        &descriptors.join(format!("{stem}.js")),
        javascript::descriptor(file),
    )?;
    write(&descriptors.join(format!("{stem}.binpb")), &file.descriptor)
}

/// Leaves a file alone that is right already: a newer date would make other
/// tools build again.
fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    let content = content.as_ref();
    let describe = |error: io::Error| format!("{}: {error}", path.display());
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(describe)?;
    }
    write_dated(path, content).map_err(describe)
}

/// What is written gets the date of this build script: cargo watches it, and a
/// date behind that of the script's start would have it run once more.
fn write_dated(path: &Path, content: &[u8]) -> io::Result<()> {
    let built = fs::metadata(std::env::current_exe()?)?.modified()?;
    let mut file = fs::File::create(path)?;
    file.write_all(content)?;
    file.set_modified(built)
}
