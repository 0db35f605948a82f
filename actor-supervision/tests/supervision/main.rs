//! Supervision trees in virtual time; most cases are those of Erlang's `supervisor_SUITE`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod children;
mod dynamic;
mod escalation;
mod hostile;
mod links;
mod restarts;
mod shutdown;
mod strategies;
mod trees;
mod worker;
