//! An actor of any type: what an actor system keeps in its table.

use std::{
    any::Any,
    fmt,
    sync::{Arc, Weak},
};

use super::{
    cancel::CancelToken,
    ending::Ended,
    execute::IncomingCall,
    fate::{Bond, End},
    mailbox::Stop,
    port::Local,
};
use crate::{ActorSystem, Callable, LinkSignal, MethodInfo, ResultHandler, SystemError, Terminated, scope::Named};

/// A seat without its actor's type.
pub(crate) trait AnyPort<S: ActorSystem>: Named {
    fn method(&self, hash: u64) -> Option<&'static MethodInfo>;
    fn execute(
        &self,
        method: &'static MethodInfo,
        decoder: S::Decoder,
        handler: S::ResultHandler,
        call: IncomingCall,
    ) -> Option<CancelToken>;
    fn stop(&self, stop: Stop);
    /// The same without waiting for clients.
    fn stop_itself(&self);
    fn trap(&self);
    fn bind(&self, id: S::ActorId, local: Option<AnyLocal<S>>, bond: Bond);
    fn bound(&self, from: S::ActorId, peer: WeakAnyLocal<S>, bond: Bond) -> Result<(), End>;
    fn unbind(&self, id: &S::ActorId);
    fn parted(&self, from: &S::ActorId, bond: Bond);
    fn link_signal(&self, from: S::ActorId, signal: LinkSignal);
    fn linked_has_ended(&self, from: &S::ActorId, end: &End);
    fn has_on_stop(&self) -> bool;
    fn is_stopped_in_turn(&self) -> bool;
    fn ended(&self) -> Ended;
    fn has_ended(&self) -> bool;
    /// A boxed `Local<A>`.
    fn into_local(self: Arc<Self>) -> Box<dyn Any>;
    fn type_name(&self) -> &'static str;
}

/// An actor of any type that lives on this system. Keeps it alive.
pub struct AnyLocal<S: ActorSystem>(pub(crate) Arc<dyn AnyPort<S>>);

impl<S: ActorSystem> AnyLocal<S> {
    /// The actor's method whose mangled name has this hash.
    #[must_use]
    pub fn method(&self, hash: u64) -> Option<&'static MethodInfo> {
        self.0.method(hash)
    }

    /// The actor, if it is an `A`.
    #[must_use]
    pub fn downcast<A: ?Sized + Callable<System = S> + 'static>(&self) -> Option<Local<A>> {
        self.0.clone().into_local().downcast().ok().map(|local| *local)
    }

    /// The name of the actor's type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    /// Asks the actor to stop when its running method has ended.
    pub fn stop(&self) {
        self.0.stop(Stop::AfterCurrent);
    }

    /// Asks the actor to stop at the next await of its running method, whose call fails with `ActorStopped`.
    pub fn stop_now(&self) {
        self.0.stop(Stop::Now);
    }

    /// Whether it does something of its own when it is asked to stop: a method under `#[on_stop]`, which
    /// [`stop_now`](Self::stop_now) passes over.
    #[must_use]
    pub fn has_on_stop(&self) -> bool {
        self.0.has_on_stop()
    }

    /// Whether somebody else stops it in its turn when the system shuts down, as a supervisor its children, and is an actor
    /// of the system itself.
    #[must_use]
    pub fn is_stopped_in_turn(&self) -> bool {
        self.0.is_stopped_in_turn()
    }

    /// Waits for the actor's end, without keeping it alive.
    pub fn terminated(&self) -> impl Future<Output = Terminated> + Send + use<S> {
        let mut ended = self.0.ended();
        std::future::poll_fn(move |cx| ended.poll(cx))
    }

    /// The same, not keeping the actor alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakAnyLocal<S> {
        WeakAnyLocal(Arc::downgrade(&self.0))
    }
}

impl<S: ActorSystem> Clone for AnyLocal<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: ActorSystem> fmt::Debug for AnyLocal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyLocal({})", self.0.name())
    }
}

/// An actor of any type that lives on this system, or did. Does not keep it alive.
pub struct WeakAnyLocal<S: ActorSystem>(pub(super) Weak<dyn AnyPort<S>>);

impl<S: ActorSystem> WeakAnyLocal<S> {
    /// The actor, unless it has gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<AnyLocal<S>> {
        self.0.upgrade().map(AnyLocal)
    }
}

impl<S: ActorSystem> Clone for WeakAnyLocal<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: ActorSystem> fmt::Debug for WeakAnyLocal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakAnyLocal")
    }
}

/// Runs the method of that mangled name on `actor`: decodes its arguments in their exact types, runs it when its turn
/// comes, and hands the result to `handler`. Whatever goes wrong, `handler` is told at once.
///
/// Returns when the method has run, or when it is queued: then with the token that cancels it. By then `handler` may
/// have been called all the same.
pub fn execute_distributed_target<S: ActorSystem>(
    actor: &AnyLocal<S>,
    method: &str,
    decoder: S::Decoder,
    handler: S::ResultHandler,
    call: IncomingCall,
) -> Option<CancelToken> {
    match actor.method(crate::hash::hash_name(method)) {
        Some(info) => actor.execute(info, decoder, handler, call),
        None => {
            handler.on_failure(SystemError::UnknownMethod { method: method.into() });
            None
        }
    }
}

impl<S: ActorSystem> AnyLocal<S> {
    /// Like [`execute_distributed_target`], for who has looked the method up already. A method of another actor is
    /// answered with `UnknownMethod`.
    pub fn execute(
        &self,
        method: &'static MethodInfo,
        decoder: S::Decoder,
        handler: S::ResultHandler,
        call: IncomingCall,
    ) -> Option<CancelToken> {
        self.0.execute(method, decoder, handler, call)
    }
}
