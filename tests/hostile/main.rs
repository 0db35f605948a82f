//! What hostile peers do to a node over TCP, by hand and by the thousand: it holds its limits, its other peers do not
//! notice, and nothing stays behind. `tests/bad_input` has the single strokes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod calls;
mod cuts;
mod descriptors;
mod programs;
mod scene;
mod strangers;
#[path = "../support/mod.rs"]
mod support;
mod unread;

actor_testkit::count_heap!();
