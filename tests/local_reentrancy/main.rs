//! What a reentrant actor may run together, and what it may not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod cycles;
mod endings;
mod hub;
mod order;
