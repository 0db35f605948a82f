//! How actors end: panics, stops, last references; and what becomes of those who wait.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod mortal;
mod panics;
mod retention;
mod stops;
