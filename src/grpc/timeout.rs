//! The `grpc-timeout` header: at most eight digits and a unit.

use std::time::Duration;

use http::HeaderValue;

/// The longest value the header can carry.
const MAX_DIGITS: u128 = 99_999_999;

/// Writes a timeout in the finest unit that holds it, rounded up: a peer must
/// not give up before we do.
pub fn format(timeout: Duration) -> Option<HeaderValue> {
    let nanos = timeout.as_nanos();
    let units: [(u128, char); 6] = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    let text = units
        .into_iter()
        .map(|(size, unit)| (nanos.div_ceil(size), unit))
        .find(|(count, _)| *count <= MAX_DIGITS)
        .map(|(count, unit)| format!("{count}{unit}"))?;
    HeaderValue::try_from(text).ok()
}

/// Reads a timeout; `None` for anything the specification does not allow.
pub fn parse(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "n" => Duration::from_nanos(count),
        "u" => Duration::from_micros(count),
        "m" => Duration::from_millis(count),
        "S" => Duration::from_secs(count),
        "M" => Duration::from_secs(count * 60),
        "H" => Duration::from_secs(count * 3600),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_comes_back_no_shorter_and_hardly_longer() {
        for nanos in [
            0,
            1,
            99_999_999,
            100_000_000,
            2_000_000_000,
            86_400_000_000_000,
        ] {
            let timeout = Duration::from_nanos(nanos);
            let back = format(timeout).and_then(|value| parse(&value)).unwrap();
            assert!(back >= timeout, "{timeout:?} became {back:?}");
            assert!(back <= timeout + timeout / 1000 + Duration::from_micros(1));
        }
    }

    #[test]
    fn what_is_no_timeout_is_none() {
        for text in ["", "m", "123456789m", "5x", "-1m", "1.5S", "m5"] {
            assert_eq!(parse(&HeaderValue::from_static(text)), None, "{text:?}");
        }
    }
}
