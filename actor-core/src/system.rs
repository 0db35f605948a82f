//! The trait behind everything: what an actor system does.

use std::{
    fmt::{Debug, Display},
    hash::Hash,
    pin::Pin,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    CallError, CallScope, Callable, DeadLetter, DistributedActor, InvocationDecoder, InvocationEncoder, LinkSignal,
    Local, MethodInfo, Reply, ResultHandler, Settings, SystemError, SystemFailure, Terminated, TraceParent, WeakLocal,
};

/// A boxed future that can be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What an actor id must be. Implemented for every type that is.
pub trait Identity:
    Clone + Eq + Ord + Hash + Debug + Display + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

impl<T: Clone + Eq + Ord + Hash + Debug + Display + Serialize + DeserializeOwned + Send + Sync + 'static> Identity
    for T
{
}

/// How actors get their ids, how references are resolved, and how a call reaches an actor that is not here.
///
/// A system is a cheap handle: it is cloned into every reference.
///
/// # Contract
/// - [`assign_id`](Self::assign_id) is called once for each actor, before it can be reached; then
///   [`actor_ready`](Self::actor_ready) once, before a reference escapes; then [`resign_id`](Self::resign_id) once,
///   when the actor has ended. Where start-up fails, `resign_id` comes without `actor_ready`.
/// - A system holds ready actors weakly: an actor ends when its last local reference goes.
/// - [`resolve`](Self::resolve) never blocks.
///
/// `actor_testkit::system_contract` is a test suite for it.
pub trait ActorSystem: Clone + Send + Sync + 'static {
    /// Identifies an actor, on every node.
    type ActorId: Identity;
    /// What parameters, results and errors must meet: a type with [`Codec`](crate::Codec) impls.
    type Requirement: 'static;
    /// Records an outgoing invocation.
    type Encoder: InvocationEncoder<Requirement = Self::Requirement, Error = Self::Error>;
    /// Reads an incoming one.
    type Decoder: InvocationDecoder<Requirement = Self::Requirement>;
    /// Takes the result of an incoming one.
    type ResultHandler: ResultHandler<Requirement = Self::Requirement>;
    /// The system's own failures.
    type Error: SystemFailure;

    /// A new id, never given before.
    fn assign_id<A: DistributedActor<System = Self>>(&self) -> Self::ActorId;

    /// The actor can be called from now on. Keep it weakly.
    fn actor_ready<A: DistributedActor<System = Self>>(&self, id: &Self::ActorId, actor: WeakLocal<A>);

    /// The actor has ended, or failed to start: forget it.
    fn resign_id(&self, id: &Self::ActorId);

    /// The local actor of that id, whose references have the id and the system that it was spawned with; `None` where a
    /// proxy shall be made.
    ///
    /// # Errors
    /// When the id can be seen to be of no use: unknown node, wrong type, ended.
    fn resolve<A: Callable<System = Self> + ?Sized + 'static>(
        &self,
        id: &Self::ActorId,
    ) -> Result<Option<Local<A>>, Self::Error>;

    /// An encoder for one invocation.
    fn make_invocation_encoder(&self) -> Self::Encoder;

    /// Sends a recorded invocation and waits for its result. Dropping the future cancels the call.
    fn remote_call<R: Reply<Self::Requirement>>(
        &self,
        target: &Self::ActorId,
        method: &'static MethodInfo,
        invocation: Self::Encoder,
        call: RemoteCall,
    ) -> impl Future<Output = Result<R::Value, CallError<R::Error, Self::Error>>> + Send;

    /// Sends a recorded invocation one way. Ends when it is handed over.
    fn remote_call_void(
        &self,
        target: &Self::ActorId,
        method: &'static MethodInfo,
        invocation: Self::Encoder,
        call: RemoteCall,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Asks an actor elsewhere to stop. A system that cannot do so ignores it, as this default does.
    fn remote_stop(&self, target: &Self::ActorId) {
        let _ = target;
    }

    /// Waits for the end of an actor elsewhere. The default knows of none, and says so at once.
    fn remote_terminated(&self, target: &Self::ActorId) -> BoxFuture<'static, Terminated> {
        let _ = target;
        Box::pin(std::future::ready(Terminated::NoSuchActor))
    }

    /// Tells an actor elsewhere that `from`, which lives here, is or was linked to it: the other side gives it to
    /// [`AnyLocal::link_signal`](crate::AnyLocal::link_signal), in the order in which it was said. What cannot be delivered is
    /// lost. The default tells nobody: links from here carry exits one way then.
    fn remote_link(&self, target: &Self::ActorId, from: &Self::ActorId, signal: LinkSignal) {
        let _ = (target, from, signal);
    }

    /// How actors run on this system.
    fn settings(&self) -> &Settings {
        Settings::default_ref()
    }

    /// Runs an actor's task. The default uses the tokio runtime that it is called in.
    ///
    /// # Errors
    /// Gives the task back where there is no runtime to run it.
    fn execute(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(task);
                Ok(())
            }
            Err(_) => Err(task),
        }
    }

    /// Ends when the time has come. The default uses the clock of the tokio runtime that it is called in; where there
    /// is none, it never ends.
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Box::pin(std::future::pending());
        }
        Box::pin(tokio::time::sleep_until(deadline.into()))
    }

    /// A number for a call that others descend from, which no other call of any node has.
    fn mint_call_id(&self) -> u64 {
        crate::scope::random_call_id()
    }

    /// A one-way call could not be delivered, or failed. The default counts on nobody to look.
    fn dead_letter(&self, letter: DeadLetter) {
        let _ = letter;
    }

    /// The handle that the system's own actors and references hold: one that does not keep the system running, for
    /// systems where the last handle closes it.
    fn unguarded(&self) -> Self {
        self.clone()
    }

    /// A reference to `id` is being encoded on this thread, into an invocation or a reply of this system.
    fn reference_encoded(&self, id: &Self::ActorId) {
        let _ = id;
    }
}

/// What travels with a call to another node, beside its arguments.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RemoteCall {
    /// The time it has been given: the shorter of its own timeout and what is left of its parent's.
    pub timeout: Duration,
    /// When that is over.
    pub deadline: Instant,
    /// The call that it descends from; none for a root, and for a one-way call.
    pub parent: Option<CallScope>,
    /// The W3C trace context, already a child of the parent's.
    pub trace: Option<TraceParent>,
}

impl RemoteCall {
    /// A root call that is given `timeout` from now on, at most a century.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        let timeout = timeout.min(crate::local::FOR_EVER);
        let deadline = crate::local::now() + timeout;
        Self { timeout, deadline, parent: None, trace: None }
    }

    /// The error of this call when its deadline has passed.
    #[must_use]
    pub fn deadline_passed(&self, outcome: crate::Outcome) -> SystemError {
        SystemError::Deadline { after: self.timeout, outcome }
    }
}
