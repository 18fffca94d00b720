//! Status codes: gRPC's own, and whatever else an application ends a call with.

use std::fmt;

/// The code of a status. Any whole number that JS has passes through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(i64);

/// The largest whole number of which JS has each one up to it.
const LARGEST: i64 = (1 << 53) - 1;

impl Code {
    pub const OK: Self = Self(0);
    pub const CANCELLED: Self = Self(1);
    pub const UNKNOWN: Self = Self(2);
    pub const INVALID_ARGUMENT: Self = Self(3);
    pub const DEADLINE_EXCEEDED: Self = Self(4);
    pub const NOT_FOUND: Self = Self(5);
    pub const PERMISSION_DENIED: Self = Self(7);
    pub const RESOURCE_EXHAUSTED: Self = Self(8);
    pub const FAILED_PRECONDITION: Self = Self(9);
    pub const UNIMPLEMENTED: Self = Self(12);
    pub const INTERNAL: Self = Self(13);
    pub const UNAVAILABLE: Self = Self(14);
    pub const UNAUTHENTICATED: Self = Self(16);

    /// As it is in `grpc-status`; `None` for what is no code.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let code: i64 = std::str::from_utf8(value).ok()?.parse().ok()?;
        (-LARGEST..=LARGEST).contains(&code).then_some(Self(code))
    }

    /// As JS has it; UNKNOWN for what is no code.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::float_cmp
    )] // checked
    pub fn from_js(code: f64) -> Self {
        let whole = code as i64;
        let is_one = whole as f64 == code && (-LARGEST..=LARGEST).contains(&whole);
        if is_one { Self(whole) } else { Self::UNKNOWN }
    }

    /// As JS has it.
    #[allow(clippy::cast_precision_loss)] // below 2^53
    pub fn to_js(self) -> f64 {
        self.0 as f64
    }

    /// The number.
    pub fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_pass_through_on_every_way() {
        for code in [0, 1, 16, 17, 1000, -1, -32601, 1 << 32, LARGEST, -LARGEST] {
            assert_eq!(Code::parse(code.to_string().as_bytes()), Some(Code(code)));
            assert_eq!(Code::from_js(Code(code).to_js()), Code(code));
        }
    }

    #[test]
    fn what_is_no_whole_number_is_no_code() {
        for text in ["", "x", "1.5", "1e3", "0x5", "9007199254740992"] {
            assert_eq!(Code::parse(text.as_bytes()), None, "{text}");
        }
        for code in [0.5, f64::NAN, f64::INFINITY, 2f64.powi(53), -1e300] {
            assert_eq!(Code::from_js(code), Code::UNKNOWN, "{code}");
        }
    }
}
