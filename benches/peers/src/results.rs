//! What came out, of all rounds.

use std::collections::HashMap;

use crate::{
    contender::{Contender, Kind},
    contenders, machine,
    row::{Better, Row},
};

pub(crate) struct Results {
    pub(crate) rounds: usize,
    pub(crate) machine: String,
    figures: HashMap<(&'static str, &'static str), Vec<f64>>,
}

pub(crate) const OURS: &str = "distributed-actor";

impl Results {
    pub(crate) fn of_rounds(rounds: usize) -> Self {
        Self { rounds, machine: machine::describe(), figures: HashMap::new() }
    }

    pub(crate) fn add(&mut self, row: &'static str, contender: &'static str, figure: f64) {
        self.figures.entry((row, contender)).or_default().push(figure);
    }

    pub(crate) fn each(&self, row: &str, contender: &str) -> &[f64] {
        let found = self.figures.iter().find(|((id, name), _)| *id == row && *name == contender);
        found.map_or(&[], |(_, figures)| figures)
    }

    pub(crate) fn median(&self, row: &str, contender: &str) -> Option<f64> {
        median(self.each(row, contender).to_vec())
    }

    /// Those that have a figure in this row, in the order of the columns.
    pub(crate) fn of(&self, row: &Row) -> Vec<(Contender, f64)> {
        let all = contenders::all().into_iter();
        all.filter_map(|contender| Some((contender, self.median(row.id, contender.name)?))).collect()
    }

    pub(crate) fn best(&self, row: &Row, kind: Kind) -> Option<(Contender, f64)> {
        self.of(row).into_iter().filter(|(contender, _)| contender.kind == kind).max_by(|(_, a), (_, b)| {
            match row.better {
                Better::More => a.total_cmp(b),
                Better::Less => b.total_cmp(a),
            }
        })
    }
}

pub(crate) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = *figures.get(middle)?;
    Some(if figures.len() % 2 == 1 { upper } else { (figures[middle - 1] + upper) / 2.0 })
}
