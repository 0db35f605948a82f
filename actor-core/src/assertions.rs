//! What the code that `#[distributed_actor]` emits asks rustc, in the words of the one who reads the answer.

use crate::{ActorSystem, As, Callable, Codec, Context};

/// The serialization requirement of a system.
pub type RequirementIn<S> = <S as ActorSystem>::Requirement;

/// `T`, as long as the constant has a value.
///
/// Where an assertion in the constant's body has failed it has none, and rustc says nothing of what follows from that.
pub type Checked<T, const ASSERTED: bool> = <T as Check<ASSERTED>>::Type;

/// See [`Checked`].
pub trait Check<const ASSERTED: bool> {
    /// The type itself.
    type Type;
}

impl<T, const ASSERTED: bool> Check<ASSERTED> for T {
    type Type = T;
}

/// What a reply carries: its value and its error. For a method that returns no `Result` both are the value.
#[diagnostic::on_unimplemented(
    message = "a method under `#[distributed(result)]` returns a `Result`",
    label = "this is not one: write `#[distributed]`"
)]
pub trait Carried {
    /// The value.
    type Value;
    /// The method's own error.
    type Error;
}

impl<T> Carried for As<T, false> {
    type Value = T;
    type Error = T;
}

impl<T, E> Carried for As<Result<T, E>, true> {
    type Value = T;
    type Error = E;
}

/// The requirement has a codec for all that the reply `R` carries.
pub trait CodecOf<R: Carried>: Codec<R::Value> + Codec<R::Error> {}

impl<Q: Codec<R::Value> + Codec<R::Error>, R: Carried> CodecOf<R> for Q {}

/// The state of an actor with an `async fn` that takes `&self`.
#[diagnostic::on_unimplemented(
    message = "an `async fn` with `&self` needs a state that is `Sync`, and `{Self}` is not",
    label = "write `&mut self`",
    note = "methods of an actor run one at a time, so `&mut self` excludes nobody"
)]
pub trait SharedState: Sync {}

#[diagnostic::do_not_recommend]
impl<A: ?Sized + Sync> SharedState for A {}

/// The state of a reentrant actor.
#[diagnostic::on_unimplemented(
    message = "a reentrant actor needs a state that is `Sync`, and `{Self}` is not",
    label = "remove `reentrant`, or make the state `Sync`",
    note = "its methods with `&self` share the state while they wait; an atomic or a `Mutex` can stand for a `Cell`"
)]
pub trait ReentrantState: Sync {}

#[diagnostic::do_not_recommend]
impl<A: ?Sized + Sync> ReentrantState for A {}

/// What stands behind the `&` of a `#[ctx]` parameter.
#[diagnostic::on_unimplemented(
    message = "a `#[ctx]` parameter is the context of its own actor, and `{Self}` is not",
    label = "write `Context<Self>`"
)]
pub trait ContextParameter<A: ?Sized + Callable> {
    /// The context as what it is.
    fn of(context: &Context<A>) -> &Self;
}

impl<A: ?Sized + Callable> ContextParameter<A> for Context<A> {
    fn of(context: &Self) -> &Self {
        context
    }
}

/// Fails the compilation when a method of an actor has the hash of another one before it in the table.
///
/// # Panics
/// At compile time, with what to do about it.
#[track_caller]
pub const fn assert_new_name(hashes: &[u64], position: usize) {
    let mut other = 0;
    while other < position {
        assert!(
            hashes[other] != hashes[position],
            "another distributed method of this actor has the same name, or one with the same hash: \
             give this one a name of its own with `#[distributed(name = \"..\")]`"
        );
        other += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_are_accepted() {
        assert_new_name(&[1, 2, 3], 0);
        assert_new_name(&[1, 2, 3], 2);
    }

    #[test]
    #[should_panic(expected = "give this one a name of its own")]
    fn a_name_that_is_not_new_is_refused() {
        assert_new_name(&[1, 2, 1], 2);
    }
}
