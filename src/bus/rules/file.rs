//! The file of rules: JSON, by the names of certificates. What is not understood is
//! refused, since it would have been meant to give or to withhold something.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// What a certificate gives a right to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// The names of members. `None`: whichever, since members draw them at random.
    pub names: Option<Vec<String>>,
    /// The ids that it may serve.
    pub serve: Vec<String>,
    /// The ids that it may call, and cast to.
    pub call: Vec<String>,
    /// Where it may publish.
    pub publish: Vec<Topic>,
    /// It may see what passes between others.
    pub tap: bool,
    /// It may host the registry.
    pub host: bool,
}

/// Where messages are published.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// By name.
    pub exchange: String,
    /// Routing keys. `None`: all.
    #[serde(default)]
    pub keys: Option<Vec<String>>,
}

impl Rule {
    /// Gives what another rule gives, too.
    pub fn add(&mut self, rule: &Self) {
        if let Some(names) = &rule.names {
            self.names.get_or_insert_default().extend_from_slice(names);
        }
        self.serve.extend_from_slice(&rule.serve);
        self.call.extend_from_slice(&rule.call);
        self.publish.extend_from_slice(&rule.publish);
        self.tap |= rule.tap;
        self.host |= rule.host;
    }

    fn patterns(&self) -> impl Iterator<Item = &String> {
        let keys = self
            .publish
            .iter()
            .flat_map(|topic| topic.keys.iter().flatten());
        let names = self.names.iter().flatten();
        let exchanges = self.publish.iter().map(|topic| &topic.exchange);
        let ids = self.serve.iter().chain(&self.call);
        names.chain(ids).chain(exchanges).chain(keys)
    }
}

/// An object of which no key is there twice: serde would take the last one.
struct File(Vec<(String, Rule)>);

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of rules by the names of certificates")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
        let mut rules: Vec<(String, Rule)> = Vec::new();
        while let Some(whose) = map.next_key::<String>()? {
            let wrong = |text: String| serde::de::Error::custom(text);
            if rules.iter().any(|(other, _)| *other == whose) {
                return Err(wrong(format!(
                    "{whose:?} is there twice: put both rules into one"
                )));
            }
            let rule: Rule = map.next_value()?;
            let is_wrong = |pattern: &&String| {
                pattern.is_empty() || pattern.strip_suffix('*').unwrap_or(pattern).contains('*')
            };
            if let Some(pattern) = std::iter::once(&whose)
                .chain(rule.patterns())
                .find(is_wrong)
            {
                return Err(wrong(format!(
                    "{pattern:?}, of {whose:?}, is no name: one is not empty, and has a * at its end or nowhere"
                )));
            }
            rules.push((whose, rule));
        }
        Ok(File(rules))
    }
}

/// Reads rules, in the order that they have in the file.
///
/// # Errors
/// What is wrong, at which line and column.
pub fn read(json: &str) -> Result<Vec<(String, Rule)>, String> {
    let File(rules) = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if rules.is_empty() {
        return Err("there is no rule in it, so nobody could do anything".to_owned());
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_refused_with_its_place() {
        for (json, text) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            (
                "[]",
                "an object of rules by the names of certificates at line 1 column 0",
            ),
            ("{}", "there is no rule in it"),
            (
                r#"{"a": {"sevre": []}}"#,
                "unknown field `sevre`, expected one of `names`, `serve`",
            ),
            (
                "{\"a\": {\n\"tap\": 1}}",
                "expected a boolean at line 2 column 8",
            ),
            (r#"{"a": {"call": "*"}}"#, "expected a sequence"),
            (r#"{"a": {"publish": ["e"]}}"#, "expected struct Topic"),
            (
                r#"{"a": {"publish": [{"keys": []}]}}"#,
                "missing field `exchange`",
            ),
            (r#"{"a": {}, "a": {}}"#, "\"a\" is there twice"),
            (
                r#"{"a": {"call": [], "call": []}}"#,
                "duplicate field `call`",
            ),
            (
                r#"{"a": {"call": ["b*c"]}}"#,
                "\"b*c\", of \"a\", is no name",
            ),
            (
                r#"{"a": {"publish": [{"exchange": "e", "keys": ["**"]}]}}"#,
                "\"**\", of \"a\"",
            ),
            (r#"{"": {}}"#, "\"\", of \"\", is no name"),
            (r#"{"a": {}} x"#, "trailing characters"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(text), "{json}: {error}");
        }
    }

    #[test]
    fn what_is_left_out_gives_nothing_but_any_name_and_all_keys() {
        let rules = read(r#"{"a": {"publish": [{"exchange": "e"}]}}"#).unwrap();
        let publish = vec![Topic {
            exchange: "e".to_owned(),
            keys: None,
        }];
        let expected = Rule {
            publish,
            ..Rule::default()
        };
        assert_eq!(rules, [("a".to_owned(), expected)]);
    }
}
