//! What a proxy calls.

use std::fmt;

use crate::{Call, Callable, IdOf, Local, Method};

/// The actor that a proxy calls: its id, its system and, where it lives in this process, the way to it.
pub struct Target<A: ?Sized + Callable> {
    pub(crate) id: IdOf<A>,
    pub(crate) system: A::System,
    pub(crate) local: Option<Local<A>>,
}

impl<A: ?Sized + Callable> Target<A> {
    /// The call of `M` with these arguments. Nothing is sent before it is awaited.
    #[inline]
    pub fn call<M: Method<A>>(&self, args: M::Args) -> Call<'_, M, A> {
        Call::new(self, args)
    }
}

impl<A: ?Sized + Callable> Clone for Target<A> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), system: self.system.clone(), local: self.local.clone() }
    }
}

impl<A: ?Sized + Callable> fmt::Debug for Target<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.id, f)
    }
}
