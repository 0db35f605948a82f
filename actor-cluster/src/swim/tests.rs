//! The protocol in simulation: what it does to its members, and what it costs with many of them.

use std::time::Duration;

use super::simulation::Simulation;

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A number of the environment, for longer runs.
pub(super) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn cluster(seed: u64, size: usize) -> Simulation {
    let mut simulation = Simulation::new(seed);
    for number in 0..size {
        simulation.start((number > 0).then_some(0));
    }
    simulation.run_until(seconds(30), Simulation::all_see_all).expect("all see all");
    simulation
}

#[test]
fn a_silence_of_three_seconds_is_not_shown() {
    for seed in 0..50 {
        let mut simulation = cluster(seed, 2 + seed as usize % 8);
        simulation.run(Duration::from_millis(seed * 37));
        simulation.freeze(1, seconds(3));
        let others: Vec<_> = simulation.numbers().into_iter().filter(|number| *number != 1).collect();
        let shown = simulation.run_until(seconds(20), |simulation| {
            others.iter().any(|other| simulation.is_shown_suspect(*other, 1)) || !simulation.all_see_all()
        });
        assert_eq!(shown, None, "seed {seed}");
    }
}

/// R45
#[test]
fn a_member_that_dies_is_suspected_and_then_dead() {
    let mut longest = Duration::ZERO;
    for seed in 0..50 {
        let mut simulation = cluster(seed, 2 + seed as usize % 8);
        simulation.kill(1);
        let suspected = simulation.run_until(seconds(10), |simulation| simulation.is_shown_suspect(0, 1));
        assert!(suspected.is_some_and(|after| after > seconds(3)), "seed {seed}: {suspected:?}");
        let dead = simulation.run_until(seconds(10), Simulation::all_see_all).expect("dead for all");
        longest = longest.max(suspected.unwrap_or_default() + dead);
    }
    println!("figure: 2 to 9 members: dead for all within {longest:?}");
    assert!(longest < seconds(9), "{longest:?}");
}

/// R44, Lifeguard: who has not run himself declares nobody dead for it, and takes more time for a while.
#[test]
fn a_member_that_was_frozen_itself_blames_nobody() {
    for seed in 0..20 {
        let mut simulation = cluster(seed, 5);
        simulation.freeze(2, seconds(10));
        simulation.run(seconds(10) + Duration::from_millis(1));
        let before = simulation.false_deaths.len();
        assert!(simulation.false_deaths.iter().all(|(gone, _)| *gone == 2));
        simulation.run(seconds(20));
        let blamed: Vec<_> = simulation.false_deaths[before..].iter().filter(|(_, by)| *by == 2).collect();
        assert!(blamed.is_empty(), "seed {seed}: {blamed:?}");
        assert!(simulation.all_see_all(), "seed {seed}");
    }
}

#[test]
fn suspicion_takes_longer_on_a_member_that_is_slow() {
    let time_of = |slow: bool| {
        let mut simulation = cluster(3, 2);
        if slow {
            for _ in 0..3 {
                simulation.freeze(0, Duration::from_millis(900));
                simulation.run(seconds(2));
            }
        }
        simulation.kill(1);
        simulation.run_until(seconds(60), |simulation| simulation.swim(0).size() == 0).expect("dead")
    };
    let (on_time, slow) = (time_of(false), time_of(true));
    assert!(slow > on_time + seconds(8), "{on_time:?}, {slow:?}");
}

/// R45: one-way loss. Others reach it, so nobody is dead.
#[test]
fn one_way_loss_between_two_members_kills_nobody() {
    for seed in 0..20 {
        let mut simulation = cluster(seed, 6);
        simulation.cut.insert((1, 2));
        simulation.run(seconds(60));
        assert!(simulation.false_deaths.is_empty(), "seed {seed}: {:?}", simulation.false_deaths);
    }
}

#[test]
fn five_percent_of_loss_kills_nobody() {
    for seed in 0..10 {
        let mut simulation = cluster(seed, 20);
        simulation.loss = 0.05;
        simulation.run(seconds(60));
        assert!(simulation.false_deaths.is_empty(), "seed {seed}: {:?}", simulation.false_deaths);
    }
}

/// R57: halves, a bridge, a ring.
#[test]
fn after_a_partition_of_any_shape_all_see_all_again() {
    let seeds = setting("CLUSTER_SEEDS", 100);
    let mut longest = Duration::ZERO;
    for seed in 0..seeds {
        let mut simulation = cluster(seed, 5);
        for one in 0..5_usize {
            for other in 0..5 {
                let together = match seed % 3 {
                    0 => (one < 2) == (other < 2),
                    // Two halves, and one member that sees both.
                    1 => one == 2 || other == 2 || (one < 2) == (other < 2),
                    _ => matches!(one.abs_diff(other), 0 | 1 | 4),
                };
                if !together {
                    simulation.cut.insert((one, other));
                }
            }
        }
        simulation.run(seconds(5 + seed % 60));
        simulation.cut.clear();
        let again = simulation.run_until(seconds(20), Simulation::all_see_all);
        let again = again.unwrap_or_else(|| panic!("seed {seed}: not again"));
        longest = longest.max(again);
    }
    println!("figure: {seeds} partitions of 5: all see all again within {longest:?}");
    assert!(longest < seconds(10), "{longest:?}");
}

/// R57: the more members there are, the more seldom each of them writes to the dead; together they do it often enough.
#[test]
fn the_halves_of_a_large_cluster_find_each_other_again() {
    let size = setting("CLUSTER_MEMBERS", 64) as usize;
    let mut simulation = cluster(5, size);
    for one in 0..size {
        for other in (0..size).filter(|other| (one < size / 2) != (*other < size / 2)) {
            simulation.cut.insert((one, other));
        }
    }
    simulation.run(seconds(40));
    assert_eq!(simulation.swim(0).size() + 1, size / 2);
    simulation.cut.clear();
    let again = simulation.run_until(seconds(60), Simulation::all_see_all).expect("all see all again");
    println!("figure: halves of {size}: all see all again within {again:?}");
    assert!(again < seconds(20), "{again:?}");
}
