//! What has changed in a member's record: all that others are told of one that
//! they know.

use std::collections::HashSet;
use std::hash::Hash;

use super::wire::{Delta, Record};

/// So few are looked for one by one, which takes no table of all.
const FEW: usize = 8;

/// Where things are looked for.
enum All<'a, T> {
    List(&'a [T]),
    Table(HashSet<&'a T>),
}

impl<'a, T: Hash + Eq> All<'a, T> {
    /// Where so many are to be looked for.
    fn of(all: &'a [T], times: usize) -> Self {
        if times <= FEW {
            Self::List(all)
        } else {
            Self::Table(all.iter().collect())
        }
    }

    fn has(&self, one: &T) -> bool {
        match self {
            Self::List(all) => all.contains(one),
            Self::Table(all) => all.contains(one),
        }
    }
}

/// What is in `list` and not in `known`.
fn missing<T: Hash + Eq + Clone>(list: &[T], known: &[T]) -> Vec<T> {
    let known = All::of(known, list.len());
    let missing = list.iter().filter(|one| !known.has(one));
    missing.cloned().collect()
}

/// What is in `list` and in `known`, and does not come back at once.
fn present<T: Hash + Eq + Clone>(list: &[T], known: &[T], back: &[T]) -> Vec<T> {
    let known = All::of(known, list.len());
    let back = All::of(back, list.len());
    let present = list.iter().filter(|one| known.has(one) && !back.has(one));
    present.cloned().collect()
}

/// Takes what is in `gone` out of a list.
fn take_out<T: Hash + Eq>(list: &mut Vec<T>, gone: &[T]) {
    if !gone.is_empty() {
        // The list is the longer one, mostly.
        let gone = All::of(gone, if gone.len() > FEW { list.len() } else { 0 });
        list.retain(|one| !gone.has(one));
    }
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

    /// What of it is yet to be made.
    pub fn effect_on(self, record: &Record) -> Self {
        Self {
            gone_ids: present(&self.gone_ids, &record.ids, &self.ids),
            gone_subscriptions: present(
                &self.gone_subscriptions,
                &record.subscriptions,
                &self.subscriptions,
            ),
            ids: missing(&self.ids, &record.ids),
            subscriptions: missing(&self.subscriptions, &record.subscriptions),
            member: self.member,
        }
    }

    /// What takes out again what it adds.
    pub fn undone(&self) -> Self {
        Self {
            member: self.member.clone(),
            gone_ids: self.ids.clone(),
            gone_subscriptions: self.subscriptions.clone(),
            ..Self::default()
        }
    }

    /// Whether both add some one thing.
    pub fn shares(&self, other: &Self) -> bool {
        let ids = All::of(&other.ids, self.ids.len());
        let topics = All::of(&other.subscriptions, self.subscriptions.len());
        self.ids.iter().any(|id| ids.has(id))
            || self.subscriptions.iter().any(|topic| topics.has(topic))
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        let ids = self.ids.is_empty() && self.gone_ids.is_empty();
        ids && self.subscriptions.is_empty() && self.gone_subscriptions.is_empty()
    }

    /// Makes the change, as far as it has not been made: twice is once.
    pub fn apply(&self, record: &mut Record) {
        take_out(&mut record.ids, &self.gone_ids);
        take_out(&mut record.subscriptions, &self.gone_subscriptions);
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

    fn sorted(record: &Record) -> Record {
        let mut record = record.clone();
        record.ids.sort_unstable();
        record
            .subscriptions
            .sort_by(|a, b| a.pattern.cmp(&b.pattern));
        record
    }

    #[test]
    fn a_delta_makes_one_record_the_other_however_often_it_is_applied() {
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..500 {
            let mut record = || {
                let names = |rng: &mut fastrand::Rng| -> Vec<String> {
                    let all = (0..24).map(|n| format!("{n:02}"));
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
            // Any delta does to a record what its effect does.
            let (any, base) = (Delta::between(&record(), &record()), record());
            let mut both = [base.clone(), base.clone()];
            any.apply(&mut both[0]);
            let effect = any.effect_on(&base);
            effect.apply(&mut both[1]);
            assert_eq!(effect.is_empty(), sorted(&both[0]) == sorted(&base));
            let [one, other] = both;
            assert_eq!(sorted(&one), sorted(&other));
            let (old, new) = (record(), record());
            let delta = Delta::between(&old, &new);
            let mut changed = old.clone();
            for _ in 0..2 {
                delta.apply(&mut changed);
                assert_eq!(sorted(&changed), new);
            }
        }
    }
}
