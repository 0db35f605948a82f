//! What a proxy calls.

use std::{fmt, sync::Arc};

use crate::{Call, Callable, IdOf, Local, Method};

/// The actor that a proxy calls: its id, its system and, where it lives in this process, the way to it.
pub struct Target<A: ?Sized + Callable>(Way<A>);

/// Two words, for there may be many references to actors in this process. They know the rest.
enum Way<A: ?Sized + Callable> {
    Local(Local<A>),
    Remote(Arc<Remote<A>>),
}

struct Remote<A: ?Sized + Callable> {
    id: IdOf<A>,
    system: A::System,
}

impl<A: ?Sized + Callable> Target<A> {
    pub(crate) fn local(local: Local<A>) -> Self {
        Self(Way::Local(local))
    }

    pub(crate) fn remote(id: IdOf<A>, system: A::System) -> Self {
        Self(Way::Remote(Arc::new(Remote { id, system })))
    }

    /// The call of `M` with these arguments. Nothing is sent before it is awaited.
    #[inline]
    pub fn call<M: Method<A>>(&self, args: M::Args) -> Call<'_, M, A> {
        Call::new(self, args)
    }

    pub(crate) fn id(&self) -> &IdOf<A> {
        match &self.0 {
            Way::Local(local) => local.0.id(),
            Way::Remote(remote) => &remote.id,
        }
    }

    pub(crate) fn system(&self) -> &A::System {
        match &self.0 {
            Way::Local(local) => local.0.system(),
            Way::Remote(remote) => &remote.system,
        }
    }

    #[inline]
    pub(crate) fn as_local(&self) -> Option<&Local<A>> {
        match &self.0 {
            Way::Local(local) => Some(local),
            Way::Remote(_) => None,
        }
    }
}

impl<A: ?Sized + Callable> Clone for Target<A> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Way::Local(local) => Way::Local(local.clone()),
            Way::Remote(remote) => Way::Remote(remote.clone()),
        })
    }
}

impl<A: ?Sized + Callable> fmt::Debug for Target<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.id(), f)
    }
}
