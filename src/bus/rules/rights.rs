//! What one certificate may do, ready to be asked for each message.

use std::collections::HashMap;
use std::fmt;

use super::file::{Rule, Topic};
use super::patterns::Patterns;
use crate::bus::table::TAP;

/// Longer lists of names are cut where they are shown.
const LONGEST_LIST: usize = 255;

/// Something that a member does to others.
#[derive(Debug, Clone, Copy)]
pub enum Deed<'a> {
    /// Has this name.
    Be(&'a str),
    /// Serves this id.
    Serve(&'a str),
    /// Calls this id, or casts to it.
    Call(&'a str),
    /// Publishes at this exchange with this routing key.
    Publish(&'a str, &'a str),
    /// Sees what passes between others.
    Tap,
    /// Hosts the registry.
    Host,
}

impl Deed<'_> {
    /// What gives the right to it in the file of rules.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Be(_) => "names",
            Self::Serve(_) => "serve",
            Self::Call(_) => "call",
            Self::Publish(..) => "publish",
            Self::Tap => "tap",
            Self::Host => "host",
        }
    }
}

impl fmt::Display for Deed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Be(name) => write!(f, "be the member {name}"),
            Self::Serve(id) => write!(f, "serve the id {id}"),
            Self::Call(id) => write!(f, "call or cast to the id {id}"),
            Self::Publish(exchange, key) => {
                write!(
                    f,
                    "publish at the exchange {exchange} with the routing key {key}"
                )
            }
            Self::Tap => f.write_str("see what passes between others (owt-grpc tap)"),
            Self::Host => f.write_str("host the registry"),
        }
    }
}

/// The rights of one certificate, compiled from the rules.
#[derive(Debug)]
pub struct Rights {
    /// The names of the certificate, for a person.
    whose: String,
    /// `None`: any.
    names: Option<Patterns>,
    serve: Patterns,
    call: Patterns,
    /// By exchange, and by what exchanges begin with.
    publish: HashMap<String, Patterns>,
    publish_at: Vec<(String, Patterns)>,
    tap: bool,
    host: bool,
}

impl Rights {
    /// Of a certificate with these names, which the rules give this.
    pub fn new(names: &[String], granted: &Rule) -> Self {
        let mut topics: HashMap<&String, Vec<&Topic>> = HashMap::new();
        for topic in &granted.publish {
            topics.entry(&topic.exchange).or_default().push(topic);
        }
        let all = "*".to_owned();
        let mut publish = HashMap::new();
        let mut publish_at = Vec::new();
        for (exchange, topics) in topics {
            let unbound = topics.iter().any(|topic| topic.keys.is_none());
            let keys = topics.iter().flat_map(|topic| topic.keys.iter().flatten());
            let keys = keys.chain(unbound.then_some(&all)).collect();
            match exchange.strip_suffix('*') {
                Some(begin) => publish_at.push((begin.to_owned(), keys)),
                None => drop(publish.insert(exchange.clone(), keys)),
            }
        }
        Self {
            whose: shown(names),
            names: granted.names.as_ref().map(|names| names.iter().collect()),
            serve: granted.serve.iter().collect(),
            call: granted.call.iter().collect(),
            publish,
            publish_at,
            tap: granted.tap,
            host: granted.host,
        }
    }

    /// Whether it may do that.
    pub fn allow(&self, deed: &Deed<'_>) -> bool {
        match *deed {
            Deed::Be(name) => self.names.as_ref().is_none_or(|names| names.fit(name)),
            Deed::Serve(id) => self.serve.fit(id),
            Deed::Call(id) => self.call.fit(id),
            Deed::Publish(exchange, key) => self.may_publish(exchange, key),
            Deed::Tap => self.tap,
            Deed::Host => self.host,
        }
    }

    /// Whoever is asked for copies of what it hands over gives them: who may ask is
    /// another right.
    fn may_publish(&self, exchange: &str, key: &str) -> bool {
        let named = self.publish.get(exchange);
        named.is_some_and(|keys| keys.fit(key))
            || exchange == TAP
            || self
                .publish_at
                .iter()
                .any(|(begin, keys)| exchange.starts_with(begin.as_str()) && keys.fit(key))
    }

    /// The same.
    ///
    /// # Errors
    /// Why not, for whoever reads it on either side.
    pub fn check(&self, deed: &Deed<'_>) -> Result<(), String> {
        if self.allow(deed) {
            return Ok(());
        }
        let (whose, key) = (&self.whose, deed.key());
        Err(format!(
            "a certificate for {whose} may not {deed}: by the rules of OWT_GRPC_AUTHORIZE it \
             needs that in \"{key}\""
        ))
    }
}

fn shown(names: &[String]) -> String {
    if names.is_empty() {
        return "nobody that has a name".to_owned();
    }
    let all = names.join(", ");
    if all.len() <= LONGEST_LIST {
        return all;
    }
    let cut: String = all.chars().take(LONGEST_LIST).collect();
    format!("{cut}...")
}
