//! Members and registries on a simulated network with a simulated clock: every
//! run is told by its seed.
//!
//! `cargo test --locked sim` runs many seeds; `SIM_SEED=n` runs one, and
//! `SIM_TRACE=1` prints what happens in it.

mod checker;
mod network;
mod world;

use world::World;

fn number(variable: &str, default: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn every_promise_holds_whatever_breaks() {
    if let Ok(seed) = std::env::var("SIM_SEED") {
        let seed = seed.parse().expect("SIM_SEED is a number");
        World::new(seed).run();
        return;
    }
    let first = number("SIM_FIRST", 1);
    let count = number("SIM_SEEDS", 300);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut failures: Vec<String> = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads as u64)
            .map(|worker| {
                scope.spawn(move || {
                    for seed in (first + worker..first + count).step_by(threads) {
                        let run = std::panic::catch_unwind(|| World::new(seed).run());
                        if run.is_err() {
                            return Some(seed);
                        }
                    }
                    None
                })
            })
            .collect();
        for worker in workers {
            if let Ok(Some(seed)) = worker.join() {
                failures.push(format!("SIM_SEED={seed} cargo test --locked sim"));
            }
        }
    });
    assert!(
        failures.is_empty(),
        "replay with: {}",
        failures.join(" or ")
    );
}
