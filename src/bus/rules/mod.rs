//! What the certificates of others give them a right to, by the rules of an operator's
//! file (`OWT_GRPC_AUTHORIZE`). Where there is no file everybody may do all.
//!
//! `file` reads it, `patterns` are the names in it, `rights` is what one certificate may
//! do: made once for a connection, and looked at for each message by search, not by
//! reading rules. All of it is pure.

mod file;
mod patterns;
mod rights;

use std::sync::Arc;

pub use file::Rule;
pub use rights::{Deed, Rights};

use crate::tls::certificate::Certificate;

/// The rules of a file, or none.
#[derive(Debug, Clone, Default)]
pub struct Rules(Option<Arc<[(String, Rule)]>>);

impl Rules {
    /// Everybody may do all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the content of a file.
    ///
    /// # Errors
    /// Where in it something is wrong, and what.
    pub fn read(json: &str) -> Result<Self, String> {
        Ok(Self(Some(file::read(json)?.into())))
    }

    /// What somebody may do who has shown this certificate, in DER, or none. `None` if it
    /// is all, since there are no rules.
    pub fn of(&self, certificate: Option<&[u8]>) -> Option<Arc<Rights>> {
        let names = || {
            let facts = certificate.and_then(|der| Certificate::read(der).ok());
            facts.map_or_else(Vec::new, |facts| facts.identities())
        };
        self.of_names(names)
    }

    /// The same, of a certificate's names.
    pub fn of_names(&self, names: impl FnOnce() -> Vec<String>) -> Option<Arc<Rights>> {
        let rules = self.0.as_ref()?;
        let names = names();
        Some(Arc::new(Rights::new(&names, &granted(rules, &names))))
    }

    /// What the rules give to one that has all of these names.
    pub fn granted(&self, names: &[String]) -> Option<Rule> {
        Some(granted(self.0.as_ref()?, names))
    }
}

