//! Times and sizes, as JS says them.

use std::time::Duration;

use crate::grpc::keepalive::Keepalive;
use crate::grpc::metadata::MAX_METADATA;

/// Largest message received by default, as in other gRPC libraries.
pub(super) const MAX_RECEIVE: usize = 4 << 20;
/// What a peer may take to answer a ping by default.
const PING_TIMEOUT_MS: f64 = 20_000.0;

pub(super) fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::ZERO)
}

/// A limit in bytes; negative means none.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked
pub(super) fn limit(bytes: Option<f64>, default: Option<usize>) -> Option<usize> {
    match bytes {
        None => default,
        Some(bytes) if bytes >= 0.0 => Some(bytes as usize),
        Some(_) => None,
    }
}

/// The largest header list received; negative means none.
pub(super) fn max_metadata(bytes: Option<f64>) -> usize {
    limit(bytes, Some(MAX_METADATA)).unwrap_or(usize::MAX)
}

/// No interval, or one of 0, means no pings.
pub(super) fn keepalive(every: Option<f64>, timeout: Option<f64>) -> Option<Keepalive> {
    let every = every.filter(|ms| *ms > 0.0)?;
    Some(Keepalive {
        every: millis(every),
        timeout: millis(timeout.unwrap_or(PING_TIMEOUT_MS)),
    })
}
