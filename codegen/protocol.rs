//! The structs of the bus's own protocol, and of etcd's.

use std::path::Path;

/// Writes those for `proto/bus` and `proto/etcd`, included by `src/bus/wire.rs` and
/// `src/registry/etcd/wire.rs`. Bodies stay shared with the buffer they arrived in.
pub fn structs(root: &Path) -> Result<(), String> {
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
