//! How events and bytes pass between JS and the network thread. The format is
//! docs/crossing.md.

mod batch;
pub mod bus;
mod calls;
pub mod commands;
pub mod environment;
pub mod events;
mod handlers;
mod listener;
mod listening;
mod members;
pub mod network;
pub mod queue;
pub mod record;
mod tables;
mod wakeups;
