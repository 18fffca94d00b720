//! Who serves which id, and who listens to what: each member's copy of what the
//! registry told, by which it routes.

use std::collections::HashMap;

use super::topic::Trie;
use super::wire::{Record, Subscription};

/// A member, as a number of this process. 0 is the member itself.
pub type PeerNumber = u32;

/// The exchange of copies: see `member::tap`.
pub const TAP: &str = "owt-grpc.tap";

/// This member itself.
pub const SELF: PeerNumber = 0;

/// See the module.
#[derive(Default)]
pub struct Table {
    records: HashMap<PeerNumber, Record>,
    ids: HashMap<String, Servers>,
    topics: HashMap<String, Trie<PeerNumber>>,
    /// Somebody listens to [`TAP`]: asked for each delivery, so it is kept.
    pub tapped: bool,
}

#[derive(Default)]
struct Servers {
    members: Vec<PeerNumber>,
    /// Whose turn it is.
    next: usize,
}

impl Table {
    /// Replaces what is known of a member. Returns the ids it serves that it did
    /// not serve before.
    pub fn set(&mut self, peer: PeerNumber, record: Record) -> Vec<String> {
        let old = self.records.remove(&peer).unwrap_or_default();
        for id in old.ids.iter().filter(|id| !record.ids.contains(id)) {
            self.stop_serving(peer, id);
        }
        for gone in &old.subscriptions {
            if !record.subscriptions.contains(gone) {
                self.unsubscribe(peer, gone);
            }
        }
        let mut new = Vec::new();
        for id in &record.ids {
            if !old.ids.contains(id) {
                let servers = self.ids.entry(id.clone()).or_default();
                servers.members.push(peer);
                new.push(id.clone());
            }
        }
        for subscription in &record.subscriptions {
            let topics = self.topics.entry(subscription.exchange.clone());
            topics.or_default().insert(&subscription.pattern, peer);
        }
        self.records.insert(peer, record);
        self.tapped = self.topics.contains_key(TAP);
        new
    }

    /// Forgets a member.
    pub fn remove(&mut self, peer: PeerNumber) {
        if self.records.contains_key(&peer) {
            self.set(peer, Record::default());
            self.records.remove(&peer);
        }
    }

    /// A member has said itself that it does not serve an id any more.
    pub fn disown(&mut self, peer: PeerNumber, id: &str) {
        if let Some(record) = self.records.get_mut(&peer) {
            record.ids.retain(|served| served != id);
        }
        self.stop_serving(peer, id);
    }

    fn stop_serving(&mut self, peer: PeerNumber, id: &str) {
        if let Some(servers) = self.ids.get_mut(id) {
            servers.members.retain(|member| *member != peer);
            if servers.members.is_empty() {
                self.ids.remove(id);
            }
        }
    }

    fn unsubscribe(&mut self, peer: PeerNumber, gone: &Subscription) {
        if let Some(topics) = self.topics.get_mut(&gone.exchange) {
            topics.remove(&gone.pattern, peer);
            if topics.is_empty() {
                self.topics.remove(&gone.exchange);
            }
        }
    }

    /// What is known of a member.
    pub fn record(&self, peer: PeerNumber) -> Option<&Record> {
        self.records.get(&peer)
    }

    /// All that is known.
    #[cfg(test)]
    pub fn records(&self) -> impl Iterator<Item = (PeerNumber, &Record)> {
        self.records.iter().map(|(peer, record)| (*peer, record))
    }

    /// Whom the next request for an id goes to: its servers take turns. Those
    /// that `reachable` denies get it only if there is no other.
    pub fn server(
        &mut self,
        id: &str,
        reachable: impl Fn(PeerNumber) -> bool,
    ) -> Option<PeerNumber> {
        let servers = self.ids.get_mut(id)?;
        let count = servers.members.len();
        let turn = |offset: usize| servers.members[(servers.next + offset) % count];
        let offset = (0..count).find(|offset| reachable(turn(*offset)));
        let offset = offset.unwrap_or(0);
        let chosen = turn(offset);
        servers.next = (servers.next + offset + 1) % count;
        Some(chosen)
    }

    /// Whether anybody serves an id.
    #[cfg(test)]
    pub fn serves(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// Adds those who listen to a key, each once.
    pub fn subscribers(&self, exchange: &str, key: &str, found: &mut Vec<PeerNumber>) {
        if let Some(topics) = self.topics.get(exchange) {
            topics.find(key, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serving(ids: &[&str]) -> Record {
        Record {
            ids: ids.iter().map(ToString::to_string).collect(),
            ..Record::default()
        }
    }

    #[test]
    fn servers_of_one_id_take_turns_and_one_leaving_takes_nothing_from_the_other() {
        let mut table = Table::default();
        assert_eq!(table.set(1, serving(&["a", "b"])), ["a", "b"]);
        assert_eq!(table.set(2, serving(&["a"])), ["a"]);
        let turns =
            |table: &mut Table| -> Vec<_> { (0..4).map(|_| table.server("a", |_| true)).collect() };
        assert_eq!(turns(&mut table), [Some(1), Some(2), Some(1), Some(2)]);
        assert_eq!(table.set(1, serving(&["b"])), [""; 0]);
        assert_eq!(turns(&mut table), [Some(2); 4]);
        table.remove(2);
        assert_eq!(turns(&mut table), [None; 4]);
        assert_eq!(table.server("b", |_| true), Some(1));
    }

    #[test]
    fn a_server_that_cannot_be_reached_is_passed_over_while_there_is_another() {
        let mut table = Table::default();
        table.set(1, serving(&["a"]));
        table.set(2, serving(&["a"]));
        for _ in 0..4 {
            assert_eq!(table.server("a", |peer| peer == 2), Some(2));
        }
        table.disown(2, "a");
        assert_eq!(table.server("a", |peer| peer == 2), Some(1));
    }
}
