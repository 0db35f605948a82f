//! Starting actors on other nodes.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actor_core::{
    ActorId, ActorRef, ActorSystem, CallError, DistributedActor, InvocationEncoder, NodeId, RemoteCall, Spawn,
    SpawnSystem, SystemError,
};

use super::{
    Node,
    construct::{Reserved, Wanted},
    inner::{Inner, Stage},
    invocation::{NodeDecoder, NodeEncoder},
    serve::NODE_INSTANCE,
    system::{PendingReply, begin, decode, encode_chain, key_of, outgoing},
};
use crate::protocol::ReplyBody;

impl Node {
    /// Starts an actor on a node by one of its constructors, which is marked `#[distributed(spawn)]`. The actor lives
    /// there until it is stopped, or, if it is [owned](Spawn::owned), until this node ends.
    ///
    /// The id of this node will do as well: then nothing goes through a connection. The arguments are encoded and
    /// decoded all the same, so that they arrive as they would elsewhere.
    ///
    /// # Errors
    /// - The constructor's own error.
    /// - [`SystemError::UnknownConstructor`] if the program of that node has no such constructor,
    ///   [`SystemError::SignatureMismatch`] if it takes something else there.
    /// - [`SystemError::NameTaken`] if the actor shall have a name that another one has.
    /// - [`SystemError::Panicked`], [`SystemError::Network`] if the node was lost meanwhile, and whatever else a call
    ///   can fail with. Where the outcome is `Unknown` the actor may have been started: one that is owned ends with
    ///   this node at the latest.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, the actor is stopped as soon as it has been started.
    pub async fn spawn_on<A: DistributedActor<System = Self>, E: Send + 'static>(
        &self,
        node: NodeId,
        spawn: Spawn<A, E>,
    ) -> Result<ActorRef<A>, CallError<E>> {
        let call = spawn.open(self).map_err(CallError::System)?;
        if node == self.inner.id {
            self.spawn_here(&spawn, call).await
        } else {
            self.spawn_there(node, &spawn, call).await
        }
    }

    async fn spawn_here<A: DistributedActor<System = Self>, E: Send + 'static>(
        &self,
        spawn: &Spawn<A, E>,
        call: RemoteCall,
    ) -> Result<ActorRef<A>, CallError<E>> {
        let unless_closed = || match self.inner.stage() {
            Stage::Closed => Err(CallError::System(SystemError::ShuttingDown)),
            Stage::Running | Stage::Draining => Ok(()),
        };
        unless_closed()?;
        let name = spawn.name().map(|name| Reserved::new(&self.inner, name.into()));
        let name = name.transpose().map_err(CallError::System)?;
        let NodeEncoder { body, .. } = recorded(spawn, NodeEncoder::default()).map_err(CallError::System)?;
        let decoder = NodeDecoder::new(body.into_bytes(), self.inner.decode_context());
        let actor = spawn.start_here(self, decoder, call).await?;
        let local = self.inner.local(actor.id()).map_err(CallError::System)?;
        if let Some(name) = name {
            name.register(actor.id(), local).map_err(CallError::System)?;
        }
        self.retain(&actor).map_err(CallError::System)?;
        unless_closed()?;
        Ok(actor)
    }

    async fn spawn_there<A: DistributedActor<System = Self>, E: Send + 'static>(
        &self,
        node: NodeId,
        spawn: &Spawn<A, E>,
        call: RemoteCall,
    ) -> Result<ActorRef<A>, CallError<E>> {
        let constructor = spawn.constructor();
        let mut encoder = NodeEncoder::default();
        let wanted = Wanted { name: spawn.name().map(Into::into), owner: spawn.owner() };
        encoder.record_argument(&wanted).map_err(CallError::System)?;
        let NodeEncoder { body, references, .. } = recorded(spawn, encoder).map_err(CallError::System)?;
        let link = self.inner.link_by_id(node).map_err(CallError::System)?;
        self.inner.introduce(&link, &references);
        let chain = encode_chain(call.parent.as_ref());
        let outgoing = outgoing(NODE_INSTANCE, key_of(constructor), &call, &chain);
        let bad = |why| CallError::System(SystemError::BadReply { method: constructor.name().into(), why });
        let reply = match begin(link.clone(), &outgoing, body).await {
            Ok(reply) => Starting { inner: self.inner.clone(), reply: Some(reply) }.await,
            Err(ended) => ended,
        };
        match reply.map_err(CallError::System)? {
            ReplyBody::Value(body) => {
                let id = decode(body, |body| spawn.decode_id(body, &link.context)).map_err(bad)?;
                if id.node() != node {
                    return Err(bad("it is an actor of another node".into()));
                }
                self.resolve(&id).map_err(CallError::System)
            }
            ReplyBody::Thrown(body) => {
                Err(CallError::Actor(decode(body, |body| spawn.decode_error(body, &link.context)).map_err(bad)?))
            }
        }
    }
}

impl SpawnSystem for Node {
    type Node = NodeId;

    fn this_node(&self) -> NodeId {
        self.id()
    }

    fn node_of(id: &ActorId) -> NodeId {
        id.node()
    }

    fn is_shutting_down(&self) -> bool {
        self.inner.stage() != Stage::Running
    }

    fn reread(&self, invocation: NodeEncoder) -> Result<NodeDecoder, SystemError> {
        match invocation.failed {
            Some(why) => Err(SystemError::Unencodable { method: "a constructor".into(), why }),
            None => Ok(NodeDecoder::new(invocation.body.into_bytes(), self.inner.decode_context())),
        }
    }

    async fn spawn_on<A: DistributedActor<System = Self>, E: Send + 'static>(
        &self,
        node: NodeId,
        spawn: Spawn<A, E>,
    ) -> Result<ActorRef<A>, CallError<E>> {
        self.spawn_on(node, spawn).await
    }
}

/// Records the arguments behind what is recorded already.
fn recorded<A: DistributedActor<System = Node>, E: Send + 'static>(
    spawn: &Spawn<A, E>,
    mut encoder: NodeEncoder,
) -> Result<NodeEncoder, SystemError> {
    spawn.record(&mut encoder)?;
    match &encoder.failed {
        Some(why) => Err(SystemError::Unencodable { method: spawn.constructor().name().into(), why: why.clone() }),
        None => Ok(encoder),
    }
}

/// The wait for the id of an actor that is started elsewhere; dropped before its end, it has the actor stopped.
struct Starting {
    inner: Arc<Inner>,
    /// None once it has come.
    reply: Option<PendingReply<'static>>,
}

impl Future for Starting {
    type Output = Result<ReplyBody, SystemError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(reply) = &mut self.reply else { return Poll::Ready(Err(SystemError::Cancelled)) };
        let reply = ready!(reply.poll(cx));
        self.reply = None;
        Poll::Ready(reply)
    }
}

impl Drop for Starting {
    /// A start that was cancelled could cross the news that it has succeeded, and the actor would run for nobody: so a
    /// task waits for the news. The call's deadline bounds it.
    fn drop(&mut self) {
        let Some(mut reply) = self.reply.take() else { return };
        let node = Node::without_guard(self.inner.clone());
        self.inner.run(Box::pin(async move {
            if let Ok(ReplyBody::Value(body)) = poll_fn(|cx| reply.poll(cx)).await
                && let Ok(id) = postcard::from_bytes::<ActorId>(&body)
            {
                node.remote_stop(&id);
            }
        }));
    }
}
