//! The contract of an actor system, as a suite that any system can be put through.
//!
//! ```
//! use actor_core::SystemError;
//! use actor_testkit::{LoopbackSystem, SystemUnderTest};
//!
//! #[derive(Default)]
//! struct Loopback;
//!
//! impl SystemUnderTest for Loopback {
//!     type System = LoopbackSystem;
//!     const RESOLVES_LOCALLY: bool = false;
//!
//!     async fn pair(&self) -> (LoopbackSystem, LoopbackSystem) {
//!         let system = LoopbackSystem::new();
//!         (system.clone(), system)
//!     }
//!
//!     async fn beyond(&self, second: &LoopbackSystem) -> LoopbackSystem {
//!         second.clone()
//!     }
//!
//!     async fn stranger(&self) -> LoopbackSystem {
//!         LoopbackSystem::new()
//!     }
//!
//!     fn cause(error: &SystemError) -> Option<SystemError> {
//!         Some(error.clone())
//!     }
//! }
//!
//! actor_testkit::system_contract!(Loopback);
//! # fn main() {}
//! ```
//!
//! The actors of the suite are generic over their system, so it is written once. The macro expands to two tests for
//! each case: in virtual time on one thread, where a run can be repeated, and on several threads. A case that hangs
//! fails.

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
