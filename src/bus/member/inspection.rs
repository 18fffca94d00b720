//! For the simulation, which sees through walls.

use super::Member;
use crate::bus::agreement::Versions;
use crate::bus::profile::Profile;
use crate::bus::table::SELF;

impl Member {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// Whether all know of this member, as far as the registry has told.
    pub fn is_registered(&self) -> bool {
        self.session.is_registered()
    }

    /// Of the registry it was let in by.
    pub fn epoch(&self) -> u64 {
        self.session.epoch
    }

    /// Whether requests to an id have somewhere to go.
    pub fn knows(&self, id: &str) -> bool {
        self.table.serves(id)
    }

    /// What this member wants known of itself.
    pub fn profile(&self) -> &Profile {
        &self.session.profile
    }

    /// What it knows of a member, itself included.
    pub fn view(&self, name: &str) -> Option<&Profile> {
        if name == self.identity.name {
            return self.table.profile(SELF);
        }
        self.table.profile(*self.numbers.get(name)?)
    }

    /// What it speaks.
    pub fn versions(&self) -> Versions {
        self.identity.terms.versions
    }

    /// In what it talks to a member, 0 if it did not.
    pub fn version_with(&self, name: &str) -> u32 {
        let peer = self.numbers.get(name).and_then(|n| self.peers.get(n));
        peer.map_or(0, |peer| peer.version)
    }

    /// How many others it knows.
    pub fn known(&self) -> usize {
        let others = self.table.profiles();
        others.filter(|(peer, _)| *peer != SELF).count()
    }
}
