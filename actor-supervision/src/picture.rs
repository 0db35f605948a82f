//! A tree as a picture.

use std::fmt::Write;

use crate::report::{ChildInfo, ChildState};

/// As text, one line for each child.
pub(crate) fn text(name: &str, children: &[ChildInfo]) -> String {
    let mut out = format!("{name}\n");
    lines(children, "", &mut out);
    out
}

fn lines(children: &[ChildInfo], indent: &str, out: &mut String) {
    for (index, child) in children.iter().enumerate() {
        let is_last = index + 1 == children.len();
        let (branch, below) = if is_last { ("`-- ", "    ") } else { ("|-- ", "|   ") };
        let _ = write!(out, "{indent}{branch}{} ({}", child.name, child.state);
        if child.restarts > 0 {
            let _ = write!(out, ", restarts: {}", child.restarts);
        }
        if let Some(reason) = &child.last_exit {
            let _ = write!(out, ", last exit: {reason}");
        }
        out.push_str(")\n");
        lines(&child.children, &format!("{indent}{below}"), out);
    }
}

/// In the DOT language.
pub(crate) fn dot(name: &str, children: &[ChildInfo]) -> String {
    let mut out = String::from("digraph supervision {\n    node [shape=box];\n");
    let mut next = 0;
    nodes(name, "running", children, &mut next, &mut out);
    out.push_str("}\n");
    out
}

fn nodes(name: &str, about: &str, children: &[ChildInfo], next: &mut usize, out: &mut String) -> usize {
    let own = *next;
    *next += 1;
    let _ = writeln!(out, "    n{own} [label=\"{}\\n{}\"];", escaped(name), escaped(about));
    for child in children {
        let mut about = child.state.to_string();
        if child.restarts > 0 {
            let _ = write!(about, ", restarts: {}", child.restarts);
        }
        let below = nodes(&child.name, &about, &child.children, next, out);
        let style = if child.state == ChildState::Running { "" } else { " [style=dashed]" };
        let _ = writeln!(out, "    n{own} -> n{below}{style};");
    }
    own
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ")
}
