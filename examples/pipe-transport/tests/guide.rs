//! The code in the guide is that of this crate.
#![allow(missing_docs, reason = "tests")]

#[test]
fn what_the_guide_shows_stands_in_this_crate() {
    let guide = include_str!("../../../docs/writing-a-transport.md");
    let files = [include_str!("../src/lib.rs"), include_str!("../src/writer.rs"), include_str!("conformance.rs")];
    let mut blocks = 0;
    for block in guide.split("```rust\n").skip(1) {
        let code = block.split("```").next().unwrap_or_default();
        assert!(files.iter().any(|file| file.contains(code)), "the guide shows what is not there:\n{code}");
        blocks += 1;
    }
    assert!(blocks >= 4);
    let lines = files[0].lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    assert!(lines.count() < 100, "the guide promises less than a hundred lines");
}
