//! What the application of this member listens to.

use std::collections::{BTreeMap, HashMap};

use super::topic::Trie;
use super::wire::Subscription;

/// Subscriptions by the application's numbers. One subscription may have many
/// patterns, and many may have the same.
#[derive(Default)]
pub struct Subscriptions {
    topics: HashMap<String, Trie<u32>>,
    patterns: BTreeMap<u32, Vec<Subscription>>,
}

impl Subscriptions {
    /// Adds patterns to a subscription.
    pub fn add(&mut self, number: u32, exchange: &str, patterns: &[String]) {
        let topics = self.topics.entry(exchange.to_owned()).or_default();
        let own = self.patterns.entry(number).or_default();
        for pattern in patterns {
            topics.insert(pattern, number);
            let subscription = Subscription {
                exchange: exchange.to_owned(),
                pattern: pattern.clone(),
            };
            if !own.contains(&subscription) {
                own.push(subscription);
            }
        }
    }

    /// Takes patterns from a subscription.
    pub fn remove(&mut self, number: u32, exchange: &str, patterns: &[String]) {
        if let Some(topics) = self.topics.get_mut(exchange) {
            for pattern in patterns {
                topics.remove(pattern, number);
            }
            if topics.is_empty() {
                self.topics.remove(exchange);
            }
        }
        if let Some(own) = self.patterns.get_mut(&number) {
            own.retain(|kept| kept.exchange != exchange || !patterns.contains(&kept.pattern));
            if own.is_empty() {
                self.patterns.remove(&number);
            }
        }
    }

    /// All patterns, each once: what other members have to know.
    pub fn all(&self) -> Vec<Subscription> {
        let mut all: Vec<Subscription> = Vec::new();
        for subscription in self.patterns.values().flatten() {
            if !all.contains(subscription) {
                all.push(subscription.clone());
            }
        }
        all
    }

    /// The subscriptions that want a message, each once.
    pub fn find(&self, exchange: &str, key: &str) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(topics) = self.topics.get(exchange) {
            topics.find(key, &mut found);
        }
        found
    }
}
