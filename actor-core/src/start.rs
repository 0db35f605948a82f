//! The call of a constructor as a value, and the systems that start actors on other nodes.

use std::{
    fmt::{self, Debug, Display},
    hash::Hash,
    marker::PhantomData,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    ActorRef, ActorSystem, Arguments, BoxFuture, CallError, CodecError, Constructor, Context, DecodeContext, DecoderOf,
    DistributedActor, FailureOf, IdOf, InvocationEncoder, MethodInfo, Never, RemoteCall, Reply, SystemError,
    call::{CallOptions, Opened},
    local::{build_here, construct_here},
};

/// The call of a constructor, as a value: nothing happens before a system is asked to start the actor, with
/// `node.spawn_on(node_id, spawn)`. `#[distributed(spawn)] fn create(..)` makes `Actor::spawn_create(..)`, which
/// returns it.
///
/// It keeps its arguments and encodes them anew at each start, so that clones of it start actors again and again.
#[must_use = "no actor is started before a system is asked to"]
pub struct Spawn<A: DistributedActor, E = Never> {
    recipe: Arc<dyn Recipe<A, E>>,
    name: Option<Arc<str>>,
    owner: Option<Orphan>,
    timeout: Option<Duration>,
}

/// What the start of an actor comes to.
pub type Started<A, E> = Result<ActorRef<A>, CallError<E, FailureOf<A>>>;

/// What becomes of an actor whose owner's node was lost: whether that one still runs is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Orphan {
    /// It is stopped.
    #[default]
    Stop,
    /// It runs on, until it is stopped, or until the owner's node comes back and then ends in order.
    LeaveRunning,
}

impl<A: DistributedActor, E: Send + 'static> Spawn<A, E> {
    /// The call of `M` with these arguments.
    pub fn of<M: Constructor<A, Error = E>>(args: M::Args) -> Self {
        let recipe = Arc::new(Recorded::<A, M> { args: Mutex::new(args), made: PhantomData });
        Self { recipe, name: None, owner: None, timeout: None }
    }

    /// Registers the actor under this name on its node. The start fails with `NameTaken` where another one has it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into());
        self
    }

    /// Ties the actor to the node that starts it: it is stopped when that node ends, or is lost. Without this it lives
    /// until it is stopped.
    pub fn owned(self) -> Self {
        self.orphan(Orphan::Stop)
    }

    /// The same, with a choice of what happens when the node that starts it is lost.
    pub fn orphan(mut self, orphan: Orphan) -> Self {
        self.owner = Some(orphan);
        self
    }

    /// Gives each start this much time, at most 1 h; without it the system's default for a call holds (10 s). A start
    /// that a method asks for never gets more than what is left of that method's time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The constructor's description.
    #[must_use]
    pub fn constructor(&self) -> &'static MethodInfo {
        self.recipe.info()
    }

    /// The name that the actor will be registered under.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether the actor is owned by the node that starts it, and what happens if that is lost.
    #[must_use]
    pub fn owner(&self) -> Option<Orphan> {
        self.owner
    }
}

/// For those who write an actor system.
impl<A: DistributedActor, E: Send + 'static> Spawn<A, E> {
    /// The surroundings of a start that begins now: its deadline, the chain of calls that it descends from, its trace.
    ///
    /// # Errors
    /// [`SystemError::Deadline`] if the calling method has no time left; [`SystemError::ChainTooLong`].
    pub fn open(&self, system: &A::System) -> Result<RemoteCall, SystemError> {
        let mut options = CallOptions::default();
        options.timeout = self.timeout;
        let Opened { deadline, timeout, parent, trace } = options.open(system)?;
        Ok(RemoteCall { timeout, deadline, parent, trace })
    }

    /// Records the arguments, in the order that [`InvocationEncoder`] states.
    ///
    /// # Errors
    /// When one cannot be encoded.
    pub fn record(&self, encoder: &mut <A::System as ActorSystem>::Encoder) -> Result<(), FailureOf<A>> {
        self.recipe.record(encoder)
    }

    /// Decodes the id of the actor that was made.
    ///
    /// # Errors
    /// When `input` does not hold one.
    pub fn decode_id(&self, input: &mut Bytes, context: &DecodeContext) -> Result<IdOf<A>, CodecError> {
        self.recipe.decode_id(input, context)
    }

    /// Decodes the constructor's own error.
    ///
    /// # Errors
    /// When `input` does not hold one.
    pub fn decode_error(&self, input: &mut Bytes, context: &DecodeContext) -> Result<E, CodecError> {
        self.recipe.decode_error(input, context)
    }

    /// Runs the constructor on this system, with the arguments that `decoder` reads. The actor lives as long as there
    /// are local references to it: the name and the owner are the system's concern.
    ///
    /// Dropping the future gives the constructor up at its next await.
    ///
    /// # Errors
    /// The constructor's own; [`SystemError::BadArguments`], [`SystemError::Panicked`], [`SystemError::Deadline`].
    pub fn start_here(
        &self,
        system: &A::System,
        decoder: DecoderOf<A>,
        call: RemoteCall,
    ) -> BoxFuture<'static, Started<A, E>> {
        let RemoteCall { timeout, deadline, parent, trace } = call;
        self.recipe.start(system, decoder, Opened { deadline, timeout, parent, trace })
    }
}

