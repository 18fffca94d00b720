//! What the application of this member listens to.

use std::collections::{HashMap, HashSet};

use super::topic::{self, Trie};
use super::wire::Subscription;

/// Subscriptions by the application's numbers. One subscription may have many
/// patterns, and many may have the same.
#[derive(Default)]
pub struct Subscriptions {
    topics: HashMap<String, Trie<u32>>,
    patterns: HashMap<u32, HashSet<Subscription>>,
    /// How many have each.
    wanted: HashMap<Subscription, usize>,
}

fn topic(exchange: &str, pattern: &str) -> Subscription {
    Subscription {
        exchange: exchange.to_owned(),
        pattern: topic::shortest(pattern),
    }
}

impl Subscriptions {
    /// Adds patterns to a subscription. Returns those that none had before: other
    /// members have to know of them.
    pub fn add(&mut self, number: u32, exchange: &str, patterns: &[String]) -> Vec<Subscription> {
        let topics = self.topics.entry(exchange.to_owned()).or_default();
        let own = self.patterns.entry(number).or_default();
        let mut new = Vec::new();
        for pattern in patterns {
            let subscription = topic(exchange, pattern);
            topics.insert(&subscription.pattern, number);
            if own.insert(subscription.clone()) {
                let wanted = self.wanted.entry(subscription.clone()).or_default();
                *wanted += 1;
                if *wanted == 1 {
                    new.push(subscription);
                }
            }
        }
        new
    }

    /// Takes patterns from a subscription. Returns those that none has any more.
    pub fn remove(
        &mut self,
        number: u32,
        exchange: &str,
        patterns: &[String],
    ) -> Vec<Subscription> {
        let mut gone = Vec::new();
        let Some(own) = self.patterns.get_mut(&number) else {
            return gone;
        };
        for pattern in patterns {
            let subscription = topic(exchange, pattern);
            if !own.remove(&subscription) {
                continue;
            }
            if let Some(topics) = self.topics.get_mut(exchange) {
                topics.remove(&subscription.pattern, number);
            }
            if let Some(wanted) = self.wanted.get_mut(&subscription) {
                *wanted -= 1;
                if *wanted == 0 {
                    self.wanted.remove(&subscription);
                    gone.push(subscription);
                }
            }
        }
        if own.is_empty() {
            self.patterns.remove(&number);
        }
        if self.topics.get(exchange).is_some_and(Trie::is_empty) {
            self.topics.remove(exchange);
        }
        gone
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_told_of_a_pattern_while_any_subscription_has_it() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut subscriptions = Subscriptions::default();
            let mut told: HashSet<Subscription> = HashSet::new();
            let mut model: HashSet<(u32, Subscription)> = HashSet::new();
            for _ in 0..200 {
                let number = rng.u32(..4);
                let exchange = ["x", "y"][rng.usize(..2)];
                let all = ["a", "a.#", "a.#.#", "#", "#.#", "b.*"];
                let patterns: Vec<String> = (0..rng.usize(1..4))
                    .map(|_| all[rng.usize(..all.len())].to_owned())
                    .collect();
                let touched = patterns.iter().map(|p| (number, topic(exchange, p)));
                if rng.bool() {
                    model.extend(touched);
                    let new = subscriptions.add(number, exchange, &patterns);
                    assert!(
                        new.into_iter().all(|topic| told.insert(topic)),
                        "seed {seed}"
                    );
                } else {
                    for one in touched {
                        model.remove(&one);
                    }
                    let gone = subscriptions.remove(number, exchange, &patterns);
                    assert!(gone.iter().all(|topic| told.remove(topic)), "seed {seed}");
                }
                let wanted: HashSet<_> = model.iter().map(|(_, topic)| topic.clone()).collect();
                assert_eq!(told, wanted, "seed {seed}");
                let hears = |number, key: &str| {
                    let mut own = model
                        .iter()
                        .filter(|(n, topic)| *n == number && topic.exchange == "x");
                    own.any(|(_, topic)| match &*topic.pattern {
                        "#" => true,
                        "a.#" => key.starts_with('a'),
                        "b.*" => key == "b.c",
                        pattern => pattern == key,
                    })
                };
                for key in ["a", "a.b", "b.c", "c"] {
                    let expected: Vec<u32> = (0..4).filter(|n| hears(*n, key)).collect();
                    assert_eq!(subscriptions.find("x", key), expected, "seed {seed}, {key}");
                }
            }
        }
    }
}
