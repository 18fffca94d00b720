//! What a member wants done.

use crate::bus::application::Delivery;
use crate::bus::peer::Conn;
use crate::bus::wire::{Packet, ToRegistry};

/// What the pure member asks its node to do; the node does them in this order.
#[derive(Debug)]
pub enum Action {
    /// Open a transport. It is lost if that fails.
    Dial {
        /// Its number from now on.
        conn: Conn,
        /// host:port
        address: String,
    },
    /// Send this before anything that `next_packet` gives.
    Send {
        /// The transport to send it on.
        conn: Conn,
        /// The frames, as they go over the link.
        packet: Packet,
    },
    /// Send what was given, and end. Nothing more is said of the transport.
    Close {
        /// The transport to close.
        conn: Conn,
    },
    /// Tell the registry.
    ToRegistry(ToRegistry),
    /// End the session with the registry, whatever that does: it is not trusted.
    LeaveRegistry,
    /// Listen on another port, and call `moved`.
    Move,
    /// Tell the application.
    Deliver(Delivery),
    /// All that `leave` waits for has happened.
    Left,
}
