//! Who serves which id, and who listens to what: each member's copy of what the
//! registry told, by which it routes.

use std::collections::{HashMap, VecDeque};

use rustc_hash::FxHashMap;

use super::Millis;
use super::profile::Profile;
use super::topic::Trie;
use super::wire::{Delta, Subscription};

/// A member, as a number of this process. 0 is the member itself.
pub type PeerNumber = u32;

/// The exchange of copies: see `member::tap`.
pub const TAP: &str = "owt-grpc.tap";

/// This member itself.
pub const SELF: PeerNumber = 0;

/// Ids and subscriptions, and the members that have them.
#[derive(Default)]
pub struct Table {
    profiles: FxHashMap<PeerNumber, Profile>,
    ids: HashMap<String, Servers>,
    topics: HashMap<String, Trie<PeerNumber>>,
    /// Ids that a member said it does not serve, against its record. Oldest first.
    doubts: VecDeque<Doubt>,
    /// Somebody listens to [`TAP`]: asked for each delivery, so it is kept.
    pub tapped: bool,
}

struct Doubt {
    until: Millis,
    peer: PeerNumber,
    id: String,
}

/// The registry has so long to tell what a member has said itself. If it does
/// not, the record was the newer one.
const DOUBT: Millis = 1_000;

#[derive(Default)]
struct Servers {
    members: Vec<PeerNumber>,
    /// Whose turn it is.
    next: usize,
}

impl Table {
    /// Replaces what is known of a member. Returns the ids it serves that it did
    /// not serve before.
    pub fn set(&mut self, peer: PeerNumber, profile: impl Into<Profile>) -> Vec<String> {
        let profile = profile.into();
        let mut old = self.profiles.remove(&peer).unwrap_or_default();
        self.doubts.retain(|doubt| {
            if doubt.peer == peer {
                old.deny(&doubt.id);
            }
            doubt.peer != peer
        });
        let delta = old.delta_to(&profile);
        self.profiles.insert(peer, profile);
        self.route(peer, delta)
    }

    /// Changes what is known of a member. Returns the ids it serves that it did not
    /// serve before.
    pub fn change(&mut self, peer: PeerNumber, delta: Delta) -> Vec<String> {
        let Some(profile) = self.profiles.get_mut(&peer) else {
            return Vec::new();
        };
        profile.change(&delta);
        self.doubts
            .retain(|doubt| doubt.peer != peer || !delta.ids.contains(&doubt.id));
        self.route(peer, delta)
    }

    fn route(&mut self, peer: PeerNumber, delta: Delta) -> Vec<String> {
        for id in &delta.gone_ids {
            self.stop_serving(peer, id);
        }
        for gone in &delta.gone_subscriptions {
            self.unsubscribe(peer, gone);
        }
        for id in &delta.ids {
            self.start_serving(peer, id);
        }
        for subscription in &delta.subscriptions {
            let topics = self.topics.entry(subscription.exchange.clone());
            topics.or_default().insert(&subscription.pattern, peer);
        }
        self.tapped = self.topics.contains_key(TAP);
        delta.ids
    }

    /// Forgets a member.
    pub fn remove(&mut self, peer: PeerNumber) {
        if self.profiles.contains_key(&peer) {
            self.set(peer, Profile::default());
            self.profiles.remove(&peer);
        }
    }

    /// A member has said itself that it does not serve an id. Mostly the registry
    /// is about to tell the same; or it has told already that the member does so
    /// again, and nothing more will come.
    pub fn doubt(&mut self, now: Millis, peer: PeerNumber, id: &str) {
        // Many calls may come back at once: one doubt is enough.
        if self.stop_serving(peer, id) {
            let until = now + DOUBT;
            let id = id.to_owned();
            self.doubts.push_back(Doubt { until, peer, id });
        }
    }

    /// When `trust_again` will have something.
    pub fn doubts_until(&self) -> Option<Millis> {
        self.doubts.front().map(|doubt| doubt.until)
    }

    /// Ends doubts that the registry has not confirmed. Returns the ids.
    pub fn trust_again(&mut self, now: Millis) -> Vec<String> {
        let mut trusted = Vec::new();
        while self.doubts_until().is_some_and(|until| until <= now)
            && let Some(doubt) = self.doubts.pop_front()
        {
            let profile = self.profiles.get(&doubt.peer);
            if profile.is_some_and(|profile| profile.serves(&doubt.id)) {
                self.start_serving(doubt.peer, &doubt.id);
                trusted.push(doubt.id);
            }
        }
        trusted
    }

    fn start_serving(&mut self, peer: PeerNumber, id: &str) {
        let servers = self.ids.entry(id.to_owned()).or_default();
        if !servers.members.contains(&peer) {
            servers.members.push(peer);
        }
    }

