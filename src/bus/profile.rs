//! A member's record as it is kept: one more id or subscription costs what one does,
//! however many there are.

use std::collections::BTreeSet;

use prost::Message as _;
use prost::encoding::encoded_len_varint;

use super::wire::{Delta, Record, Subscription};

/// Things that are there or not, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Listed<T>(BTreeSet<T>);

impl<T: Ord + Clone> Listed<T> {
    /// What of a change is yet to be made, each once: what is new, and what is gone and
    /// does not come back at once.
    fn yet_to_change(&self, mut new: Vec<T>, mut gone: Vec<T>) -> (Vec<T>, Vec<T>) {
        new.sort_unstable();
        new.dedup();
        gone.sort_unstable();
        gone.dedup();
        gone.retain(|one| self.0.contains(one) && new.binary_search(one).is_err());
        new.retain(|one| !self.0.contains(one));
        (new, gone)
    }

    /// Makes a change, as far as it has not been made. Each that comes or goes is weighed.
    fn change(&mut self, new: &[T], gone: &[T], weight: &mut usize, of: impl Fn(&T) -> usize) {
        for one in gone {
            if self.0.remove(one) {
                *weight -= of(one);
            }
        }
        for one in new {
            if self.0.insert(one.clone()) {
                *weight += of(one);
            }
        }
    }

    fn without(&self, other: &Self) -> Vec<T> {
        self.0.difference(&other.0).cloned().collect()
    }
}

/// What a member serves and listens to, and what of it the registry knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// Who it is: the record without its lists.
    pub who: Record,
    ids: Listed<String>,
    subscriptions: Listed<Subscription>,
    /// Of the lists in a record, in bytes.
    weight: usize,
}

/// A field of so many bytes in a list of a record: its numbers fit into one byte.
fn field(length: usize) -> usize {
    1 + encoded_len_varint(length as u64) + length
}

impl From<Record> for Profile {
    fn from(mut who: Record) -> Self {
        let all = Delta {
            ids: std::mem::take(&mut who.ids),
            subscriptions: std::mem::take(&mut who.subscriptions),
            ..Delta::default()
        };
        let mut profile = Self {
            who,
            ..Self::default()
        };
        profile.change(&all);
        profile
    }
}

impl Profile {
    /// All of it, as it is told.
    pub fn record(&self) -> Record {
        Record {
            ids: self.ids().cloned().collect(),
            subscriptions: self.subscriptions().cloned().collect(),
            ..self.who.clone()
        }
    }

    /// What it serves.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &String> {
        self.ids.0.iter()
    }

    /// Whether it serves an id.
    pub fn serves(&self, id: &str) -> bool {
        self.ids.0.contains(id)
    }

    /// It does not serve an id, whatever it has told.
    pub fn deny(&mut self, id: &str) {
        if self.ids.0.remove(id) {
            self.weight -= field(id.len());
        }
    }

    /// What it listens to.
    pub fn subscriptions(&self) -> impl ExactSizeIterator<Item = &Subscription> {
        self.subscriptions.0.iter()
    }

    /// Whether something of what a change adds is there.
    pub fn has_any_of(&self, delta: &Delta) -> bool {
        let listens = |topic| self.subscriptions.0.contains(topic);
        delta.ids.iter().any(|id| self.serves(id)) || delta.subscriptions.iter().any(listens)
    }

    /// As a record, in bytes.
    pub fn weight(&self) -> usize {
        self.who.encoded_len() + self.weight
    }

    /// What of a change is yet to be made.
    pub fn yet_to_change(&self, delta: Delta) -> Delta {
        let (ids, gone_ids) = self.ids.yet_to_change(delta.ids, delta.gone_ids);
        let (new, gone) = (delta.subscriptions, delta.gone_subscriptions);
        let (subscriptions, gone_subscriptions) = self.subscriptions.yet_to_change(new, gone);
        Delta {
            member: delta.member,
            ids,
            gone_ids,
            subscriptions,
            gone_subscriptions,
        }
    }

    /// Makes a change, as far as it has not been made: twice is once.
    pub fn change(&mut self, delta: &Delta) {
        let weight = &mut self.weight;
        let Delta {
            ids,
            gone_ids,
            subscriptions,
            gone_subscriptions,
            ..
        } = delta;
        self.ids.change(ids, gone_ids, weight, |id| field(id.len()));
        let of = |topic: &Subscription| field(topic.encoded_len());
        self.subscriptions
            .change(subscriptions, gone_subscriptions, weight, of);
    }

    /// What makes this one the other; only ids and subscriptions change.
    pub fn delta_to(&self, new: &Self) -> Delta {
        Delta {
            member: new.who.member.clone(),
            ids: new.ids.without(&self.ids),
            gone_ids: self.ids.without(&new.ids),
            subscriptions: new.subscriptions.without(&self.subscriptions),
            gone_subscriptions: self.subscriptions.without(&new.subscriptions),
        }
    }
}

