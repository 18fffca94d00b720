//! How events and bytes pass between JS and the network thread. The format is
//! docs/crossing.md.

mod batch;
mod calls;
mod commands;
mod dispatch;
pub mod environment;
mod events;
mod handlers;
mod listener;
mod listening;
pub mod mailbox;
mod members;
pub mod network;
pub mod queue;
pub mod record;
mod tables;
mod wakeups;
