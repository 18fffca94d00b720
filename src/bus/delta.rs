//! What has changed in a member's record: all that others are told of one that
//! they know.

use std::collections::HashSet;
use std::hash::Hash;

use super::wire::{Delta, Record};

/// What is in `list` and not in `known`.
fn missing<T: Hash + Eq + Clone>(list: &[T], known: &[T]) -> Vec<T> {
    let known: HashSet<&T> = known.iter().collect();
    let missing = list.iter().filter(|one| !known.contains(one));
    missing.cloned().collect()
}

impl Delta {
    /// What makes the one record the other; only ids and subscriptions change.
    pub fn between(old: &Record, new: &Record) -> Self {
        Self {
            member: new.member.clone(),
            ids: missing(&new.ids, &old.ids),
            gone_ids: missing(&old.ids, &new.ids),
            subscriptions: missing(&new.subscriptions, &old.subscriptions),
            gone_subscriptions: missing(&old.subscriptions, &new.subscriptions),
        }
    }

    /// Makes the change, as far as it has not been made: twice is once.
    pub fn apply(&self, record: &mut Record) {
        record.ids.retain(|id| !self.gone_ids.contains(id));
        let gone = &self.gone_subscriptions;
        record.subscriptions.retain(|topic| !gone.contains(topic));
        let ids = missing(&self.ids, &record.ids);
        record.ids.extend(ids);
        let subscriptions = missing(&self.subscriptions, &record.subscriptions);
        record.subscriptions.extend(subscriptions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::wire::Subscription;

    #[test]
    fn a_delta_makes_one_record_the_other_however_often_it_is_applied() {
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..500 {
            let mut record = || {
                let names = |rng: &mut fastrand::Rng| -> Vec<String> {
                    let all = (0..8).map(|n| n.to_string());
                    all.filter(|_| rng.bool()).collect()
                };
                let topic = |pattern| Subscription {
                    exchange: "x".to_owned(),
                    pattern,
                };
                Record {
                    ids: names(&mut rng),
                    subscriptions: names(&mut rng).into_iter().map(topic).collect(),
                    ..Record::default()
                }
            };
            let (old, new) = (record(), record());
            let delta = Delta::between(&old, &new);
            let mut changed = old.clone();
            for _ in 0..2 {
                delta.apply(&mut changed);
                changed.ids.sort_unstable();
                changed
                    .subscriptions
                    .sort_by(|a, b| a.pattern.cmp(&b.pattern));
                assert_eq!(changed, new);
            }
        }
    }
}
