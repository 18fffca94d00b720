//! Who serves which id, and where. `directory` is the pure part; `host` serves
//! it; `client` is a member's way to it, wherever it is.

mod apart;
pub mod client;
pub mod directory;
pub mod host;
