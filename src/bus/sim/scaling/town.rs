//! A registry and its sessions, with nothing between them.

use crate::bus::agreement::{SPOKEN, Terms};
use crate::bus::member::{Action as Wish, Identity, Member};
use crate::bus::profile::Profile;
use crate::bus::wire::{
    Applied, Asked, Delta, FromRegistry, Join, Record, Subscription, ToRegistry, Told,
};
use crate::registry::directory::{Action, Directory, SessionNumber};

pub(super) fn asked(kind: Asked) -> ToRegistry {
    ToRegistry { kind: Some(kind) }
}

/// As OWT's workers are: one id, one subscription.
pub(super) fn record(number: usize, ids: usize) -> Record {
    let id = |n| match n {
        0 => format!("webrtc-{number:020}@10.0.0.21"),
        n => format!("webrtc-{number:020}@10.0.0.21-{n}"),
    };
    Record {
        member: format!("worker-{number}-0123456789ab"),
        token: "0123456789abcdef0123456789abcdef0123".to_owned(),
        address: format!("10.0.0.21:{}", 10_000 + number),
        ids: (0..ids).map(id).collect(),
        subscriptions: vec![Subscription {
            exchange: "owt-cluster.management".to_owned(),
            pattern: format!("clusterManager.worker.{number}"),
        }],
    }
}

/// What makes one with so many ids one with one more.
pub(super) fn one_more(ids: usize) -> Delta {
    Profile::from(record(1, ids)).delta_to(&record(1, ids + 1).into())
}

/// A registry with its members. Those that are no
/// real members only answer the registry.
pub(in crate::bus::sim) struct Town {
    pub(super) directory: Directory,
    pub(super) real: Vec<(SessionNumber, Member)>,
    pub(super) now: u64,
    /// What the registry has sent, and been sent.
    pub(super) sent: Sum,
    pub(super) got: Sum,
}

#[derive(Default, Clone, Copy)]
pub(in crate::bus::sim) struct Sum {
    pub(super) messages: usize,
    pub(in crate::bus::sim) bytes: usize,
}

impl Sum {
    fn add(&mut self, message: &impl prost::Message) {
        self.messages += 1;
        // gRPC's frame and HTTP/2's.
        self.bytes += message.encoded_len() + 5 + 9;
    }
}

impl Town {
    pub(super) fn new() -> Self {
        Self {
            directory: Directory::new(Terms::of("owt"), 1, &[0; 32]),
            real: Vec::new(),
            now: 1,
            sent: Sum::default(),
            got: Sum::default(),
        }
    }

    pub(super) fn ask(&mut self, session: SessionNumber, message: ToRegistry) {
        self.got.add(&message);
        self.directory.message(self.now, session, message);
    }

    /// As somebody who knows nothing yet.
    pub(super) fn join(&mut self, number: usize, ids: usize) {
        self.join_knowing(number, ids, 0);
    }

    /// As somebody who knows everything up to a revision.
    pub(super) fn join_knowing(&mut self, number: usize, ids: usize, revision: u64) {
        let join = Join {
            version: SPOKEN.oldest(),
            newest_version: SPOKEN.newest_if_another(),
            cluster: "owt".to_owned(),
            record: Some(record(number, ids)),
            request: 1,
            epoch: 1,
            revision,
            nonce: bytes::Bytes::new(),
            shown: String::new(),
        };
        let session = SessionNumber::try_from(number).unwrap();
        self.ask(session, asked(Asked::Join(join)));
    }

    /// A real member, which learns all.
    pub(super) fn join_really(&mut self, number: usize) {
        let mut member = newcomer(number);
        member.registry_open();
        let session = SessionNumber::try_from(number).unwrap();
        let wishes = member.take_actions(self.now);
        self.real.push((session, member));
        self.carry_out(session, wishes);
        self.settle();
    }

    pub(super) fn carry_out(&mut self, session: SessionNumber, wishes: Vec<Wish>) {
        for wish in wishes {
            if let Wish::ToRegistry(message) = wish {
                self.ask(session, message);
            }
        }
    }

    /// Real members, each with so many ids and patterns.
    pub(in crate::bus::sim) fn with_many_ids(members: usize, ids: usize) -> Self {
        let mut town = Self::new();
        for number in 1..=members {
            let mut member = newcomer(number);
            for n in 0..ids {
                member.serve(0, 1, &format!("webrtc-{number:020}@10.0.0.21-{n}"));
                let pattern = format!("clusterManager.worker.{number}.{n}");
                member.subscribe(0, 1, 1, "management", &[pattern]);
            }
            member.take_actions(0);
            member.registry_open();
            let session = SessionNumber::try_from(number).unwrap();
            let wishes = member.take_actions(0);
            town.real.push((session, member));
            town.carry_out(session, wishes);
            town.settle();
        }
        for (_, member) in &town.real {
            assert_eq!(member.known(), members - 1, "some were refused");
        }
        town
    }

    /// The first member changes a little: four times it is what it was. Returns what it wants.
    pub(super) fn begin_change(&mut self, n: u32) -> Vec<Wish> {
        let (_, member) = &mut self.real[0];
        match n % 4 {
            0 => member.serve(self.now, 2 + n, "one more"),
            1 => member.stop_serving(self.now, 2 + n, "one more"),
            2 => member.subscribe(self.now, 2 + n, 2, "x", &["one.more".to_owned()]),
            _ => member.unsubscribe(self.now, 2 + n, 2, "x", &["one.more".to_owned()]),
        }
        member.take_actions(self.now)
    }

    /// The same, until all know.
    pub(in crate::bus::sim) fn change(&mut self, n: u32) {
        let wishes = self.begin_change(n);
        self.carry_out(1, wishes);
        self.settle();
    }

    /// Until nobody has anything to say.
    pub(super) fn settle(&mut self) {
        loop {
            let actions = self.directory.take_actions();
            if actions.is_empty() {
                match self.directory.alarm() {
                    // Not the end of a member's lease.
                    Some(at) if at < self.now + 1_000 => {
                        self.now = at;
                        self.directory.tick(at);
                        continue;
                    }
                    _ => return,
                }
            }
            for action in actions {
                if let Action::Tell(session, message) = action {
                    self.told(session, message);
                }
            }
        }
    }

    fn told(&mut self, session: SessionNumber, message: FromRegistry) {
        self.sent.add(&message);
        let real = self.real.iter_mut().find(|(number, _)| *number == session);
        let Some((_, member)) = real else {
            if let Some(Told::Changes(changes)) = message.kind {
                let revision = changes.revision;
                self.ask(session, asked(Asked::Applied(Applied { revision })));
            }
            return;
        };
        member.registry_message(self.now, message);
        for wish in member.take_actions(self.now) {
            if let Wish::ToRegistry(message) = wish {
                self.got.add(&message);
                self.directory.message(self.now, session, message);
            }
        }
    }

    pub(in crate::bus::sim) fn take_sums(&mut self) -> (Sum, Sum) {
        (
            std::mem::take(&mut self.sent),
            std::mem::take(&mut self.got),
        )
    }
}

pub(super) fn newcomer(number: usize) -> Member {
    Member::new(Identity {
        token: "0123456789abcdef0123456789abcdef0123".to_owned(),
        terms: Terms::of("owt"),
        address: format!("10.0.0.22:{number}"),
        ..Identity::of(&format!("newcomer-{number}"))
    })
}