    /// Whether it served it.
    fn stop_serving(&mut self, peer: PeerNumber, id: &str) -> bool {
        let Some(servers) = self.ids.get_mut(id) else {
            return false;
        };
        let before = servers.members.len();
        servers.members.retain(|member| *member != peer);
        let served = servers.members.len() < before;
        if servers.members.is_empty() {
            self.ids.remove(id);
        }
        served
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
    pub fn profile(&self, peer: PeerNumber) -> Option<&Profile> {
        self.profiles.get(&peer)
    }

    /// All that is known.
    #[cfg(test)]
    pub fn profiles(&self) -> impl Iterator<Item = (PeerNumber, &Profile)> {
        self.profiles.iter().map(|(peer, profile)| (*peer, profile))
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
    use crate::bus::wire::Record;

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

    /// Three members change at random, and say so to two tables: to one what has changed, to
    /// the other all that they are.
    #[test]
    fn changes_and_whole_states_come_to_the_same_tables() {
        for seed in 0..300 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut profiles = [(); 3].map(|()| Profile::default());
            let [mut by_changes, mut by_states] = [Table::default(), Table::default()];
            for peer in 1..=3 {
                by_changes.set(peer, Profile::default());
            }
            for step in 0..60 {
                let which = rng.usize(..3);
                let peer = u32::try_from(which).unwrap() + 1;
                let few = |rng: &mut fastrand::Rng, all: &[&str]| -> Vec<String> {
                    let some = all.iter().filter(|_| rng.u8(..4) == 0);
                    some.map(ToString::to_string).collect()
                };
                let topics = |rng: &mut fastrand::Rng| {
                    let topic = |pattern| Subscription {
                        exchange: "x".to_owned(),
                        pattern,
                    };
                    let patterns = few(rng, &["a", "a.#", "#", "*.b"]);
                    patterns.into_iter().map(topic).collect()
                };
                let delta = Delta {
                    member: String::new(),
                    ids: few(&mut rng, &["a", "b", "c"]),
                    gone_ids: few(&mut rng, &["a", "b", "c"]),
                    subscriptions: topics(&mut rng),
                    gone_subscriptions: topics(&mut rng),
                };
                profiles[which].change(&delta);
                if rng.bool() {
                    let id = ["a", "b", "c"][rng.usize(..3)];
                    by_changes.doubt(step, peer, id);
                    by_states.doubt(step, peer, id);
                }
                by_changes.change(peer, delta);
                by_states.set(peer, profiles[which].clone());
                // A whole record ends all doubts, a change those that it is about.
                by_changes.trust_again(step + DOUBT);
                by_states.trust_again(step + DOUBT);
                for id in ["a", "b", "c"] {
                    let servers = |table: &Table| {
                        let servers = table.ids.get(id).map(|servers| servers.members.clone());
                        let mut servers = servers.unwrap_or_default();
                        servers.sort_unstable();
                        servers
                    };
                    let expected: Vec<PeerNumber> = (1..=3)
                        .filter(|peer| profiles[*peer as usize - 1].serves(id))
                        .collect();
                    assert_eq!(servers(&by_changes), expected, "seed {seed}, {id}");
                    assert_eq!(servers(&by_states), expected, "seed {seed}, {id}");
                }
                for key in ["a", "a.b", "b", "c.b"] {
                    let listeners = |table: &Table| {
                        let mut found = Vec::new();
                        table.subscribers("x", key, &mut found);
                        found.sort_unstable();
                        found
                    };
                    assert_eq!(listeners(&by_changes), listeners(&by_states), "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn a_server_that_cannot_be_reached_is_passed_over_while_there_is_another() {
        let mut table = Table::default();
        table.set(1, serving(&["a"]));
        table.set(2, serving(&["a"]));
        for _ in 0..4 {
            assert_eq!(table.server("a", |peer| peer == 2), Some(2));
        }
        table.doubt(0, 2, "a");
        assert_eq!(table.server("a", |peer| peer == 2), Some(1));
    }

    #[test]
    fn a_member_that_denied_an_id_gets_it_back_with_its_next_record_or_after_a_while() {
        let mut table = Table::default();
        table.set(1, serving(&["a"]));
        table.doubt(0, 1, "a");
        assert_eq!(table.server("a", |_| true), None);
        assert_eq!(table.set(1, serving(&["a"])), ["a"]);
        assert_eq!(table.server("a", |_| true), Some(1));
        table.doubt(0, 1, "a");
        assert_eq!(table.trust_again(DOUBT - 1), [""; 0]);
        assert_eq!(table.trust_again(DOUBT), ["a"]);
        assert_eq!(table.server("a", |_| true), Some(1));
        table.doubt(0, 1, "a");
        table.set(1, Record::default());
        assert_eq!(table.trust_again(2 * DOUBT), [""; 0]);
        assert_eq!(table.server("a", |_| true), None);
    }
}
