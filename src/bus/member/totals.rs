//! What a member has done since it began: rates are the difference of two
//! statuses.

use serde::Serialize;

/// Counts that only grow, for `status`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// By its application.
    pub sent: Traffic,
    /// For its application, what it sent to itself included.
    pub received: Traffic,
    /// Links that were made again to a member that had one before.
    pub reconnects: u64,
    /// Copies that listeners of the tap were too slow for.
    pub untapped: u64,
}

/// Without replies.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Traffic {
    calls: u64,
    casts: u64,
    messages: u64,
    /// Of their bodies.
    bytes: u64,
}

impl Traffic {
    /// One call, so many bytes.
    pub fn call(&mut self, bytes: usize) {
        self.calls += 1;
        self.bytes += bytes as u64;
    }

    /// One cast.
    pub fn cast(&mut self, bytes: usize) {
        self.casts += 1;
        self.bytes += bytes as u64;
    }

    /// One message of a topic, to however many.
    pub fn message(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }
}
