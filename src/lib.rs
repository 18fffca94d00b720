//! The native side of owt-grpc. What JS can call is in `bridge`.

// In tests napi exports no functions, so that nobody calls those of certificates.
#[cfg_attr(test, allow(dead_code))]
mod bridge;
mod bus;
mod crossing;
mod grpc;
mod registry;
mod tls;
