//! Keeps a panic of a user's hook where it happens: a task of the node that it ended would take a connection with it, and
//! in a destructor it would take the process.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Runs `run`; none if it panicked, which the panic hook has reported.
#[inline]
pub(crate) fn contain<R>(run: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // A payload whose `Drop` panics: what that one throws may be such another, and is leaked.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                mem::forget(payload);
            }
            None
        }
    }
}
