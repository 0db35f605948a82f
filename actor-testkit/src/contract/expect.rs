//! What cases have in common.

use std::{
    fmt::Debug,
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use actor_core::{ActorRef, ActorSystem, CallError, SystemError, SystemFailure, spawn};

use super::{Control, Probe, SystemUnderTest};

pub(super) type ProbeOf<T> = Probe<<T as SystemUnderTest>::System>;
pub(super) type ProbeRef<T> = ActorRef<ProbeOf<T>>;
pub(super) type ErrorOf<T> = <<T as SystemUnderTest>::System as ActorSystem>::Error;

/// A new probe on `system`.
pub(super) fn probe<T: SystemUnderTest>(system: &T::System) -> (ProbeRef<T>, Control) {
    let (probe, control) = Probe::new();
    (spawn(system, probe), control)
}

/// The reference to the same actor from the point of view of another system.
pub(super) fn seen_from<T: SystemUnderTest>(system: &T::System, actor: &ProbeRef<T>) -> ProbeRef<T> {
    let proxy = ProbeRef::<T>::resolve(system, actor.id().clone()).expect("the id can be resolved");
    assert!(!proxy.is_local(), "the other system has taken the actor for its own");
    proxy
}

/// The failure of the system that a call has ended with, in the words of the model.
#[track_caller]
pub(super) fn failure<T: SystemUnderTest, V: Debug, E: Debug>(
    result: Result<V, CallError<E, ErrorOf<T>>>,
) -> SystemError {
    match result {
        Err(CallError::System(error)) => cause::<T>(&error),
        other => panic!("expected a failure of the system, and got {other:?}"),
    }
}

/// The method's own error that a call has ended with.
#[track_caller]
pub(super) fn thrown<T: SystemUnderTest, V: Debug, E: Debug>(result: Result<V, CallError<E, ErrorOf<T>>>) -> E {
    match result {
        Err(CallError::Actor(error)) => error,
        other => panic!("expected the method's own error, and got {other:?}"),
    }
}

/// The error of the model in an error of the system, which both say the same of what ran.
#[track_caller]
pub(super) fn cause<T: SystemUnderTest>(error: &ErrorOf<T>) -> SystemError {
    let Some(cause) = T::cause(error) else { panic!("`{error:?}` does not say what went wrong in the model's words") };
    assert_eq!(error.outcome(), cause.outcome());
    cause
}

/// What the future gives when it is polled once more.
pub(super) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
