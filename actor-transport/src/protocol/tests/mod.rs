//! The protocol over virtual time: two sessions, or one session and a peer that says what it likes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod pair;
mod raw;

mod boundaries;
mod bulk;
mod cancelling;
mod closing;
mod credit;
mod deadlines;
mod endings;
mod excess;
mod frames;
mod greetings;
mod handshaking;
mod hostile;
mod lanes;
#[cfg(loom)]
mod races;
mod random;
mod round_trips;
#[cfg(feature = "proofs")]
mod secrets;
#[cfg(loom)]
mod sending;
mod states;
