//! The figures as Markdown.

use std::fmt::Write;

use crate::{
    contender::{Contender, Kind},
    contenders, goal, machine,
    results::{OURS, Results},
    row::{self, LOCAL, OVER, REMOTE, Row},
};

/// Three significant digits, with commas.
pub(crate) fn digits(figure: f64) -> String {
    let decimals = match figure.abs() {
        f if f < 0.995 => 3,
        f if f < 9.995 => 2,
        f if f < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{figure:.decimals$}");
    let (whole, part) = text.split_once('.').map_or((&*text, ""), |(whole, part)| (whole, part));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !part.is_empty() {
        let _ = write!(out, ".{part}");
    }
    out
}

/// All that one run tells.
pub(crate) fn figures(results: &Results) -> String {
    let mut out = format!("{}; medians of {} rounds.\n", results.machine, results.rounds);
    let versions = contenders::all().into_iter().filter(|contender| contender.kind == Kind::Peer);
    let versions: Vec<_> =
        versions.filter_map(|peer| Some(format!("{} {}", peer.name, machine::version(peer.name)?))).collect();
    let _ = writeln!(out, "Versions: {}.\n\n### Goals\n", versions.join(", "));
    goals(results, &mut out);
    out.push_str("\n### In one process\n\n");
    matrix(LOCAL, results, &mut out);
    out.push_str("\n### Between two processes\n\n");
    matrix(REMOTE, results, &mut out);
    if OVER.iter().any(|row| results.median(row.id, OURS).is_some()) {
        out.push_str("\n### Over other transports\n\n");
        matrix(OVER, results, &mut out);
    }
    out
}

fn goals(results: &Results, out: &mut String) {
    out.push_str("| row | work | goal | measured | |\n|---|---|---|---:|---|\n");
    let mut missed = Vec::new();
    for row in row::all() {
        for outcome in row.goals.iter().filter_map(|goal| goal::outcome(goal, row, results)) {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {} |",
                row.id,
                row.title,
                outcome.goal,
                outcome.figure,
                if outcome.met { "met" } else { "**missed**" }
            );
            if !outcome.met {
                missed.push(format!("`{}` {}", row.id, outcome.goal));
            }
        }
    }
    match missed.is_empty() {
        true => out.push_str("\nAll goals are met.\n"),
        false => {
            let _ = writeln!(out, "\nMissed: {}.", missed.join("; "));
        }
    }
}

fn matrix(rows: &[Row], results: &Results, out: &mut String) {
    let contenders: Vec<Contender> = contenders::all()
        .into_iter()
        .filter(|contender| rows.iter().any(|row| results.median(row.id, contender.name).is_some()))
        .collect();
    out.push_str("| |");
    contenders.iter().for_each(|contender| {
        let _ = write!(out, " {} |", contender.name);
    });
    out.push_str("\n|---|");
    contenders.iter().for_each(|_| out.push_str("---:|"));
    out.push('\n');
    for row in rows {
        let ours = results.median(row.id, OURS);
        let Some(ours) = ours else { continue };
        let _ = write!(out, "| {}, {} |", row.title, row.unit);
        for contender in &contenders {
            match results.median(row.id, contender.name) {
                Some(figure) if contender.name == OURS => {
                    let _ = write!(out, " **{}** |", digits(figure));
                }
                Some(figure) => {
                    let times = digits(goal::times_better(row, ours, figure));
                    let _ = write!(out, " {} ({times} x) |", digits(figure));
                }
                None => out.push_str(" |"),
            }
        }
        out.push('\n');
    }
    out.push_str("\nIn brackets, how many times better distributed-actor is.\n");
}

/// Which floor each row is watched against.
pub(crate) const FLOORS: &[(&str, &str)] = &[
    ("local-call", "tokio mutex"),
    ("local-callers", "tokio mutex"),
    ("local-sends", "tokio mpsc"),
    ("local-lives", "tokio mpsc"),
    ("local-memory", "tokio mpsc"),
    ("remote-1", "multiplexer"),
    ("remote-64", "multiplexer"),
    ("remote-1024", "multiplexer"),
    ("remote-64k", "multiplexer"),
    ("remote-1m", "multiplexer"),
];

/// A few rows, for those who want no more.
pub(crate) fn short(results: &Results) -> String {
    let mut out = String::from("| | distributed-actor | by hand | fastest peer |\n|---|---:|---:|---:|\n");
    for id in ["local-call", "local-callers", "local-memory", "remote-1", "remote-64", "remote-1024"] {
        let row = row::all().find(|row| row.id == id).expect("a row of the table");
        let Some(ours) = results.median(row.id, OURS) else { continue };
        let floor = FLOORS.iter().find(|(row, _)| *row == id).map(|(_, floor)| *floor).unwrap_or_default();
        let floor = results.median(id, floor).map(|figure| format!("{} ({floor})", digits(figure)));
        let peer = results.best(row, Kind::Peer).map(|(peer, figure)| format!("{} ({})", digits(figure), peer.name));
        let _ = writeln!(
            out,
            "| {}, {} | {} | {} | {} |",
            row.title,
            row.unit,
            digits(ours),
            floor.unwrap_or_default(),
            peer.unwrap_or_default()
        );
    }
    out
}