impl Delta {
    /// What takes out again what it adds.
    pub fn undone(&self) -> Self {
        Self {
            member: self.member.clone(),
            gone_ids: self.ids.clone(),
            gone_subscriptions: self.subscriptions.clone(),
            ..Self::default()
        }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        let ids = self.ids.is_empty() && self.gone_ids.is_empty();
        ids && self.subscriptions.is_empty() && self.gone_subscriptions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::cmp::Ordering;

    use super::*;

    thread_local! {
        static COMPARED: Cell<usize> = const { Cell::new(0) };
    }

    /// Something that counts how often it is looked at.
    #[derive(Debug, Clone)]
    struct Counted(u32);

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Ordering {
            COMPARED.set(COMPARED.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other) == Ordering::Equal
        }
    }

    impl Eq for Counted {}

    /// How often things are looked at when one comes and goes, among so many.
    fn looks(among: u32) -> usize {
        let mut listed = Listed((0..among).map(|n| Counted(2 * n)).collect());
        let one = || vec![Counted(among | 1)];
        let mut weight = 0;
        COMPARED.set(0);
        for (new, gone) in [(one(), vec![]), (vec![], one())] {
            let (new, gone) = listed.yet_to_change(new, gone);
            assert_eq!(new.len() + gone.len(), 1);
            listed.change(&new, &gone, &mut weight, |_| 1);
        }
        COMPARED.get()
    }

    #[test]
    fn one_more_among_ten_thousand_is_not_looked_for_among_all() {
        let (few, many) = (looks(10), looks(10_000));
        assert!(many < 40 * 4, "{many} looks, {few} among ten");
    }

    fn random(rng: &mut fastrand::Rng) -> Record {
        let names = |rng: &mut fastrand::Rng| -> Vec<String> {
            // Of lengths that take one byte and two.
            let all = (0..24).map(|n| format!("{n:02}").repeat(1 + n * 5));
            all.filter(|_| rng.bool()).collect()
        };
        let topic = |pattern| Subscription {
            exchange: "x".to_owned(),
            pattern,
        };
        let mut record = Record {
            member: "m".to_owned(),
            ids: names(rng),
            subscriptions: names(rng).into_iter().map(topic).collect(),
            ..Record::default()
        };
        record.ids.sort_unstable();
        record.subscriptions.sort_unstable();
        record
    }

    #[test]
    fn a_delta_makes_one_profile_the_other_however_often_it_is_made_and_the_weight_is_that_of_the_record()
     {
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..500 {
            let [one, other, third, fourth] = [(); 4].map(|()| random(&mut rng));
            let mut profile = Profile::from(one.clone());
            assert_eq!(profile.record(), one);
            let delta = profile.delta_to(&other.clone().into());
            for _ in 0..2 {
                profile.change(&delta);
                assert_eq!(profile.record(), other);
                assert_eq!(profile.weight(), other.encoded_len());
            }
            // What is yet to be made of any change does what the change does, and no less of it would.
            let mut any = Profile::from(third).delta_to(&fourth.into());
            any.ids.extend(any.gone_ids.first().cloned());
            any.ids.extend(any.ids.first().cloned());
            let mut changed = profile.clone();
            changed.change(&any);
            let left = profile.yet_to_change(any);
            let sizes = [&left.ids, &left.gone_ids].map(Vec::len);
            let exact = profile.delta_to(&changed);
            assert_eq!(sizes, [&exact.ids, &exact.gone_ids].map(Vec::len));
            assert_eq!(left.is_empty(), changed == profile);
            profile.change(&left);
            assert_eq!(profile, changed);
            assert!(profile.yet_to_change(left).is_empty());
        }
    }
}
