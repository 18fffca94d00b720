//! From `proto/owt` to `lib/codec/*.js` and `owt.d.ts`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

mod contract;
mod decoder;
mod encoder;
mod javascript;
mod model;
mod typescript;

/// What stops the build, with the file it happened in.
pub type Failure = String;

/// Reads the contract below `root` and writes everything made from it.
pub fn run(root: &Path) -> Result<(), Failure> {
    let contract = contract::read(&root.join("proto/owt"))?;
    let codec = root.join("lib/codec");
    for file in &contract.files {
        let path = codec.join(format!("{}.js", file.stem));
        write(&path, javascript::module(file, &contract).as_bytes())?;
    }
    for (name, descriptors) in &contract.descriptors {
        write(
            &codec.join(format!("descriptors/{name}.binpb")),
            descriptors,
        )?;
    }
    write(
        &codec.join("index.js"),
        javascript::index(&contract).as_bytes(),
    )?;
    write(
        &root.join("owt.d.ts"),
        typescript::declarations(&contract).as_bytes(),
    )
}

/// Leaves a file alone that is right already: a newer date would make other
/// tools build again.
fn write(path: &PathBuf, content: &[u8]) -> Result<(), Failure> {
    let describe = |error: io::Error| format!("{}: {error}", path.display());
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(describe)?;
    }
    fs::write(path, content).map_err(describe)
}
