//! The rules of `OWT_GRPC_AUTHORIZE` as JS holds them.

use napi::bindgen_prelude::{Buffer, Result};
use napi_derive::napi;

use super::invalid;
use crate::bus::rules;
use crate::tls::judge;

/// The rules of one file, compiled.
#[napi]
pub struct Rules {
    pub(super) rules: rules::Rules,
}

#[napi]
impl Rules {
    /// Reads the content of a file.
    #[napi(constructor)]
    pub fn new(json: String) -> Result<Self> {
        let rules = rules::Rules::read(&json).map_err(invalid)?;
        Ok(Self { rules })
    }

    /// What the first certificate of a file in PEM is given by them, as the rule that all
    /// of those are together, in JSON; null if there is no certificate.
    #[napi]
    pub fn granted(&self, pem: Buffer) -> Result<Option<String>> {
        let Some(certificate) = judge::readable(&pem).into_iter().next() else {
            return Ok(None);
        };
        let granted = self.rules.granted(&certificate.identities());
        let json = serde_json::to_string(&granted);
        json.map(Some).map_err(|error| invalid(error.to_string()))
    }
}

impl Rules {
    /// Those that are held, or none.
    pub(super) fn or_none(rules: Option<&Self>) -> rules::Rules {
        rules.map_or_else(rules::Rules::none, |rules| rules.rules.clone())
    }
}
