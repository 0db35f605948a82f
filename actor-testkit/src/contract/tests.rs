use std::collections::BTreeSet;

/// A case that is missing in the list would be run by nobody.
#[test]
fn every_case_is_in_the_list() {
    let themes = [
        include_str!("lifecycle.rs"),
        include_str!("resolving.rs"),
        include_str!("calling.rs"),
        include_str!("failing.rs"),
        include_str!("references.rs"),
        include_str!("deadlines.rs"),
    ];
    let name = |line: &str| Some(line.strip_prefix("pub async fn ")?.split('<').next()?.to_owned());
    let cases: BTreeSet<_> = themes.iter().flat_map(|theme| theme.lines()).filter_map(name).collect();
    let listed = include_str!("suite.rs").lines().map(str::trim).filter(|line| cases.contains(*line)).count();
    assert_eq!(listed, cases.len(), "cases: {cases:#?}");
}
