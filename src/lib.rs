//! The native side of owt-grpc. What JS can call is the one class of `bridge`.

mod bridge;
mod bus;
mod crossing;
mod grpc;
mod proxy;
mod registry;
