//! What the macro says of each misuse: one program in `ui/` for each, with the text beside it.
//!
//! `TRYBUILD=overwrite cargo test --test macro_errors` writes the texts anew.

#[test]
fn each_misuse_is_an_error_that_says_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
