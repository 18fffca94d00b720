//! What docs/scaling.md says of the pure core, measured. Not a test:
//! `cargo test --locked --quiet scaling -- --ignored --nocapture --test-threads=1`.

// Figures for people.
#![allow(clippy::cast_precision_loss)]

use std::time::Instant;

use prost::Message as _;

use super::world::World;
use crate::bus::member::{Action as Wish, Identity, Member};
use crate::bus::wire::{
    Announce, Applied, Asked, FromRegistry, Join, Record, Subscription, ToRegistry, Told, VERSION,
};
use crate::registry::directory::{Action, Directory, SessionNumber};

/// Members of a run that are real; the others only answer the registry.
const REAL: usize = 4;

fn asked(kind: Asked) -> ToRegistry {
    ToRegistry { kind: Some(kind) }
}

/// As OWT's workers are: one id, one subscription.
fn record(number: usize, ids: usize) -> Record {
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

/// A registry and its sessions, with nothing between them.
struct Town {
    directory: Directory,
    real: Vec<(SessionNumber, Member)>,
    now: u64,
    /// What the registry has sent, and been sent.
    sent: Sum,
    got: Sum,
}

#[derive(Default, Clone, Copy)]
struct Sum {
    messages: usize,
    bytes: usize,
}

impl Sum {
    fn add(&mut self, message: &impl prost::Message) {
        self.messages += 1;
        // gRPC's frame and HTTP/2's.
        self.bytes += message.encoded_len() + 5 + 9;
    }
}

impl Town {
    fn new() -> Self {
        Self {
            directory: Directory::new("owt".to_owned(), 1),
            real: Vec::new(),
            now: 1,
            sent: Sum::default(),
            got: Sum::default(),
        }
    }

    fn ask(&mut self, session: SessionNumber, message: ToRegistry) {
        self.got.add(&message);
        self.directory.message(self.now, session, message);
    }

    fn join(&mut self, number: usize, ids: usize) {
        let join = Join {
            version: VERSION,
            cluster: "owt".to_owned(),
            record: Some(record(number, ids)),
            request: 1,
            ..Join::default()
        };
        let session = SessionNumber::try_from(number).unwrap();
        self.ask(session, asked(Asked::Join(join)));
    }

    /// Until nobody has anything to say.
    fn settle(&mut self) {
        loop {
            let actions = self.directory.take_actions();
            if actions.is_empty() {
                match self.directory.alarm() {
                    Some(at) if at < self.now + 100 => {
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

    fn take_sums(&mut self) -> (Sum, Sum) {
        (
            std::mem::take(&mut self.sent),
            std::mem::take(&mut self.got),
        )
    }
}

/// What this process holds, in bytes. Linux.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

fn kib(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

#[test]
#[ignore = "a measurement"]
fn scaling_of_the_registry() {
    println!(
        "members  all join: CPU ms, messages, MiB | one more: KiB to it, KiB to others | one id: bytes to each | directory KiB, member KiB"
    );
    for members in [10, 100, 1_000, 10_000] {
        let mut town = Town::new();
        let before = resident();
        let start = Instant::now();
        for number in 1..=members {
            town.join(number, 1);
        }
        town.settle();
        let cpu = start.elapsed();
        let directory = resident().saturating_sub(before);
        let (sent, got) = town.take_sums();
        let all = (sent.messages + got.messages, sent.bytes + got.bytes);

        let number = members + 1;
        town.join(number, 1);
        town.settle();
        let (sent, _) = town.take_sums();
        let whole = (1..=number)
            .map(|n| record(n, 1).encoded_len())
            .sum::<usize>();
        let one_more = (whole, sent.bytes.saturating_sub(whole));

        let before = resident();
        for n in 0..REAL {
            let number = members + 2 + n;
            let identity = Identity {
                name: record(number, 0).member,
                token: "t".to_owned(),
                cluster: "owt".to_owned(),
                address: format!("10.0.0.21:{number}"),
                seed: 1,
                max_message: 1 << 20,
                idle: 300_000,
            };
            let mut member = Member::new(identity);
            member.registry_open();
            let session = SessionNumber::try_from(number).unwrap();
            let wishes = member.take_actions(town.now);
            town.real.push((session, member));
            for wish in wishes {
                if let Wish::ToRegistry(message) = wish {
                    town.ask(session, message);
                }
            }
            town.settle();
        }
        let member = resident().saturating_sub(before) / REAL;
        assert_eq!(town.real[0].1.known(), members + REAL);
        town.take_sums();

        let announce = Announce {
            request: 2,
            record: Some(record(1, 2)),
        };
        town.ask(1, asked(Asked::Announce(announce)));
        town.settle();
        let (sent, got) = town.take_sums();
        let per_id = (sent.bytes + got.bytes) / (members + REAL + 1);
        println!(
            "{members:>7}  {:>8} {:>9} {:>7.1} | {:>8.1} {:>8.1} | {per_id:>6} | {:>8.0} {:>8.0}",
            cpu.as_millis(),
            all.0,
            kib(all.1) / 1024.0,
            kib(one_more.0),
            kib(one_more.1),
            kib(directory),
            kib(member),
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn scaling_of_one_member_with_many_ids() {
    println!(
        "ids  bytes to the registry and to each member for one more | ms of a member's CPU to apply it"
    );
    for ids in [1, 10, 100, 1_000, 10_000] {
        let mut town = Town::new();
        town.join(1, ids);
        town.settle();
        let identity = Identity {
            name: "real".to_owned(),
            token: "t".to_owned(),
            cluster: "owt".to_owned(),
            address: "10.0.0.21:1".to_owned(),
            seed: 1,
            max_message: 1 << 20,
            idle: 300_000,
        };
        let mut member = Member::new(identity);
        member.registry_open();
        let wishes = member.take_actions(town.now);
        town.real.push((2, member));
        for wish in wishes {
            if let Wish::ToRegistry(message) = wish {
                town.ask(2, message);
            }
        }
        town.settle();
        town.take_sums();
        let announce = Announce {
            request: 2,
            record: Some(record(1, ids + 1)),
        };
        town.ask(1, asked(Asked::Announce(announce)));
        let to_registry = town.got.bytes;
        let start = Instant::now();
        town.settle();
        let cpu = start.elapsed();
        println!(
            "{ids:>5}  {to_registry:>8} {:>8} | {:.2}",
            town.sent.bytes / 2,
            cpu.as_secs_f64() * 1000.0
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn scaling_of_a_total_restart() {
    println!(
        "members  ms until all know all: at the start, after the registry's end | real s for both"
    );
    for members in [10, 100, 1_000] {
        let start = Instant::now();
        let (first, again) = World::convergence(members);
        println!(
            "{members:>7}  {first:>6} {again:>6} | {:.1}",
            start.elapsed().as_secs_f64()
        );
    }
}
