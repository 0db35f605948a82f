//! Random scenarios, and that they can be repeated.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use actor_testkit::Scenario;

/// R93: more of them: `cargo run --release -p actor-testkit --example scenarios -- --seeds 20000`.
#[test]
fn the_invariants_hold_in_a_thousand_random_scenarios() {
    let files = open_files();
    let (next, troubled) = (AtomicU64::new(0), AtomicU64::new(0));
    let run = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= 1000 {
                return;
            }
            match Scenario::seeded(seed).run() {
                // Some calls went through, and some did not.
                Ok(report) if report.calls.acknowledged > 0 && report.calls.acknowledged < report.calls.calls => {
                    troubled.fetch_add(1, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(run)).collect();
        for thread in threads {
            assert!(thread.join().is_ok(), "a scenario is broken");
        }
    });
    assert!(troubled.into_inner() > 900, "there was hardly any trouble");
    // Each run has a runtime of its own: a node that was not let go would keep it, and its files.
    assert!(open_files() < files + 50, "{} files are open, and {files} were before", open_files());
}

/// 0 where the system does not say.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// R93
#[test]
fn a_scenario_is_a_function_of_its_seed() {
    for seed in 0..20 {
        let first = Scenario::seeded(seed).run();
        for _ in 0..3 {
            assert_eq!(Scenario::seeded(seed).run(), first, "seed {seed}");
        }
    }
}

/// R93: also of no address, no hash table's order and no clock of the process.
#[test]
fn a_scenario_is_the_same_in_another_process() {
    const SEEDS: std::ops::Range<u64> = 100..106;
    let hashes: Vec<String> =
        SEEDS.map(|seed| Scenario::seeded(seed).run().map_or(0, |report| report.trace_hash).to_string()).collect();
    let hashes = hashes.join(" ");
    if let Ok(expected) = std::env::var("SCENARIO_HASHES") {
        assert_eq!(hashes, expected);
        return;
    }
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_scenario_is_the_same_in_another_process"])
        .env("SCENARIO_HASHES", &hashes)
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
    assert!(String::from_utf8_lossy(&again.stdout).contains("1 passed"));
}