impl<A: DistributedActor, E: Send + 'static> Spawn<A, E> {
    /// Runs the constructor, for an actor with this context.
    pub(crate) fn build(&self, decoder: DecoderOf<A>, opened: Opened, context: Context<A>) -> Building<A, E> {
        self.recipe.build(decoder, opened, context)
    }
}

pub(crate) type Building<A, E> = BoxFuture<'static, Result<(A, Context<A>), CallError<E, FailureOf<A>>>>;

impl<A: DistributedActor, E> Clone for Spawn<A, E> {
    fn clone(&self) -> Self {
        Self { recipe: self.recipe.clone(), name: self.name.clone(), owner: self.owner, timeout: self.timeout }
    }
}

impl<A: DistributedActor, E> Debug for Spawn<A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn")
            .field("constructor", &self.recipe.info().name())
            .field("name", &self.name)
            .field("owner", &self.owner)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// A constructor with its arguments.
trait Recipe<A: DistributedActor, E>: Send + Sync {
    fn info(&self) -> &'static MethodInfo;
    fn record(&self, encoder: &mut <A::System as ActorSystem>::Encoder) -> Result<(), FailureOf<A>>;
    fn decode_id(&self, input: &mut Bytes, context: &DecodeContext) -> Result<IdOf<A>, CodecError>;
    fn decode_error(&self, input: &mut Bytes, context: &DecodeContext) -> Result<E, CodecError>;
    fn start(&self, system: &A::System, decoder: DecoderOf<A>, opened: Opened) -> BoxFuture<'static, Started<A, E>>;
    fn build(&self, decoder: DecoderOf<A>, opened: Opened, context: Context<A>) -> Building<A, E>;
}

struct Recorded<A: DistributedActor, M: Constructor<A>> {
    /// Arguments need not be `Sync`: whoever starts an actor has them for itself meanwhile.
    args: Mutex<M::Args>,
    made: PhantomData<fn() -> A>,
}

impl<A: DistributedActor, M: Constructor<A>> Recipe<A, M::Error> for Recorded<A, M> {
    fn info(&self) -> &'static MethodInfo {
        M::INFO
    }

    fn record(&self, encoder: &mut <A::System as ActorSystem>::Encoder) -> Result<(), FailureOf<A>> {
        let args = self.args.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        args.record(encoder)?;
        M::Answer::record_types(encoder)?;
        encoder.done()
    }

    fn decode_id(&self, input: &mut Bytes, context: &DecodeContext) -> Result<IdOf<A>, CodecError> {
        M::Answer::decode_value(input, context)
    }

    fn decode_error(&self, input: &mut Bytes, context: &DecodeContext) -> Result<M::Error, CodecError> {
        M::Answer::decode_error(input, context)
    }

    fn start(
        &self,
        system: &A::System,
        decoder: DecoderOf<A>,
        opened: Opened,
    ) -> BoxFuture<'static, Started<A, M::Error>> {
        construct_here::<A, M>(system, decoder, opened)
    }

    fn build(&self, decoder: DecoderOf<A>, opened: Opened, context: Context<A>) -> Building<A, M::Error> {
        build_here::<A, M>(decoder, opened, context)
    }
}

/// An actor system that starts actors on other nodes: the trait behind `spawn_on`, for who needs no more of a node.
pub trait SpawnSystem: ActorSystem {
    /// Identifies a node.
    type Node: Clone + Eq + Ord + Hash + Debug + Display + Send + Sync + 'static;

    /// This node.
    fn this_node(&self) -> Self::Node;

    /// The node that an actor lives on.
    fn node_of(id: &Self::ActorId) -> Self::Node;

    /// Whether it is shutting down, or has: nothing that it would have to end shall begin here any more. By default it never
    /// does.
    fn is_shutting_down(&self) -> bool {
        false
    }

    /// Reads an invocation that was recorded here, as it would be read elsewhere.
    ///
    /// # Errors
    /// When something could not be encoded.
    fn reread(&self, invocation: Self::Encoder) -> Result<Self::Decoder, Self::Error>;

    /// Starts an actor on a node, which may be this one.
    ///
    /// # Errors
    /// The constructor's own error, or the system's.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, no actor stays that was started.
    fn spawn_on<A: DistributedActor<System = Self>, E: Send + 'static>(
        &self,
        node: Self::Node,
        spawn: Spawn<A, E>,
    ) -> impl Future<Output = Result<ActorRef<A>, CallError<E, Self::Error>>> + Send;
}
