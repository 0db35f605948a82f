//! Actors that are started on other nodes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod endings;
mod failing;
mod starting;
mod worker;
