//! facade
pub use actor_core::*;
