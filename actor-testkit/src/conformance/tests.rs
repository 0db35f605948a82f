use std::collections::BTreeSet;

/// A test that is missing in the list would be run by nobody.
#[test]
fn every_test_of_the_conformance_suite_is_in_its_list() {
    let themes = [
        include_str!("streams.rs"),
        include_str!("calls.rs"),
        include_str!("order.rs"),
        include_str!("deadlines.rs"),
        include_str!("references.rs"),
        include_str!("large.rs"),
        include_str!("limits.rs"),
        include_str!("connections.rs"),
        include_str!("breaks.rs"),
        include_str!("dropping.rs"),
        include_str!("rest.rs"),
    ];
    let name = |line: &str| Some(line.strip_prefix("pub async fn ")?.split('(').next()?.to_owned());
    let cases: BTreeSet<_> = themes.iter().flat_map(|theme| theme.lines()).filter_map(name).collect();
    let listed = include_str!("suite.rs").lines().map(str::trim).filter(|line| cases.contains(*line)).count();
    assert_eq!(listed, cases.len(), "cases: {cases:#?}");
    assert!(listed >= 60);
}
