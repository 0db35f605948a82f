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
        let _ = write!(out, "{indent}{branch}{} (", child.name);
        let _ = writeln!(out, "{})", about(child, ", "));
        lines(&child.children, &format!("{indent}{below}"), out);
    }
}

/// What a picture says of a child: how it is, how often it was started again, and, behind `before_exit`, why it ended the
/// last time.
fn about(child: &ChildInfo, before_exit: &str) -> String {
    let mut about = child.state.to_string();
    if child.restarts > 0 {
        let _ = write!(about, ", restarts: {}", child.restarts);
    }
    if let Some(reason) = &child.last_exit {
        let _ = write!(about, "{before_exit}last exit: {reason}");
    }
    about
}

/// In the DOT language.
pub(crate) fn dot(name: &str, children: &[ChildInfo]) -> String {
    let mut out = String::from("digraph supervision {\n    node [shape=box];\n");
    let mut next = 0;
    nodes(name, "running", children, &mut next, &mut out);
    out.push_str("}\n");
    out
}

fn nodes(name: &str, words: &str, children: &[ChildInfo], next: &mut usize, out: &mut String) -> usize {
    let own = *next;
    *next += 1;
    let _ = writeln!(out, "    n{own} [label=\"{}\\n{}\"];", escaped(name), escaped(words));
    for child in children {
        // On a line of its own: a chain of reasons is long.
        let below = nodes(&child.name, &about(child, "\n"), &child.children, next, out);
        let style = if child.state == ChildState::Running { "" } else { " [style=dashed]" };
        let _ = writeln!(out, "    n{own} -> n{below}{style};");
    }
    own
}

/// As it stands in a quoted label: names and reasons are texts of users, in which backslashes, quotes and the `&` of an entity
/// mean nothing.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '&' => escaped.push_str("&amp;"),
            '\n' => escaped.push_str("\\n"),
            // Neither a label nor its reader has a use for them; a zero byte would end the file.
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use actor_core::{Exit, ExitReason};

    use super::*;

    fn child(name: &str, state: ChildState, restarts: u64, why: Option<&str>) -> ChildInfo {
        let last_exit = why.map(|why| ExitReason::new(Exit::Failed, why));
        let (actor, children) = (None, Vec::new());
        ChildInfo { name: name.into(), actor, is_supervisor: false, state, restarts, last_exit, children }
    }

    #[test]
    fn both_pictures_have_states_restarts_and_the_last_exits() {
        let children = [child("a", ChildState::Running, 0, None), child("b", ChildState::Waiting, 2, Some("no disk"))];
        assert_eq!(
            text("root", &children),
            "root\n|-- a (running)\n`-- b (waiting, restarts: 2, last exit: no disk)\n"
        );
        let dot = dot("root", &children);
        assert!(dot.contains(r#"[label="a\nrunning"]"#), "{dot}");
        assert!(dot.contains(r#"[label="b\nwaiting, restarts: 2\nlast exit: no disk"]"#), "{dot}");
    }

    #[test]
    fn what_means_something_in_dot_is_escaped_in_names_and_reasons() {
        let why = "C:\\new \"disk\"\nis &lt; full\r\0";
        let dot = dot("root", &[child("a\"]; b\\", ChildState::Stopped, 0, Some(why))]);
        let label = r#"[label="a\"]; b\\\nstopped\nlast exit: C:\\new \"disk\"\nis &amp;lt; full  "]"#;
        assert!(dot.contains(label), "{dot}");
    }
}
