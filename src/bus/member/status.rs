//! What a member can say of itself.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Member;
use super::totals::Totals;
use crate::bus::peer::LinkState;
use crate::bus::profile::Profile;
use crate::bus::table::SELF;

/// See [`Member::status`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    member: String,
    address: String,
    cluster: String,
    ids: Vec<String>,
    subscriptions: Vec<Topic>,
    registry: Registry,
    pending_calls: usize,
    waiting_for_server: usize,
    unroutable: u64,
    dropped: u64,
    links_made: u64,
    traffic: Totals,
    members: Vec<Other>,
}

#[derive(Debug, Serialize)]
struct Topic {
    exchange: String,
    pattern: String,
}

#[derive(Debug, Serialize)]
struct Registry {
    connected: bool,
    protocol: u32,
    epoch: String,
    revision: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Other {
    member: String,
    address: String,
    ids: Vec<String>,
    subscriptions: Vec<Topic>,
    link: &'static str,
    protocol: u32,
    queued_frames: usize,
    queued_bytes: usize,
}

impl Member {
    /// A picture of now, for a person or a tool.
    pub fn status(&self) -> Status {
        let own = &self.session.profile;
        let mut members: Vec<Other> = self
            .peers
            .iter()
            .map(|(number, peer)| {
                let (queued_frames, queued_bytes) = peer.outbox.depth();
                let profile = self.table.profile(*number);
                Other {
                    member: peer.name.to_string(),
                    address: peer.address.clone(),
                    ids: profile.map_or(vec![], ids),
                    subscriptions: profile.map_or(vec![], topics),
                    link: match peer.link {
                        LinkState::Idle => "idle",
                        LinkState::Dialing { .. } => "dialing",
                        LinkState::Up { .. }
                        | LinkState::Ending { .. }
                        | LinkState::Parting { .. } => "up",
                        LinkState::Pause { .. } => "pause",
                    },
                    protocol: peer.version,
                    queued_frames,
                    queued_bytes,
                }
            })
            .collect();
        members.sort_by(|a, b| a.member.cmp(&b.member));
        // A member that leaves announces nothing any more.
        debug_assert!(self.leaving || self.table.profile(SELF).is_none_or(|p| p == own));
        Status {
            member: self.identity.name.clone(),
            address: self.identity.address.clone(),
            cluster: self.identity.terms.cluster.clone(),
            ids: ids(own),
            subscriptions: topics(own),
            registry: Registry {
                connected: self.session.connected(),
                protocol: self.session.version,
                epoch: format!("{:016x}", self.session.epoch),
                revision: self.session.revision,
            },
            pending_calls: self.calls.pending(),
            waiting_for_server: self.waiting.values().map(BTreeMap::len).sum(),
            unroutable: self.counters.unroutable,
            dropped: self.counters.dropped,
            links_made: self.counters.links,
            traffic: self.totals.clone(),
            members,
        }
    }
}

impl Status {
    /// Without what others serve and listen to.
    pub(super) fn brief(mut self) -> Self {
        for other in &mut self.members {
            other.ids.clear();
            other.subscriptions.clear();
        }
        self
    }
}

fn ids(profile: &Profile) -> Vec<String> {
    profile.ids().cloned().collect()
}

fn topics(profile: &Profile) -> Vec<Topic> {
    let topics = profile.subscriptions().map(|subscription| Topic {
        exchange: subscription.exchange.clone(),
        pattern: subscription.pattern.clone(),
    });
    topics.collect()
}
