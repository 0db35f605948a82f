//! Prints the report, and puts it into documents, between `<!-- name: begin -->` and `<!-- name: end -->`.

use std::path::{Path, PathBuf};

use crate::{
    builds::{self, Builds},
    chart,
    results::Results,
    table,
};

/// The document that has the picture beside it.
const DOCUMENT: &str = "benchmarks.md";
const PICTURE: &str = "benchmarks.svg";

pub(crate) fn report(results: Option<&Results>, builds: Option<&Builds>, files: &[PathBuf]) {
    let mut sections = Vec::new();
    if let Some(results) = results {
        sections.push(("figures", table::figures(results)));
        sections.push(("short", table::short(results)));
    }
    if let Some(builds) = builds {
        sections.push(("builds", builds::table(builds)));
    }
    for (name, text) in &sections {
        if *name != "short" {
            println!("{text}");
        }
    }
    for file in files {
        let mut document = std::fs::read_to_string(file).unwrap();
        for (name, text) in &sections {
            document = fill(&document, name, text);
        }
        std::fs::write(file, document).unwrap();
        if let (Some(results), true) = (results, file.file_name() == Some(Path::new(DOCUMENT).as_os_str())) {
            std::fs::write(file.with_file_name(PICTURE), chart::chart(results)).unwrap();
        }
    }
}

/// A document without these marks stays as it is.
fn fill(document: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    match (document.find(&begin), document.find(&end)) {
        (Some(from), Some(to)) if from < to => {
            format!("{}\n\n{text}\n{}", &document[..from + begin.len()], &document[to..])
        }
        _ => document.to_owned(),
    }
}
