//! gRPC over bytes: channels, calls, servers. Knows nothing of JS, of OWT or of
//! the bus. Everything here runs on the network thread.

pub mod answer;
pub mod backoff;
pub mod budget;
pub mod call;
pub mod channel;
pub mod code;
mod connect_queue;
pub mod connection;
mod context;
mod door;
mod drive;
pub mod encoding;
pub mod framing;
pub mod gate;
pub mod io;
pub mod keepalive;
mod latch;
pub mod life;
pub mod memory;
pub mod metadata;
pub mod payload;
mod peer;
mod progress;
pub mod proxy;
pub mod receiving;
pub mod serve;
pub mod server;
pub mod service;
mod settings;
pub mod source;
pub mod status;
pub mod stream;
pub mod target;
pub mod tenure;
pub mod timeout;
mod windows;
