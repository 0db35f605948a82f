//! An actor, its methods, and the table they are dispatched by.

use std::fmt;

use crate::{
    ActorSystem, Arguments, CallError, CancelToken, Context, ExitReason, IncomingCall, MethodInfo, Reply, Target,
    Terminated,
    local::{Port, SharedWork, execute},
};

/// What can be called through a reference: an actor. Implemented by `#[distributed_actor]`.
///
/// Holds for every actor and every system, without codec bounds, so that a field may be an `ActorRef<Self>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a distributed actor",
    label = "put `#[distributed_actor]` on its impl"
)]
pub trait Callable: Send {
    /// The system that its references and calls go through.
    type System: ActorSystem;
    /// The proxy: a method of its own for each distributed method.
    type Methods: Proxy<Self>;
}

/// The proxy that [`ActorRef`](crate::ActorRef) derefs to.
pub trait Proxy<A: ?Sized + Callable>: Send + Sync {
    /// The proxy of `target`.
    fn new(target: Target<A>) -> Self;
    /// What it calls.
    fn target(&self) -> &Target<A>;
}

/// What can be spawned: an actor with its dispatch table and, where it is generic, the codec bounds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be spawned: it is not a distributed actor of this system",
    label = "put `#[distributed_actor]` on its impl"
)]
pub trait DistributedActor: Callable + Sized + 'static {
    /// Its methods, each at its [`position`](MethodInfo::position).
    const METHODS: &'static [Entry<Self>];

    /// Whether it has a method under `#[on_start]`. One that has none pays nothing for it.
    #[doc(hidden)]
    const HAS_ON_START: bool = false;
    /// The same for `#[on_stop]`.
    #[doc(hidden)]
    const HAS_ON_STOP: bool = false;

    /// Runs the method under `#[on_start]`.
    #[doc(hidden)]
    fn __on_start<'a>(
        &'a mut self,
        context: &'a Context<Self>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send + 'a {
        let _ = context;
        std::future::ready(Ok(()))
    }

    /// Runs the method under `#[on_stop]`.
    #[doc(hidden)]
    fn __on_stop<'a>(
        &'a mut self,
        context: &'a Context<Self>,
        reason: &'a ExitReason,
    ) -> impl Future<Output = ()> + Send + 'a {
        let _ = (context, reason);
        std::future::ready(())
    }

    /// Runs the method under `#[on_terminated]`.
    #[doc(hidden)]
    fn __on_terminated<'a>(
        &'a mut self,
        context: &'a Context<Self>,
        who: IdOf<Self>,
        how: Terminated,
    ) -> impl Future<Output = ()> + Send + 'a {
        let _ = (context, who, how);
        std::future::ready(())
    }
}

/// One distributed method of `A`.
///
/// The actor is a parameter, not an associated type: the impl's header then carries the actor's privacy, and a
/// private actor may have public machinery.
pub trait Method<A: ?Sized + Callable>: 'static {
    /// Its arguments, as a tuple.
    type Args: Arguments<RequirementOf<A>>;
    /// Its result.
    type Reply: Reply<RequirementOf<A>>;
    /// Its description.
    const INFO: &'static MethodInfo;

    /// Runs it. For a `fn` all work is done here, and the future is ready.
    fn invoke<'a>(
        actor: &'a mut A,
        context: &'a Context<A>,
        args: Self::Args,
    ) -> impl Future<Output = Returned<Self, A>> + Send + 'a;

    /// What runs it beside others of its kind, if it may: a method with `&self` of a reentrant actor.
    #[doc(hidden)]
    fn share<D>(args: Self::Args, done: D) -> Result<SharedWork<A>, (Self::Args, D)>
    where
        D: FnOnce(Returned<Self, A>) + Send + 'static,
    {
        Err((args, done))
    }
}

/// A method that may run beside others of its kind.
#[doc(hidden)]
pub trait SharedMethod<A: ?Sized + Callable>: Method<A> {
    /// Runs it.
    fn invoke_shared<'a>(
        actor: &'a A,
        context: &'a Context<A>,
        args: Self::Args,
    ) -> impl Future<Output = Returned<Self, A>> + Send + 'a;
}

/// One entry of a dispatch table.
pub struct Entry<A: Callable> {
    pub(crate) info: &'static MethodInfo,
    pub(crate) execute: Execute<A>,
}

pub(crate) type Execute<A> = fn(&dyn Port<A>, DecoderOf<A>, HandlerOf<A>, IncomingCall) -> Option<CancelToken>;

impl<A: DistributedActor> Entry<A> {
    /// The entry of the method `M`.
    #[must_use]
    pub const fn of<M: Method<A>>() -> Self {
        Self { info: M::INFO, execute: execute::<A, M> }
    }

    /// The method's description.
    #[must_use]
    pub const fn info(&self) -> &'static MethodInfo {
        self.info
    }
}

impl<A: Callable> fmt::Debug for Entry<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.info.name()).finish()
    }
}

/// The serialization requirement of an actor's system.
pub type RequirementOf<A> = <<A as Callable>::System as ActorSystem>::Requirement;
/// The error of an actor's system.
pub type FailureOf<A> = <<A as Callable>::System as ActorSystem>::Error;
/// The id type of an actor's system.
pub type IdOf<A> = <<A as Callable>::System as ActorSystem>::ActorId;
/// The invocation decoder of an actor's system.
pub type DecoderOf<A> = <<A as Callable>::System as ActorSystem>::Decoder;
/// The result handler of an actor's system.
pub type HandlerOf<A> = <<A as Callable>::System as ActorSystem>::ResultHandler;
/// What a call of `M` gives.
pub type ValueOf<M, A> = <<M as Method<A>>::Reply as Reply<RequirementOf<A>>>::Value;
/// The method's own error.
pub type ThrownOf<M, A> = <<M as Method<A>>::Reply as Reply<RequirementOf<A>>>::Error;
/// What the method itself returns.
pub type Returned<M, A> = Result<ValueOf<M, A>, ThrownOf<M, A>>;
/// What a call through a reference returns.
pub type CallResult<M, A> = Result<ValueOf<M, A>, CallError<ThrownOf<M, A>, FailureOf<A>>>;
