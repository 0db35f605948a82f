//! The system itself.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use actor_core::{
    ActorId, ActorRef, ActorSystem, AnyLocal, BoxFuture, CallError, Callable, CodecError, DeadLetter, DecodeContext,
    DistributedActor, LinkSignal, Local, MethodInfo, NodeId, Postcard, RemoteCall, Reply, SystemError, Terminated,
    WeakAnyLocal, WeakLocal, spawn,
};
use bytes::Bytes;

use super::{
    LoopbackDecoder, LoopbackEncoder, LoopbackReply,
    call::{deliver, deliver_raw},
    invocation::all_read,
    observed::{Observed, Observer},
    reply::Answer,
};

/// An actor system in one process that resolves everything as remote.
///
/// Arguments, results and references go through the codec as they would over a wire, so that a test which passes here
/// does not fail later because a type cannot travel.
///
/// ```
/// use actor_core::{ActorRef, distributed_actor};
/// use actor_testkit::LoopbackSystem;
///
/// struct Greeter;
///
/// #[distributed_actor(system = LoopbackSystem, crate = actor_core)]
/// impl Greeter {
///     #[distributed]
///     fn hello(&self, name: String) -> String {
///         format!("Hello, {name}!")
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let greeter: ActorRef<Greeter> = LoopbackSystem::new().spawn(Greeter);
/// assert!(!greeter.is_local());
/// assert_eq!(greeter.hello("world".into()).await.unwrap(), "Hello, world!");
/// # }
/// ```
#[derive(Clone)]
pub struct LoopbackSystem {
    inner: Arc<Inner>,
    /// None in the handles that actors and their references hold: they would keep themselves alive.
    #[allow(dead_code, reason = "it is there to be dropped")]
    guard: Option<Arc<Guard>>,
}

struct Inner {
    node: NodeId,
    next_instance: AtomicU64,
    actors: Mutex<HashMap<ActorId, WeakAnyLocal<LoopbackSystem>>>,
    /// What [`LoopbackSystem::spawn`] has made.
    kept: Mutex<HashMap<ActorId, AnyLocal<LoopbackSystem>>>,
    observer: Option<Observer>,
}

/// Lets go of what is kept when the last handle goes.
struct Guard {
    inner: Arc<Inner>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let kept = std::mem::take(&mut *lock(&self.inner.kept));
        drop(kept);
    }
}

impl LoopbackSystem {
    /// A system of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::with_observer(None)
    }

    /// The same, telling `observer` of all that the runtime asks of it.
    #[must_use]
    pub fn observed(observer: impl Fn(Observed) + Send + Sync + 'static) -> Self {
        Self::with_observer(Some(Arc::new(observer)))
    }

    fn with_observer(observer: Option<Observer>) -> Self {
        let random = RandomState::new();
        let bits = u128::from(random.hash_one(0)) << 64 | u128::from(random.hash_one(1));
        let inner = Arc::new(Inner {
            node: NodeId::from_bits(bits),
            next_instance: AtomicU64::new(1),
            actors: Mutex::default(),
            kept: Mutex::default(),
            observer,
        });
        let guard = Arc::new(Guard { inner: inner.clone() });
        Self { inner, guard: Some(guard) }
    }

    /// Makes `actor` an actor and returns a proxy of it. The system keeps it alive until it is stopped,
    /// [released](Self::release), or the last handle goes.
    ///
    /// [`actor_core::spawn`] gives a local reference instead, as it does on every system.
    pub fn spawn<A: DistributedActor<System = Self>>(&self, actor: A) -> ActorRef<A> {
        let local = spawn(self, actor);
        if let Some(actor) = ActorRef::local(&local) {
            lock(&self.inner.kept).insert(*local.id(), actor.erase());
        }
        #[allow(clippy::expect_used, reason = "the actor lives: there is a local reference to it")]
        ActorRef::resolve(self, *local.id()).expect("its own actor can be resolved")
    }

    /// Keeps an actor that [`spawn`](Self::spawn) has made alive no longer. False if it did not.
    pub fn release<A: Callable<System = Self> + ?Sized>(&self, actor: &ActorRef<A>) -> bool {
        // Dropped after the lock: it may be the last reference.
        let released = lock(&self.inner.kept).remove(actor.id());
        released.is_some()
    }

    /// Runs `method` on `actor` with arguments that nobody has encoded: for tests of what bytes from elsewhere can do.
    /// The method may be of another actor.
    pub async fn deliver<A: Callable<System = Self> + ?Sized>(
        &self,
        actor: &ActorRef<A>,
        method: &'static MethodInfo,
        arguments: impl Into<Bytes>,
    ) -> Answer {
        match self.local(actor.id()) {
            Ok(actor) => deliver_raw(self, &actor, method, arguments.into()).await,
            Err(error) => Answer::Failed(error),
        }
    }

    /// The actor of that id.
    pub(super) fn local(&self, id: &ActorId) -> Result<AnyLocal<Self>, SystemError> {
        if id.node() != self.inner.node {
            return Err(SystemError::UnknownNode { node: id.node() });
        }
        let weak = lock(&self.inner.actors).get(id).cloned();
        weak.and_then(|weak| weak.upgrade()).ok_or_else(|| SystemError::UnknownActor { actor: id.to_string().into() })
    }

    pub(super) fn observe(&self, observed: impl FnOnce() -> Observed) {
        if let Some(observer) = &self.inner.observer {
            observer(observed());
        }
    }
}

