//! The native side of owt-grpc. What JS can call is in `bridge`.

mod bridge;
mod bus;
mod crossing;
mod grpc;
mod proxy;
mod registry;
mod tls;
