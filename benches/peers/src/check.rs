//! Fails if distributed-actor has become much slower than it was, measured by the floors on the same machine.

use std::path::Path;

use crate::{arguments::Options, goal, results::OURS, row, run, table::FLOORS};

/// A round has to come to this part of the documented ratio: machines differ, and have other work.
const SLACK: f64 = 0.5;
/// What has become slower stays so, noise does not: who fails in one round may try again in the next.
const ROUNDS: usize = 8;

struct Watched {
    row: &'static str,
    floor: &'static str,
    documented: f64,
    best: f64,
}

/// The exit code.
pub(crate) fn check(document: &Path) -> u8 {
    let document = std::fs::read_to_string(document).unwrap();
    let mut open = Vec::new();
    for (row, floor) in FLOORS.iter().copied() {
        match documented(&document, row, floor) {
            Some(documented) => open.push(Watched { row, floor, documented, best: 0.0 }),
            None => {
                eprintln!("{row}: the document has no ratio to {floor}");
                return 1;
            }
        }
    }
    for _ in 0..ROUNDS {
        let mut options = Options::quick(1);
        options.only = open.iter().map(|watched| watched.row.to_owned()).collect();
        let results = run::compare(&options);
        open.retain_mut(|watched| {
            let Watched { row, floor, documented, .. } = *watched;
            let known = row::all().find(|known| known.id == row).expect("a row of the table");
            if let (Some(ours), Some(theirs)) = (results.median(row, OURS), results.median(row, floor)) {
                watched.best = watched.best.max(goal::times_better(known, ours, theirs));
            }
            let passed = watched.best >= documented * SLACK;
            if passed {
                println!("{row}: {:.2} x {floor}, documented {documented:.2}", watched.best);
            }
            !passed
        });
        if open.is_empty() {
            return 0;
        }
    }
    for Watched { row, floor, documented, best } in open {
        println!("{row}: FAILED, {best:.2} x {floor} in the best of {ROUNDS} rounds, documented {documented:.2}");
    }
    1
}

fn documented(document: &str, row: &str, floor: &str) -> Option<f64> {
    let start = format!("| {row} | {floor} | ");
    document.lines().find_map(|line| line.strip_prefix(&start))?.trim_end_matches([' ', '|']).parse().ok()
}
