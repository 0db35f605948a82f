//! A one-way call that came to nothing.

use crate::SystemError;

/// A one-way call that was handed over and then failed; nobody waits for its result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The actor's id, as printed.
    pub actor: String,
    /// The method's mangled name.
    pub method: String,
    /// What went wrong.
    pub error: SystemError,
}

impl DeadLetter {
    /// The call of `method` on `actor` failed with `error`.
    pub fn new(actor: impl Into<String>, method: impl Into<String>, error: SystemError) -> Self {
        Self { actor: actor.into(), method: method.into(), error }
    }
}
