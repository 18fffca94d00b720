//! The package's sources as a library that has no JS in it, so that targets see what is
//! inside, and what targets have in common.

#![allow(dead_code)]

#[path = "../../src/bus/mod.rs"]
pub mod bus;
#[path = "../../src/grpc/mod.rs"]
pub mod grpc;
#[path = "../../src/registry/mod.rs"]
pub mod registry;
#[path = "../../src/tls/mod.rs"]
pub mod tls;

pub mod echo;
pub mod held;
pub mod hostile;
pub mod http2;
pub mod script;
