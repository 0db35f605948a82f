//! Constructors: how an actor is made on a node that was only told which one, and with what.

use std::{any::Any, fmt};

use crate::{
    ActorSystem, AnyLocal, Arguments, As, CancelToken, Context, DistributedActor, IdOf, IncomingCall, MethodInfo,
    Never, Pace, Reply, RequirementOf, SystemError,
    local::{Keep, construct},
};

/// A function that makes an `A`: one under `#[distributed(spawn)]`.
pub trait Constructor<A: DistributedActor>: 'static {
    /// Its arguments, as a tuple.
    type Args: Arguments<RequirementOf<A>>;
    /// Its own error; [`Never`] for one that cannot fail.
    type Error: Send + 'static;
    /// What travels back: the actor's id, or the error.
    type Answer: Reply<RequirementOf<A>, Value = IdOf<A>, Error = Self::Error>;
    /// Its description.
    const INFO: &'static MethodInfo;

    /// Runs it. For a `fn` all work is done here, and the future is ready. References of `context` do not work yet, nor
    /// later: take one in a method.
    fn construct<'a>(
        context: &'a Context<A>,
        args: Self::Args,
    ) -> impl Future<Output = Result<A, Self::Error>> + Send + 'a;
}

/// What a constructor may return: the actor, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "a constructor under `#[distributed(spawn)]` returns its actor",
    label = "write `Self` or `Result<Self, E>`"
)]
pub trait Constructed<A: DistributedActor> {
    /// As written in its signature.
    type Declared;
    /// Its own error.
    type Error: Send + 'static;
    /// What has to be sent beside the actor's id: its error, if it has one.
    type Sent;
    /// What travels back.
    type Answer;

    /// The declared result as actor or error.
    ///
    /// # Errors
    /// The constructor's own.
    fn split(declared: Self::Declared) -> Result<A, Self::Error>;
}

impl<A: DistributedActor> Constructed<A> for As<A, false> {
    type Declared = A;
    type Error = Never;
    type Sent = IdOf<A>;
    type Answer = As<IdOf<A>, false>;

    fn split(declared: A) -> Result<A, Never> {
        Ok(declared)
    }
}

impl<A: DistributedActor, E: Send + 'static> Constructed<A> for As<Result<A, E>, true> {
    type Declared = Result<A, E>;
    type Error = E;
    type Sent = E;
    type Answer = As<Result<IdOf<A>, E>, true>;

    fn split(declared: Result<A, E>) -> Result<A, E> {
        declared
    }
}

/// A constructor that can be found by its name: what an actor system runs for a caller elsewhere.
pub struct ConstructorEntry<S: ActorSystem> {
    info: &'static MethodInfo,
    construct: Construct<S>,
}

type Construct<S> = fn(
    &S,
    <S as ActorSystem>::Decoder,
    <S as ActorSystem>::ResultHandler,
    IncomingCall,
    &Pace,
    Keep<S>,
) -> Option<CancelToken>;

impl<S: ActorSystem> ConstructorEntry<S> {
    /// The entry of the constructor `M`.
    #[must_use]
    pub const fn of<A: DistributedActor<System = S>, M: Constructor<A>>() -> Self {
        Self { info: M::INFO, construct: construct::<A, M> }
    }

    /// All constructors of this binary that make actors of this type of system, in no particular order. Two may have
    /// one name, where two modules have one path, or items stand inside functions.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<RegisteredConstructor>.into_iter().filter_map(|registered| registered.0.downcast_ref())
    }

    /// The constructor's description.
    #[must_use]
    pub const fn info(&self) -> &'static MethodInfo {
        self.info
    }

    /// Decodes the arguments in their exact types, runs the constructor, and hands the id of the actor to `handler` after
    /// `keep` has seen to it that the actor lives on. If `keep` fails, so does the call, and the actor ends. Whatever
    /// goes wrong, `handler` is told at once.
    ///
    /// It runs on a task of the system's, or, where `call` allows it and `pace` says that it is short, before this
    /// returns. Returns the token that cancels it, unless it has ended.
    pub fn execute(
        &self,
        system: &S,
        decoder: S::Decoder,
        handler: S::ResultHandler,
        call: IncomingCall,
        pace: &Pace,
        keep: impl FnOnce(AnyLocal<S>, &S::ActorId) -> Result<(), SystemError> + Send + 'static,
    ) -> Option<CancelToken> {
        (self.construct)(system, decoder, handler, call, pace, Box::new(keep))
    }
}

impl<S: ActorSystem> fmt::Debug for ConstructorEntry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConstructorEntry").field(&self.info.name()).finish()
    }
}

/// A constructor in the process-wide registry: a [`ConstructorEntry`] of the system that its actor is of.
#[doc(hidden)]
pub struct RegisteredConstructor(pub &'static (dyn Any + Send + Sync));

impl fmt::Debug for RegisteredConstructor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegisteredConstructor")
    }
}

inventory::collect!(RegisteredConstructor);
