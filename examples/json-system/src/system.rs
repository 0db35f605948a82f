//! The system: ids, actors, and calls that leave.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use distributed_actor::{
    ActorSystem, AnyLocal, BoxFuture, CallError, CallScope, Callable, CodecError, DeadLetter, DecodeContext,
    DistributedActor, Local, MethodInfo, RemoteCall, Reply, SystemError, Terminated, WeakAnyLocal, WeakLocal,
};

use crate::{
    Json, JsonDecoder, JsonEncoder, JsonReply, SampleError, SampleId,
    asked::Asked,
    codec::to_bytes,
    running::Running,
    wire::{Answer, Invocation, Question, Wire},
};

/// A node on a [`Wire`]. Clones are the same node; it ends with the last of them, those that its actors and references
/// hold included.
#[derive(Clone)]
pub struct JsonSystem {
    inner: Arc<Inner>,
}

struct Inner {
    node: String,
    wire: Wire,
    /// Weakly, so that an actor ends when nobody refers to it.
    actors: Mutex<HashMap<SampleId, WeakAnyLocal<JsonSystem>>>,
    asked: Asked,
    running: Running,
    dead_letters: AtomicU64,
}

impl JsonSystem {
    /// Starts a node in the tokio runtime that this is called in.
    ///
    /// # Errors
    /// [`SampleError::NodeNameTaken`]
    pub fn start(node: &str, wire: &Wire) -> Result<Self, SampleError> {
        let mut incoming = wire.attach(node)?;
        let inner = Arc::new(Inner {
            node: node.into(),
            wire: wire.clone(),
            actors: Mutex::default(),
            asked: Asked::default(),
            running: Running::default(),
            dead_letters: AtomicU64::new(0),
        });
        let weak = Arc::downgrade(&inner);
        tokio::spawn(async move {
            while let (Some(text), Some(inner)) = (incoming.recv().await, weak.upgrade()) {
                Self { inner }.receive(&text);
            }
        });
        Ok(Self { inner })
    }

    /// The node's name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.inner.node
    }

    /// One-way calls of this node's actors that came to nothing.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.inner.dead_letters.load(Ordering::Relaxed)
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.inner.wire
    }

    pub(crate) fn asked(&self) -> &Asked {
        &self.inner.asked
    }

    pub(crate) fn running(&self) -> &Running {
        &self.inner.running
    }

    /// The actor of that id, if it lives here.
    pub(crate) fn local(&self, id: &SampleId) -> Result<AnyLocal<Self>, SampleError> {
        let weak = lock(&self.inner.actors).get(id).cloned();
        let actor = weak.and_then(|weak| weak.upgrade());
        actor.ok_or_else(|| SystemError::UnknownActor { actor: id.to_string().into() }.into())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.wire.detach(&self.node);
    }
}

impl ActorSystem for JsonSystem {
    type ActorId = SampleId;
    type Requirement = Json;
    type Encoder = JsonEncoder;
    type Decoder = JsonDecoder;
    type ResultHandler = JsonReply;
    type Error = SampleError;

    fn assign_id<A: DistributedActor<System = Self>>(&self) -> SampleId {
        SampleId::mint(&self.inner.node)
    }

    fn actor_ready<A: DistributedActor<System = Self>>(&self, id: &SampleId, actor: WeakLocal<A>) {
        if let Some(actor) = actor.erase() {
            lock(&self.inner.actors).insert(id.clone(), actor);
        }
    }

    fn resign_id(&self, id: &SampleId) {
        lock(&self.inner.actors).remove(id);
    }

    fn resolve<A: Callable<System = Self> + ?Sized + 'static>(
        &self,
        id: &SampleId,
    ) -> Result<Option<Local<A>>, SampleError> {
        if id.node != self.inner.node {
            let known = self.inner.wire.has(&id.node);
            return if known { Ok(None) } else { Err(SampleError::UnknownNode(id.node.clone())) };
        }
        let expected = || std::any::type_name::<A>().into();
        let wrong = || SystemError::WrongType { actor: id.to_string().into(), expected: expected() };
        Ok(Some(self.local(id)?.downcast().ok_or_else(wrong)?))
    }

    fn make_invocation_encoder(&self) -> JsonEncoder {
        JsonEncoder::default()
    }

    async fn remote_call<R: Reply<Json>>(
        &self,
        target: &SampleId,
        method: &'static MethodInfo,
        invocation: JsonEncoder,
        call: RemoteCall,
    ) -> Result<R::Value, CallError<R::Error, SampleError>> {
        let question = question(method, invocation, &call).map_err(CallError::System)?;
        let answer = self.ask(target, question, Some(&call)).await.map_err(CallError::System)?;
        let context = DecodeContext::new(self.clone());
        let read = match answer {
            Answer::Value(json) => R::decode_value(&mut to_bytes(json), &context).map(Ok),
            Answer::Thrown(json) => R::decode_error(&mut to_bytes(json), &context).map(Err),
            Answer::Failed(_) | Answer::Ended(_) => Err(CodecError::new("it answers something else")),
        };
        match read {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(thrown)) => Err(CallError::Actor(thrown)),
            Err(error) => {
                let why = error.to_string().into();
                Err(CallError::System(SystemError::BadReply { method: method.name().into(), why }.into()))
            }
        }
    }

    async fn remote_call_void(
        &self,
        target: &SampleId,
        method: &'static MethodInfo,
        invocation: JsonEncoder,
        call: RemoteCall,
    ) -> Result<(), SampleError> {
        self.send(None, target, question(method, invocation, &call)?)
    }

    fn remote_stop(&self, target: &SampleId) {
        // Where its node has gone, the actor has too.
        let _ = self.send(None, target, Question::Stop);
    }

    fn remote_terminated(&self, target: &SampleId) -> BoxFuture<'static, Terminated> {
        let (system, target) = (self.clone(), target.clone());
        Box::pin(async move {
            match system.ask(&target, Question::Watch, None).await {
                Ok(Answer::Ended(how)) => how,
                _ => Terminated::NoSuchActor,
            }
        })
    }

    fn dead_letter(&self, _: DeadLetter) {
        self.inner.dead_letters.fetch_add(1, Ordering::Relaxed);
    }
}

fn question(method: &'static MethodInfo, invocation: JsonEncoder, call: &RemoteCall) -> Result<Question, SampleError> {
    if let Some(error) = invocation.failed {
        return Err(SystemError::Unencodable { method: method.name().into(), why: error.to_string().into() }.into());
    }
    Ok(Question::Call(Invocation {
        method: method.name().into(),
        arguments: invocation.arguments,
        timeout: call.timeout,
        chain: call.parent.as_ref().map(CallScope::to_links).unwrap_or_default(),
        trace: call.trace.map(|trace| trace.to_string()),
    }))
}

/// No user code runs under these locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
