//! The contract of an actor system, as a suite that any system can be put through.
//!
//! ```ignore
//! #[derive(Default)]
//! struct OverMyWire;
//!
//! impl actor_testkit::SystemUnderTest for OverMyWire { .. }
//!
//! actor_testkit::system_contract!(OverMyWire);
//! ```
//!
//! The actors of the suite are generic over their system, so it is written once. The macro expands to one test for
//! each case, once in virtual time on one thread and once on several threads. A case that hangs fails: see
//! [`run`](self::run).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    async_fn_in_trait,
    missing_docs,
    reason = "cases are tests: they report by panicking, are named as sentences, and are awaited by `run` alone"
)]

#[doc(hidden)]
pub mod calling;
#[doc(hidden)]
pub mod deadlines;
mod expect;
#[doc(hidden)]
pub mod failing;
mod fragile;
#[doc(hidden)]
pub mod lifecycle;
mod probe;
#[doc(hidden)]
pub mod references;
#[doc(hidden)]
pub mod resolving;
mod run;
mod subject;
mod suite;
#[cfg(test)]
mod tests;

pub use self::subject::SystemUnderTest;
#[doc(hidden)]
pub use self::{
    fragile::{DivisionByZero, Fragile, Pack, Surroundings},
    probe::{Bystander, BystanderCodec, BystanderMethods, Control, Probe, ProbeCodec, ProbeMethods},
    run::{in_virtual_time, on_threads},
};