impl ActorSystem for LoopbackSystem {
    type ActorId = ActorId;
    type Requirement = Postcard;
    type Encoder = LoopbackEncoder;
    type Decoder = LoopbackDecoder;
    type ResultHandler = LoopbackReply;
    type Error = SystemError;

    fn assign_id<A: DistributedActor<System = Self>>(&self) -> ActorId {
        let id = ActorId::new(self.inner.node, self.inner.next_instance.fetch_add(1, Ordering::Relaxed));
        self.observe(|| Observed::Assigned(id));
        id
    }

    fn actor_ready<A: DistributedActor<System = Self>>(&self, id: &ActorId, actor: WeakLocal<A>) {
        if let Some(actor) = actor.erase() {
            lock(&self.inner.actors).insert(*id, actor);
        }
        self.observe(|| Observed::Ready(*id));
    }

    fn resign_id(&self, id: &ActorId) {
        lock(&self.inner.actors).remove(id);
        // A kept actor that was stopped, or has panicked.
        let kept = lock(&self.inner.kept).remove(id);
        drop(kept);
        self.observe(|| Observed::Resigned(*id));
    }

    /// Everything is elsewhere, as far as it can be told; what cannot be right is refused.
    fn resolve<A: Callable<System = Self> + ?Sized + 'static>(
        &self,
        id: &ActorId,
    ) -> Result<Option<Local<A>>, SystemError> {
        let expected = || std::any::type_name::<A>().into();
        match self.local(id)?.downcast::<A>() {
            Some(_) => Ok(None),
            None => Err(SystemError::WrongType { actor: id.to_string().into(), expected: expected() }),
        }
    }

    fn make_invocation_encoder(&self) -> LoopbackEncoder {
        LoopbackEncoder::new(self.inner.observer.clone())
    }

    async fn remote_call<R: Reply<Postcard>>(
        &self,
        target: &ActorId,
        method: &'static MethodInfo,
        invocation: LoopbackEncoder,
        call: RemoteCall,
    ) -> Result<R::Value, CallError<R::Error>> {
        let pending = deliver(self, target, method, invocation, &call).map_err(CallError::System)?;
        let answer = pending.answer(self, &call).await.map_err(CallError::System)?;
        let context = DecodeContext::new(self.unguarded());
        let decoded = match answer {
            Answer::Value(mut body) => R::decode_value(&mut body, &context).and_then(|value| {
                all_read(&body)?;
                Ok(Ok(value))
            }),
            Answer::Thrown(mut body) => R::decode_error(&mut body, &context).and_then(|error| {
                all_read(&body)?;
                Ok(Err(CallError::Actor(error)))
            }),
            Answer::Failed(error) => Ok(Err(CallError::System(error))),
        };
        decoded.unwrap_or_else(|error: CodecError| {
            let why = error.to_string().into();
            Err(CallError::System(SystemError::BadReply { method: method.name().into(), why }))
        })
    }

    async fn remote_call_void(
        &self,
        target: &ActorId,
        method: &'static MethodInfo,
        invocation: LoopbackEncoder,
        call: RemoteCall,
    ) -> Result<(), SystemError> {
        let answer = deliver(self, target, method, invocation, &call)?.detach();
        let (system, actor) = (self.unguarded(), target.to_string());
        let watching = Box::pin(async move {
            if let Ok(Answer::Failed(error)) = answer.await {
                system.dead_letter(DeadLetter::new(actor, method.name(), error));
            }
        });
        // Without a runtime there was none to run the method either.
        let _ = self.execute(watching);
        Ok(())
    }

    fn remote_stop(&self, target: &ActorId) {
        if let Ok(actor) = self.local(target) {
            actor.stop();
        }
    }

    fn remote_terminated(&self, target: &ActorId) -> BoxFuture<'static, Terminated> {
        match self.local(target) {
            Ok(actor) => {
                let ended = actor.terminated();
                drop(actor);
                Box::pin(ended)
            }
            Err(_) => Box::pin(std::future::ready(Terminated::NoSuchActor)),
        }
    }

    fn remote_link(&self, target: &ActorId, from: &ActorId, signal: LinkSignal) {
        if let Ok(actor) = self.local(target) {
            actor.link_signal(*from, signal);
        }
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.observe(|| Observed::DeadLetter(letter));
    }

    fn unguarded(&self) -> Self {
        Self { inner: self.inner.clone(), guard: None }
    }
}

impl Default for LoopbackSystem {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LoopbackSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopbackSystem").field("node", &self.inner.node).finish_non_exhaustive()
    }
}

/// No user code runs under these locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
