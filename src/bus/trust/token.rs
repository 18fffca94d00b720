//! By what a member shows that it is who it says it is: a token, of which others are told
//! the hash. So whoever is told of a member cannot take its name.

use std::fmt::Write as _;

use ring::digest;

/// Before a hash. Members of before tokens were hashed tell the token itself.
const MARK: &str = "sha256:";

/// What others are told of a token.
pub fn told(token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    let mut told = MARK.to_owned();
    for byte in hash.as_ref() {
        let _ = write!(told, "{byte:02x}");
    }
    told
}

/// Whether somebody of whom this is told shows what only that one can.
pub fn is_shown(of: &str, shown: &str) -> bool {
    !of.starts_with(MARK) || told(shown) == of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_what_is_told_of_it_and_what_is_told_does_not() {
        let of = told("token");
        assert!(is_shown(&of, "token"));
        for other in ["", "tokem", &of] {
            assert!(!is_shown(&of, other), "{other:?}");
        }
        assert!(is_shown("of an older release", ""));
    }
}
