//! What a member has done since it began: rates are the difference of two
//! statuses.

use serde::Serialize;

use crate::bus::Millis;

/// Counts that only grow, for `status`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// By its application.
    pub sent: Traffic,
    /// For its application, what it sent to itself included.
    pub received: Traffic,
    /// Of the calls that it sent.
    pub latency: Latency,
    /// Links that were made again to a member that had one before.
    pub reconnects: u64,
    /// Copies that listeners of the tap were too slow for.
    pub untapped: u64,
}

impl Totals {
    /// A call that was sent has its last reply.
    pub fn answered(&mut self, took: Millis, failed: bool) {
        self.latency.record(took);
        if failed {
            self.sent.failure();
        }
    }
}

/// The steps in which [`Latency`] is kept.
const UP_TO: [Millis; 13] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
];

/// How many calls were answered within how long, and not within the step before. The
/// last count is of those that took longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    up_to_ms: [Millis; UP_TO.len()],
    calls: [u64; UP_TO.len() + 1],
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            up_to_ms: UP_TO,
            calls: [0; UP_TO.len() + 1],
        }
    }
}

impl Latency {
    fn record(&mut self, took: Millis) {
        let step = UP_TO.partition_point(|bound| *bound < took);
        if let Some(count) = self.calls.get_mut(step) {
            *count += 1;
        }
    }
}

/// Without replies.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Traffic {
    calls: u64,
    casts: u64,
    messages: u64,
    /// Of their bodies.
    bytes: u64,
    /// Calls among them that failed: by a reply that says so or, of those that were
    /// sent, without one.
    failed: u64,
}

impl Traffic {
    /// One call, so many bytes.
    pub fn call(&mut self, bytes: usize) {
        self.calls += 1;
        self.bytes += bytes as u64;
    }

    /// One call has failed.
    pub fn failure(&mut self) {
        self.failed += 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_how_long_they_took_and_whether_they_failed() {
        let mut totals = Totals::default();
        for (took, failed) in [
            (0, false),
            (1, true),
            (2, false),
            (3, false),
            (10_000, false),
        ] {
            totals.answered(took, failed);
        }
        totals.answered(10_001, true);
        let told = serde_json::to_value(&totals).unwrap();
        assert_eq!(told["sent"]["failed"], 2);
        assert_eq!(told["received"]["failed"], 0);
        let calls = [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
        assert_eq!(told["latency"]["calls"], serde_json::json!(calls));
        assert_eq!(told["latency"]["upToMs"], serde_json::json!(UP_TO));
    }
}
