//! Runs random scenarios: `cargo run --release -p actor-testkit --example scenarios -- --seeds 20000 --from 0`.
//!
//! Prints each seed whose scenario broke an invariant, and what was broken; fails if there was one. A seed alone repeats
//! its run.

use std::{
    env,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use actor_testkit::{Scenario, Tally};

fn main() -> ExitCode {
    let argument = |name: &str, default: u64| {
        let value = env::args().skip_while(|argument| argument != name).nth(1);
        value.map_or(Ok(default), |value| value.parse())
    };
    let (Ok(seeds), Ok(from)) = (argument("--seeds", 1000), argument("--from", 0)) else {
        eprintln!("usage: scenarios [--seeds <how many>] [--from <the first>]");
        return ExitCode::FAILURE;
    };
    let (next, broken, sum, began) =
        (AtomicU64::new(from), AtomicUsize::new(0), Mutex::new(Tally::default()), Instant::now());
    let run = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed - from >= seeds {
                return;
            }
            match Scenario::seeded(seed).run() {
                Ok(report) => {
                    if let Ok(mut sum) = sum.lock() {
                        *sum += report.calls;
                    }
                    if seeds == 1 {
                        println!("{report:#?}");
                    }
                }
                Err(error) => {
                    broken.fetch_add(1, Ordering::Relaxed);
                    println!("{error}\n");
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(run);
        }
    });
    let broken = broken.into_inner();
    if let Ok(sum) = sum.into_inner() {
        println!("{sum:?}");
    }
    println!("{seeds} scenarios, {broken} broken, in {:.1?}", began.elapsed());
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
