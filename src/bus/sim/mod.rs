//! Members and registries on a simulated network with a simulated clock: every
//! run is told by its seed.
//!
//! `cargo test --locked sim` runs some seeds, `SIM_SEEDS=10000` that many;
//! `SIM_SEED=n` runs one, and `SIM_TRACE=1` prints what happens in it.

mod changes;
mod checker;
mod network;
mod scaling;
mod world;

use std::iter::Rev;
use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use parking_lot::Mutex;
use world::World;

fn number(variable: &str, default: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs seeds until there is none left, or one fails.
fn run_seeds(seeds: &Mutex<Rev<Range<u64>>>, idle_closes: &AtomicU64) -> Option<String> {
    loop {
        let seed = seeds.lock().next()?;
        match catch_unwind(|| World::new(seed).run()) {
            Ok(closed) => idle_closes.fetch_add(closed, Ordering::Relaxed),
            Err(_) => return Some(format!("SIM_SEED={seed} cargo test --locked sim")),
        };
    }
}

#[test]
fn every_promise_holds_whatever_breaks() {
    if let Ok(seed) = std::env::var("SIM_SEED") {
        World::new(seed.parse().expect("SIM_SEED is a number")).run();
        return;
    }
    let first = number("SIM_FIRST", 1);
    // The last comes first: round numbers have many members, and nobody is to wait
    // for one of them alone.
    let seeds = Mutex::new((first..first + number("SIM_SEEDS", 300)).rev());
    let idle_closes = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let failures: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| run_seeds(&seeds, &idle_closes)))
            .collect();
        let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
        joined.filter_map(|found| found.ok().flatten()).collect()
    });
    assert!(
        failures.is_empty(),
        "replay with: {}",
        failures.join(" or ")
    );
    assert!(
        idle_closes.into_inner() > 0,
        "no link was ever closed for being idle"
    );
}
