//! What the goals come to.

use crate::{
    contender::Kind,
    results::{OURS, Results},
    row::{Against, Better, Bound, Goal, Row},
    table::digits,
};

pub(crate) struct Outcome {
    pub(crate) goal: String,
    pub(crate) figure: String,
    pub(crate) met: bool,
}

/// `None` if something that it takes was not measured.
pub(crate) fn outcome(goal: &Goal, row: &Row, results: &Results) -> Option<Outcome> {
    let ours = results.median(row.id, OURS)?;
    let (theirs, name) = match goal.against {
        Against::Nothing => (1.0, String::new()),
        Against::Contender(name) => (results.median(row.id, name)?, name.to_owned()),
        Against::Cell(id, name) => (results.median(id, name)?, name.to_owned()),
        Against::Row(id, name) => (results.median(id, OURS)?, name.into()),
        Against::FastestPeer => {
            let (peer, figure) = results.best(row, Kind::Peer)?;
            (figure, format!("the fastest peer, {}", peer.name))
        }
    };
    let unit = match goal.against {
        Against::Nothing => row.unit.to_owned(),
        _ => format!("x {name}"),
    };
    let (sign, bound, figure, met) = match goal.bound {
        Bound::AtMost(bound) => ("<=", bound, ours / theirs, ours / theirs <= bound),
        Bound::AtLeast(bound) => (">=", bound, ours / theirs, ours / theirs >= bound),
        Bound::Faster(bound) => (">=", bound, theirs / ours, theirs / ours >= bound),
    };
    let unit = match goal.bound {
        Bound::Faster(_) => unit.replacen('x', "x faster than", 1),
        _ => unit,
    };
    Some(Outcome { goal: format!("{sign} {bound} {unit}"), figure: digits(figure), met })
}

/// How many times faster (or smaller) ours is.
pub(crate) fn times_better(row: &Row, ours: f64, theirs: f64) -> f64 {
    match row.better {
        Better::Less => theirs / ours,
        Better::More => ours / theirs,
    }
}
