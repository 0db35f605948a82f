//! Runs the contenders, interleaved: in each round and row one after the other, each in a process of its own.

use std::{process::Stdio, time::Duration};

use crate::{
    arguments::Options,
    contender::Contender,
    contenders, process,
    results::Results,
    row::{self, Row, Work},
};

/// For one measurement: who takes longer is left out.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn compare(options: &Options) -> Results {
    let contenders = contenders::all();
    let mut results = Results::of_rounds(options.rounds);
    for round in 0..options.rounds {
        for row in first_rows(&options.only) {
            let mut able: Vec<_> =
                contenders.iter().filter(|contender| contender.measure(row.work).is_some()).collect();
            if able.is_empty() {
                continue;
            }
            // Nobody always comes first.
            let shift = round % able.len();
            able.rotate_left(shift);
            for contender in able {
                eprint!("\rround {} of {}: {}, {}\x1b[K", round + 1, options.rounds, row.title, contender.name);
                start(row, contender, options.time, &mut results);
            }
        }
    }
    eprint!("\r\x1b[K");
    results
}

/// One row for each work: the same work gives the figures of all rows that have it.
fn first_rows(only: &[String]) -> Vec<&'static Row> {
    // A whole name stands for its row alone: `remote-1` is not `remote-1024`.
    let means = |word: &str, row: &Row| match row::all().any(|row| row.id == word) {
        true => row.id == word,
        false => row.id.contains(word),
    };
    let mut rows: Vec<&Row> = Vec::new();
    for row in row::all().filter(|row| only.is_empty() || only.iter().any(|word| means(word, row))) {
        if !rows.iter().any(|seen| seen.work == row.work) {
            rows.push(row);
        }
    }
    rows
}

fn start(row: &Row, contender: &Contender, time: Duration, results: &mut Results) {
    let command = if let Work::Lossy(_) = row.work { process::again_with_losses() } else { Some(process::again()) };
    let Some(mut command) = command else {
        eprintln!("\n{}: left out, a network that loses packets cannot be made here", row.title);
        return;
    };
    let child = command
        .args(["measure", row.id, contender.name, &time.as_millis().to_string()])
        .env("RUST_BACKTRACE", "0")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    if !child.status.success() {
        eprintln!("\n{}: {} failed", row.title, contender.name);
        return;
    }
    for line in String::from_utf8(child.stdout).unwrap().lines() {
        let (id, figure) = line.split_once(' ').unwrap();
        let row = row::all().find(|row| row.id == id).unwrap();
        results.add(row.id, contender.name, figure.parse().unwrap());
    }
}

/// The child's side.
pub(crate) fn measure(row: &Row, contender: &Contender, time: Duration) {
    if row.work == Work::One {
        process::stay_on_one_core();
    }
    if row.work == Work::Slow {
        process::open_many_files();
    }
    let measure = contender.measure(row.work).unwrap();
    let figures = process::runtime()
        .block_on(async move { tokio::time::timeout(PATIENCE, tokio::spawn(measure(row.work, time))).await })
        .expect("it hangs")
        .unwrap();
    for (id, figure) in figures {
        println!("{id} {figure}");
    }
    // Not all contenders end their tasks by themselves.
    std::process::exit(0);
}
