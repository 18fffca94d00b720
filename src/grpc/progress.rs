//! How far a call has come: what it waits for when its deadline passes.

use h2::client::SendRequest;
use parking_lot::Mutex;

use super::life::Position;
use super::payload::Payload;
use super::target::Target;

/// Shared between a call and whoever gives it up: what its request was handed to, and
/// its position there; none while there is no connection.
pub struct Progress(Mutex<Option<(SendRequest<Payload>, Position)>>);

impl Progress {
    /// Of a call that has no connection yet.
    pub fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// It waits for a connection, perhaps again.
    pub fn connecting(&self) {
        *self.0.lock() = None;
    }

    /// Its request was handed to the connection by `sender`.
    pub fn requested(&self, sender: SendRequest<Payload>, position: Position) {
        *self.0.lock() = Some((sender, position));
    }

    /// Whether it has no connection.
    pub fn is_connecting(&self) -> bool {
        self.0.lock().is_none()
    }

    /// What it does now.
    pub fn describe(&self, target: &Target) -> String {
        let Some((sender, position)) = &*self.0.lock() else {
            return format!("connecting to {target}");
        };
        let most = sender.current_max_send_streams();
        if position.is_behind(most) {
            return format!(
                "waiting for a free stream, since {target} allows {most} at once: it was not sent"
            );
        }
        format!("waiting for a reply from {target}")
    }
}
