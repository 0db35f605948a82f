//! The figures as a picture: a panel of bars for each row.

use std::fmt::Write;

use crate::{
    contender::Kind,
    results::Results,
    row::{self, Better},
    table::digits,
};

const WIDTH: usize = 960;
const COLUMN: usize = WIDTH / 2;
const LABEL: usize = 118;
const BAR: usize = 250;
const LINE: usize = 17;
const HEAD: usize = 40;

pub(crate) fn chart(results: &Results) -> String {
    let mut panels = String::new();
    let mut bottoms = [HEAD; 2];
    for row in row::all() {
        let figures = results.of(row);
        if figures.is_empty() {
            continue;
        }
        let column = usize::from(bottoms[1] < bottoms[0]);
        let (x, top) = (column * COLUMN + 16, bottoms[column]);
        let better = match row.better {
            Better::Less => "less is better",
            Better::More => "more is better",
        };
        let _ = writeln!(panels, r#"<text x="{x}" y="{top}" class="title">{}</text>"#, row.title);
        let _ = writeln!(panels, r#"<text x="{x}" y="{}" class="unit">{}, {better}</text>"#, top + 14, row.unit);
        let most = figures.iter().map(|(_, figure)| *figure).fold(0.0, f64::max);
        for (at, (contender, figure)) in figures.iter().enumerate() {
            let y = top + 22 + at * LINE;
            let kind = match contender.kind {
                Kind::Ours => "ours",
                Kind::Floor => "floor",
                Kind::Peer => "peer",
            };
            let length = (figure / most * BAR as f64).max(1.0);
            let (left, base) = (x + LABEL, y + 11);
            let _ = writeln!(panels, r#"<text x="{}" y="{base}" class="name">{}</text>"#, left - 6, contender.name);
            let _ = writeln!(panels, r#"<rect x="{left}" y="{y}" width="{length:.1}" height="13" class="{kind}"/>"#);
            let end = left as f64 + length + 5.0;
            let _ = writeln!(panels, r#"<text x="{end:.1}" y="{base}">{}</text>"#, digits(*figure));
        }
        bottoms[column] = top + 22 + figures.len() * LINE + 26;
    }
    let height = bottoms.into_iter().max().unwrap_or(HEAD);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">
<style>text {{ fill: #222 }} .title {{ font-weight: bold; font-size: 12px }} .unit {{ fill: #666 }}
.name {{ text-anchor: end }} .ours {{ fill: #d9480f }} .floor {{ fill: #adb5bd }} .peer {{ fill: #4c7fb0 }}</style>
<rect width="{WIDTH}" height="{height}" fill="#fff"/>
<text x="16" y="18" class="unit">distributed-actor: orange; written by hand, without a framework: grey; other crates: blue</text>
{panels}</svg>
"##
    )
}
