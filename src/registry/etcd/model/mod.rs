//! Replicas on an etcd that is a few maps, by seeds: what is promised to members
//! holds whatever happens to sessions, leases and old revisions.

mod promises;
mod store;
mod world;

use world::{What, World};

#[test]
fn members_agree_on_who_is_there_whatever_happened() {
    let seeds = std::env::var("SIM_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds = seeds.map_or(0..300, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let mut world = World::new(seed, 2 + usize::try_from(seed % 9).unwrap());
        // Faults, then all come back.
        world.run_or_tell(seed, 16_000);
        // And a quiet while: what is done is known to all, and soon.
        for round in 0..5 {
            for actor in 0..world.actors.len() {
                world.at(0, actor, What::Announce);
            }
            // Those who were silent before are waited for again from the second on.
            world.strict = round > 0;
            let until = 16_400 + round * 200;
            world.run_or_tell(seed, until);
        }
    }
}

#[test]
fn at_rest_nothing_is_written() {
    let mut world = World::new(1, 8);
    world.run(16_000);
    let writes = world.writes.len();
    world.run(100_000);
    assert_eq!(world.writes.len(), writes);
}

#[test]
fn a_change_costs_each_member_one_write() {
    let mut world = World::new(2, 10);
    world.run(16_000);
    let before = world.writes.len();
    world.at(0, 3, What::Announce);
    world.run(20_000);
    world.check();
    // The record; the other members but the eldest; the eldest's word.
    let writes = world.writes.len() - before;
    assert!(writes <= 10, "{writes} writes");
}
