//! Work on a state that others look at meanwhile.
//!
//! A reference `&A` may go from thread to thread only if `A` is `Sync`, which generic code does not know. The macro
//! knows it, and says so with [`lend`].

use std::fmt;

use crate::{BoxFuture, Callable, Context, Returned, assertions::ReentrantState, method::SharedMethod};

/// That the state of `A` can be shared.
pub struct Lend<A: ?Sized>(for<'a> fn(&'a A) -> Lent<'a, A>);

/// For whoever can show that the state is `Sync`.
#[must_use]
pub fn lend<A: ReentrantState>() -> Lend<A> {
    Lend(|actor| Lent(actor))
}

impl<A: ?Sized> Clone for Lend<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: ?Sized> Copy for Lend<A> {}

/// An `&A` that may go from thread to thread.
pub(super) struct Lent<'a, A: ?Sized>(&'a (dyn Shared<A> + Sync));

trait Shared<A: ?Sized> {
    fn get(&self) -> &A;
}

impl<A> Shared<A> for A {
    fn get(&self) -> &A {
        self
    }
}

impl<A: ?Sized> Clone for Lent<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: ?Sized> Copy for Lent<'_, A> {}

type Run<A> = dyn for<'a> FnOnce(Lent<'a, A>, Context<A>) -> BoxFuture<'a, ()> + Send;

/// The work of one call that interleaves with others.
pub struct SharedWork<A: ?Sized + Callable> {
    lend: Lend<A>,
    run: Box<Run<A>>,
}

impl<A: ?Sized + Callable> SharedWork<A> {
    /// A call of `M`; its result goes to `done`.
    #[must_use]
    pub fn new<M: SharedMethod<A>>(
        lend: Lend<A>,
        args: M::Args,
        done: impl FnOnce(Returned<M, A>) + Send + 'static,
    ) -> Self {
        Self {
            lend,
            run: Box::new(move |actor, context| {
                Box::pin(async move { done(M::invoke_shared(actor.0.get(), &context, args).await) })
            }),
        }
    }

    /// The state for this work and for all that runs beside it.
    pub(super) fn lend<'a>(&self, actor: &'a A) -> Lent<'a, A> {
        (self.lend.0)(actor)
    }

    pub(super) fn run<'a>(self, actor: Lent<'a, A>, context: Context<A>) -> BoxFuture<'a, ()> {
        (self.run)(actor, context)
    }
}

impl<A: ?Sized + Callable> fmt::Debug for SharedWork<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedWork")
    }
}

impl<A: ?Sized> fmt::Debug for Lend<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lend")
    }
}
