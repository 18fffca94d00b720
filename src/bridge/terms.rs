//! On which terms a member or a registry talks to others, by what JS says.

use napi::bindgen_prelude::{Buffer, Result};

use super::invalid;
use super::options::{Protocol, Secret};
use crate::bus::agreement::{Terms, Versions};
use crate::bus::trust::{Key, Mode, Trust};

/// `protocol` is what to speak, if not all that this build does.
pub(super) fn terms(
    cluster: &str,
    protocol: Option<&Protocol>,
    secret: Option<&Secret>,
) -> Result<Terms> {
    let mut terms = Terms::of(cluster);
    if let Some(Protocol { oldest, newest }) = protocol {
        terms.versions = Versions::new(*oldest, *newest);
    }
    if let Some(Secret { keys, mode }) = secret {
        let mode = match mode.as_str() {
            "offered" => Mode::Offered,
            "accepted" => Mode::Accepted,
            "required" => Mode::Required,
            other => return Err(invalid(format!("a secret has no mode {other:?}"))),
        };
        terms.trust = Trust::by(keys_of(keys)?, mode);
    }
    Ok(terms)
}

/// Those of a secret, which JS has derived.
pub(super) fn keys_of(keys: &[Buffer]) -> Result<Vec<Key>> {
    let key = |bytes: &Buffer| {
        let bytes = <&[u8; 32]>::try_from(&bytes[..]);
        bytes
            .map(Key::new)
            .map_err(|_| invalid("a key has 32 bytes".to_owned()))
    };
    keys.iter().map(key).collect()
}
