//! Whether two sides can talk to each other, and in which version of the protocol.

use std::fmt;

use super::rules::Rules;
use super::trust::Trust;
use super::trust::operator::OperatorSecret;
use super::wire::{Hello, Join, Reason, Refusal};

/// The versions of the protocol that one side speaks: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    oldest: u32,
    newest: u32,
}

/// Those that this build speaks. A build that adds one keeps the one before, so that a
/// cluster can be updated process by process. 2: a secret is proved.
pub const SPOKEN: Versions = Versions::new(1, 2);

impl Versions {
    /// As they are told: `newest` is 0 of a side that speaks one version only, as all
    /// did before there were ranges.
    pub const fn new(oldest: u32, newest: u32) -> Self {
        let newest = if newest < oldest { oldest } else { newest };
        Self { oldest, newest }
    }

    /// The oldest. A side of before ranges talks to those whose oldest is its own.
    pub fn oldest(self) -> u32 {
        self.oldest
    }

    /// The newest, as it is told: see [`Self::new`].
    pub fn newest_if_another(self) -> u32 {
        if self.newest == self.oldest {
            0
        } else {
            self.newest
        }
    }

    /// The newest that both speak.
    fn shared_with(self, other: Self) -> Option<u32> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest)
    }

    /// The version that the other side has chosen, by what it tells. 0 is the oldest of
    /// this side, which is what a side of before ranges means. `None` if this side does
    /// not speak it.
    pub fn chosen(self, told: u32) -> Option<u32> {
        let version = if told == 0 { self.oldest } else { told };
        (self.oldest..=self.newest)
            .contains(&version)
            .then_some(version)
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.oldest == self.newest {
            write!(f, "version {}", self.oldest)
        } else {
            write!(f, "versions {} to {}", self.oldest, self.newest)
        }
    }
}

/// On what terms a member or a registry talks to others.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The name that both have to have.
    pub cluster: String,
    /// They have to share one.
    pub versions: Versions,
    /// What they have to prove.
    pub trust: Trust,
    /// What their certificates give them a right to.
    pub rules: Rules,
    /// What they have to prove who do what operators do.
    pub operator: OperatorSecret,
    /// This side is a person's command, not a module, and says so.
    pub is_command: bool,
}

/// What another says of itself before anything else.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// See [`Terms::cluster`].
    pub cluster: &'a str,
    /// See [`Terms::versions`].
    pub versions: Versions,
}

impl<'a> From<&'a Hello> for Side<'a> {
    fn from(hello: &'a Hello) -> Self {
        Self {
            cluster: &hello.cluster,
            versions: Versions::new(hello.version, hello.newest_version),
        }
    }
}

impl<'a> From<&'a Join> for Side<'a> {
    fn from(join: &'a Join) -> Self {
        Self {
            cluster: &join.cluster,
            versions: Versions::new(join.version, join.newest_version),
        }
    }
}

/// Why two sides cannot talk to each other.
#[derive(Debug)]
pub struct Mismatch {
    /// For who reads it here.
    pub here: String,
    /// For the other side, and for who reads it there.
    pub there: Refusal,
}

impl Terms {
    /// As a member of a cluster that speaks all that this build does.
    pub fn of(cluster: impl Into<String>) -> Self {
        Self {
            cluster: cluster.into(),
            versions: SPOKEN,
            trust: Trust::none(),
            rules: Rules::none(),
            operator: OperatorSecret::none(),
            is_command: false,
        }
    }

    fn side(&self) -> Side<'_> {
        Side {
            cluster: &self.cluster,
            versions: self.versions,
        }
    }

    /// The version in which to talk to another.
    ///
    /// # Errors
    /// That is not possible.
    pub fn agree_with(&self, other: Side<'_>) -> Result<u32, Mismatch> {
        let this = self.side();
        let Some(version) = this.versions.shared_with(other.versions) else {
            return Err(Mismatch {
                here: other_versions(this, other),
                there: Refusal::new(Reason::Version, other_versions(other, this)),
            });
        };
        if this.cluster != other.cluster {
            return Err(Mismatch {
                here: other_cluster(this, other),
                there: Refusal::new(Reason::Cluster, other_cluster(other, this)),
            });
        }
        Ok(version)
    }
}

fn other_versions(this: Side<'_>, other: Side<'_>) -> String {
    let is_behind = this.versions.newest < other.versions.oldest;
    let behind = if is_behind {
        "this side"
    } else {
        "the other side"
    };
    format!(
        "this side speaks {} of the bus protocol, the other side {}: update owt-grpc on {behind}",
        this.versions, other.versions
    )
}

fn other_cluster(this: Side<'_>, other: Side<'_>) -> String {
    format!(
        "this side belongs to the cluster {:?}, the other side to {:?}: set OWT_GRPC_CLUSTER to \
         the same name, or use another registry port",
        this.cluster, other.cluster
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(oldest: u32, newest: u32) -> Terms {
        Terms {
            versions: Versions::new(oldest, newest),
            ..Terms::of("c")
        }
    }

    #[test]
    fn two_that_share_a_version_talk_in_the_newest_of_those_and_others_do_not() {
        let range = 1..6_u32;
        for (a, b) in range.clone().flat_map(|a| (a..6).map(move |b| (a, b))) {
            for (c, d) in range.clone().flat_map(|c| (c..6).map(move |d| (c, d))) {
                let (this, other) = (terms(a, b), terms(c, d));
                let agreed = this.agree_with(other.side()).ok();
                let newest = (a..=b).filter(|version| (c..=d).contains(version)).max();
                assert_eq!(agreed, newest, "{a} to {b} with {c} to {d}");
                assert_eq!(
                    agreed,
                    other.agree_with(this.side()).ok(),
                    "from both sides"
                );
            }
        }
    }

    #[test]
    fn what_is_told_is_what_is_understood_and_one_version_is_told_as_before_ranges() {
        for versions in [
            Versions::new(1, 1),
            Versions::new(1, 2),
            Versions::new(3, 9),
        ] {
            let told = (versions.oldest(), versions.newest_if_another());
            assert_eq!(Versions::new(told.0, told.1), versions);
        }
        assert_eq!(Versions::new(7, 7).newest_if_another(), 0);
        // Whatever a peer says of itself is at least one version.
        assert_eq!(Versions::new(9, 3), Versions::new(9, 9));
    }

    #[test]
    fn a_version_that_was_not_offered_is_not_taken_for_an_answer() {
        let versions = Versions::new(2, 3);
        let chosen = [0, 1, 2, 3, 4].map(|told| versions.chosen(told));
        assert_eq!(chosen, [Some(2), None, Some(2), Some(3), None]);
    }

    #[test]
    fn who_is_out_of_reach_is_told_what_both_speak_and_which_to_update() {
        let mismatch = terms(1, 2).agree_with(terms(4, 4).side()).unwrap_err();
        assert_eq!(
            mismatch.here,
            "this side speaks versions 1 to 2 of the bus protocol, the other side version 4: \
             update owt-grpc on this side"
        );
        assert_eq!(mismatch.there.reason(), Reason::Version);
        assert_eq!(
            mismatch.there.text,
            "this side speaks version 4 of the bus protocol, the other side versions 1 to 2: \
             update owt-grpc on the other side"
        );
    }
}
