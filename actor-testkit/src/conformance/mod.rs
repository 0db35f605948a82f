//! What every transport has to keep, as a suite that any transport can be put through: see
//! [`conformance!`](crate::conformance!).
//!
//! The tests of `streams` look at the transport by itself; who writes one begins with those. All others run nodes over
//! it, each behind a [`Faulty`](crate::Faulty) transport that breaks its connections where a test asks for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "these are tests: they report by panicking, and are named as sentences"
)]

#[doc(hidden)]
pub mod breaks;
#[doc(hidden)]
pub mod calls;
#[doc(hidden)]
pub mod connections;
#[doc(hidden)]
pub mod deadlines;
#[doc(hidden)]
pub mod dropping;
mod ground;
#[doc(hidden)]
pub mod large;
#[doc(hidden)]
pub mod limits;
#[doc(hidden)]
pub mod order;
#[doc(hidden)]
pub mod references;
#[doc(hidden)]
pub mod rest;
#[doc(hidden)]
pub mod streams;
mod subject;
mod suite;
#[cfg(test)]
mod tests;
mod worker;

pub use self::subject::TransportUnderTest;
#[doc(hidden)]
pub use self::{
    ground::{Ground, run},
    subject::Plain,
    worker::{Odd, Team, Worker, WorkerMethods},
};
