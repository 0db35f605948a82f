//! Keeps a panic of user code where it happens.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::{ActorSystem, DeadLetter};

/// Runs a function of a user's; its panic ends here, and comes back as its text, if it has one. For systems and what is
/// built on them, whose tasks it shall not end.
///
/// # Errors
/// The text of the panic, which the panic hook has reported.
#[inline]
pub fn contain<R>(run: impl FnOnce() -> R) -> Result<R, Option<Box<str>>> {
    catch_unwind(AssertUnwindSafe(run)).map_err(panic_text)
}

/// Drops what belongs to the user. A panic of its `Drop` is reported by the panic hook, and ends here.
pub(crate) fn drop_contained<T>(value: T) {
    let _ = contain(|| drop(value));
}

/// Shows a dead letter to the system, whose hook is user code.
pub(crate) fn report<S: ActorSystem>(system: &S, letter: DeadLetter) {
    let _ = contain(|| system.dead_letter(letter));
}

#[cold]
fn panic_text(payload: Box<dyn Any + Send>) -> Option<Box<str>> {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => Some((*text).into()),
        None => payload.downcast_ref::<String>().map(|text| text.as_str().into()),
    };
    // The payload may be a value whose `Drop` panics. That panic's payload is leaked: it could be another one.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(payload);
    }
    text
}
