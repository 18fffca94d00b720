//! What docs/scaling.md says of the pure core, measured. Not a test:
//! `cargo test --locked --quiet scaling -- --ignored --nocapture --test-threads=1`.

// Figures for people.
#![allow(clippy::cast_precision_loss)]

mod town;

use std::time::Instant;

use prost::Message as _;

pub(super) use self::town::Town;
use self::town::{asked, newcomer, one_more, record};
use super::world::World;
use crate::bus::member::Action as Wish;
use crate::bus::wire::{Announce, Asked, Changes, FromRegistry, Told};
use crate::registry::directory::Action;

/// Members of which the memory is the mean.
const REAL: usize = 8;

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

/// What one member holds that knows so many others, in bytes.
fn memory_of_a_member(others: usize) -> usize {
    let mut members = Vec::new();
    let mut before = 0;
    for n in 0..=REAL {
        // The first makes room for what is made and thrown away.
        if n == 1 {
            before = resident();
        }
        let mut member = newcomer(n);
        let changes = Changes {
            revision: 1,
            records: (0..others).map(|number| record(number, 1)).collect(),
            whole: true,
            ..Changes::default()
        };
        let kind = Some(Told::Changes(changes));
        member.registry_message(1, FromRegistry { kind });
        assert_eq!(member.known(), others);
        members.push(member);
    }
    let grown = resident().saturating_sub(before) / REAL;
    // Kept, so that the next measurement does not find their memory free.
    std::mem::forget(members);
    grown
}

#[test]
#[ignore = "a measurement"]
fn scaling_of_the_registry() {
    println!(
        "members | a join, KiB: to it, to all others | one more id: bytes to each | all join at \
         once: messages, MiB, s of CPU | KiB of a member"
    );
    for members in [10, 100, 1_000, 10_000] {
        let of_member = memory_of_a_member(members);
        let mut town = Town::new();
        for number in 1..=members {
            town.join_knowing(number, 1, number as u64 - 1);
            if number % 100 == 0 {
                town.settle();
            }
        }
        town.settle();
        town.take_sums();
        town.join(members + 1, 1);
        town.settle();
        let (sent, _) = town.take_sums();
        let records = (1..=members + 1).map(|number| record(number, 1).encoded_len() + 4);
        let snapshot = records.sum::<usize>();
        let others = sent.bytes.saturating_sub(snapshot);
        let announce = Announce {
            request: 2,
            delta: Some(one_more(1)),
        };
        town.ask(1, asked(Asked::Announce(announce)));
        town.settle();
        let (sent, got) = town.take_sums();
        let per_id = (sent.bytes + got.bytes) / (members + 1);
        let restart = (members <= 1_000).then(|| restart(members));
        let (messages, bytes, cpu) = restart.unwrap_or_default();
        println!(
            "{members:>7} | {:>8.1} {:>8.1} | {per_id:>5} | {messages:>8} {:>8.1} {cpu:>6.2} | \
             {:>7.1}",
            kib(snapshot),
            kib(others),
            kib(bytes) / 1024.0,
            kib(of_member),
        );
        std::mem::forget(town);
    }
}

/// All come to an empty registry at once: messages, bytes, seconds of CPU without
/// encoding and sockets.
fn restart(members: usize) -> (usize, usize, f64) {
    let mut town = Town::new();
    let start = Instant::now();
    for number in 1..=members {
        town.join(number, 1);
    }
    town.settle();
    let cpu = start.elapsed().as_secs_f64();
    let (sent, got) = town.take_sums();
    (sent.messages + got.messages, sent.bytes + got.bytes, cpu)
}

#[test]
#[ignore = "a measurement"]
fn scaling_of_one_member_with_many_ids() {
    println!("ids | one more id, bytes: to the registry, to each member | ms of CPU of all three");
    for ids in [1, 10, 100, 1_000, 10_000] {
        let mut town = Town::new();
        town.join(1, ids);
        town.settle();
        town.join_really(2);
        town.take_sums();
        let start = Instant::now();
        let announce = Announce {
            request: 2,
            delta: Some(one_more(ids)),
        };
        town.ask(1, asked(Asked::Announce(announce)));
        let to_registry = town.got.bytes;
        town.settle();
        let ms = start.elapsed().as_secs_f64() * 1000.0;
        println!(
            "{ids:>5} | {to_registry:>8} {:>8} | {ms:.2}",
            town.sent.bytes / 2
        );
    }
}

/// What a change costs on its way, in µs: at the member, the registry, each of the others.
fn cost_of_a_change(members: usize, ids: usize, changes: u32) -> [f64; 3] {
    let mut town = Town::with_many_ids(members, ids);
    let mut spent = [0.0; 3];
    let mut timed = |whose: usize, start: Instant| spent[whose] += start.elapsed().as_secs_f64();
    for n in 0..changes {
        let start = Instant::now();
        let mut wishes = vec![(1, town.begin_change(n))];
        timed(0, start);
        while let Some((session, actions)) = wishes.pop() {
            let start = Instant::now();
            for wish in actions {
                if let Wish::ToRegistry(message) = wish {
                    town.directory.message(town.now, session, message);
                }
            }
            let told = town.directory.take_actions();
            timed(1, start);
            let start = Instant::now();
            for action in told {
                if let Action::Tell(session, message) = action {
                    let real = town.real.iter_mut().find(|(number, _)| *number == session);
                    let (_, member) = real.unwrap();
                    member.registry_message(town.now, message);
                    wishes.push((session, member.take_actions(town.now)));
                }
            }
            timed(2, start);
        }
    }
    let per_change = 1e6 / f64::from(changes);
    [
        spent[0] * per_change,
        spent[1] * per_change,
        spent[2] * per_change / members as f64,
    ]
}

#[test]
#[ignore = "a measurement"]
fn scaling_of_a_change_among_many_ids() {
    println!(
        "ids and patterns of each of 20 | us of a change: its member, the registry, each member"
    );
    // One more is the most that a member may have.
    for ids in [10, 100, 1_000, 9_999] {
        let [member, registry, each] = cost_of_a_change(20, ids, 400);
        println!("{ids:>6} | {member:>8.1} {registry:>8.1} {each:>8.1}");
    }
}

#[test]
#[ignore = "a measurement"]
fn scaling_of_a_total_restart() {
    println!("members | ms until all know all: at the start, after the registry's end | real s");
    for members in [10, 100, 1_000] {
        let start = Instant::now();
        let (first, again) = World::convergence(members);
        let real = start.elapsed().as_secs_f64();
        println!("{members:>7} | {first:>6} {again:>6} | {real:.1}");
    }
}