/// What several rules give is what each of them gives.
fn granted(rules: &[(String, Rule)], names: &[String]) -> Rule {
    let mut granted = Rule::default();
    for (whose, rule) in rules {
        if names.iter().any(|name| patterns::fits(whose, name)) {
            granted.add(rule);
        }
    }
    granted
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    fn rights(json: &str, names: &[&str]) -> Arc<Rights> {
        let rules = Rules::read(json).unwrap();
        let names = || names.iter().map(|name| (*name).to_owned()).collect();
        rules.of_names(names).unwrap()
    }

    #[test]
    fn without_a_file_nobody_has_rights_to_be_looked_at() {
        assert!(Rules::none().of(None).is_none());
    }

    #[test]
    fn a_certificate_that_no_rule_names_or_that_cannot_be_read_may_do_nothing() {
        let rules = Rules::read(r#"{"a": {"serve": ["*"], "call": ["*"], "tap": true}}"#).unwrap();
        for rights in [
            rules.of(None).unwrap(),
            rules.of(Some(b"no certificate")).unwrap(),
            rules.of_names(|| vec!["b".to_owned()]).unwrap(),
        ] {
            for deed in [
                Deed::Serve("x"),
                Deed::Call("x"),
                Deed::Publish("x", "y"),
                Deed::Tap,
                Deed::Host,
            ] {
                assert!(!rights.allow(&deed), "{deed}");
            }
        }
    }

    #[test]
    fn what_is_refused_is_a_sentence_with_the_names_of_the_certificate_and_the_key_to_set() {
        let rights = rights(r#"{"a": {}}"#, &["a", "b.example"]);
        let text = rights.check(&Deed::Serve("portal-1")).unwrap_err();
        assert_eq!(
            text,
            "a certificate for a, b.example may not serve the id portal-1: by the rules of \
             OWT_GRPC_AUTHORIZE it needs that in \"serve\""
        );
    }

    #[test]
    fn several_rules_of_one_certificate_give_all_that_each_gives() {
        let json = r#"{
            "a*": {"serve": ["x"], "names": ["m1-*"], "publish": [{"exchange": "e", "keys": ["k"]}]},
            "b": {"call": ["y*"], "tap": true, "publish": [{"exchange": "e", "keys": ["l.*"]}]}
        }"#;
        let both = rights(json, &["ab", "b"]);
        let may = [
            Deed::Be("m1-5"),
            Deed::Serve("x"),
            Deed::Call("yes"),
            Deed::Publish("e", "k"),
            Deed::Publish("e", "l.1"),
            Deed::Tap,
        ];
        let may_not = [
            Deed::Be("m2-5"),
            Deed::Serve("xx"),
            Deed::Call("x"),
            Deed::Publish("e", "k.1"),
            Deed::Publish("f", "k"),
            Deed::Host,
        ];
        assert!(may.iter().all(|deed| both.allow(deed)));
        assert!(!may_not.iter().any(|deed| both.allow(deed)));
        // Names are bound only where a rule says so.
        assert!(rights(json, &["b"]).allow(&Deed::Be("m2-5")));
    }

    /// What rules mean, word by word, as somebody would read them who has all the time.
    fn is_meant(rules: &[(String, Rule)], names: &[String], deed: &Deed<'_>) -> bool {
        let fits = |pattern: &String, text: &str| match pattern.strip_suffix('*') {
            Some(begin) => text.starts_with(begin),
            None => pattern == text,
        };
        let any = |patterns: &[String], text: &str| patterns.iter().any(|p| fits(p, text));
        let mine = rules
            .iter()
            .filter(|(whose, _)| names.iter().any(|name| fits(whose, name)));
        let mine: Vec<&Rule> = mine.map(|(_, rule)| rule).collect();
        let gives = |right: &dyn Fn(&Rule) -> bool| mine.iter().any(|rule| right(rule));
        match *deed {
            Deed::Be(name) => {
                let mut bound = mine
                    .iter()
                    .filter_map(|rule| rule.names.as_ref())
                    .peekable();
                bound.peek().is_none() || bound.any(|names| any(names, name))
            }
            Deed::Serve(id) => gives(&|rule| any(&rule.serve, id)),
            Deed::Call(id) => gives(&|rule| any(&rule.call, id)),
            Deed::Publish(exchange, key) => gives(&|rule| {
                let mut topics = rule.publish.iter();
                topics.any(|topic| {
                    let keys = topic.keys.as_ref();
                    fits(&topic.exchange, exchange) && keys.is_none_or(|keys| any(keys, key))
                })
            }),
            Deed::Tap => gives(&|rule| rule.tap),
            Deed::Host => gives(&|rule| rule.host),
        }
    }

    /// Of few letters, so that many begin as others do.
    fn text(rng: &mut Rng) -> String {
        let length = rng.usize(1..5);
        (0..length)
            .map(|_| *rng.choice(&['a', 'b', '-', 'ä']).unwrap())
            .collect()
    }

    fn pattern(rng: &mut Rng) -> String {
        match rng.u8(..8) {
            0 => "*".to_owned(),
            1..4 => text(rng) + "*",
            _ => text(rng),
        }
    }

    fn some<T>(rng: &mut Rng, most: usize, one: fn(&mut Rng) -> T) -> Vec<T> {
        let count = rng.usize(..most);
        (0..count).map(|_| one(rng)).collect()
    }

    fn topic(rng: &mut Rng) -> file::Topic {
        file::Topic {
            exchange: pattern(rng),
            keys: rng.bool().then(|| some(rng, 3, pattern)),
        }
    }

    fn rule(rng: &mut Rng) -> (String, Rule) {
        let rule = Rule {
            names: rng.bool().then(|| some(rng, 3, pattern)),
            serve: some(rng, 5, pattern),
            call: some(rng, 5, pattern),
            publish: some(rng, 4, topic),
            tap: rng.u8(..4) == 0,
            host: rng.u8(..4) == 0,
        };
        (pattern(rng), rule)
    }

    #[test]
    fn what_is_compiled_of_rules_is_what_they_mean_in_5000_random_cases() {
        let mut rng = Rng::with_seed(13);
        let mut allowed = 0;
        for case in 0..5_000 {
            let rules = some(&mut rng, 5, rule);
            let names = some(&mut rng, 4, text);
            let compiled = Rights::new(&names, &granted(&rules, &names));
            for _ in 0..8 {
                let (one, other) = (text(&mut rng), text(&mut rng));
                let deed = match rng.u8(..6) {
                    0 => Deed::Be(&one),
                    1 => Deed::Serve(&one),
                    2 => Deed::Call(&one),
                    3 => Deed::Publish(&one, &other),
                    4 => Deed::Tap,
                    _ => Deed::Host,
                };
                let is_meant = is_meant(&rules, &names, &deed);
                assert_eq!(
                    compiled.allow(&deed),
                    is_meant,
                    "{case}: {deed} {names:?} {rules:?}"
                );
                allowed += u32::from(is_meant);
            }
        }
        assert!(
            (8_000..32_000).contains(&allowed),
            "{allowed}: the cases say little"
        );
    }
}
