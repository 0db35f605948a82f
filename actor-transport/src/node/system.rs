//! The node as an actor system.

use std::{
    future::poll_fn,
    marker::PhantomData,
    ops::Deref,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use actor_core::{
    ActorId, ActorSystem, BoxFuture, CallError, CallScope, Callable, DeadLetter, DistributedActor, EncodeBuffer,
    LinkSignal, Local, MethodInfo, NodeId, Postcard, RemoteCall, Reply, Settings, SystemError, Terminated, WeakLocal,
    contain,
};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    Node,
    inner::{Inner, now},
    invocation::{NodeDecoder, NodeEncoder, note_reference},
    link::Link,
    reply::NodeReply,
    reply_cell::{Found, ReplyCell},
    serve::{LINK, LOOKUP, NODE_INSTANCE, STOP},
};
use crate::{
    Address,
    protocol::{CallKey, CastKey, MethodKey, OutgoingCall, ReplyBody},
};

impl ActorSystem for Node {
    type ActorId = ActorId;
    type Requirement = Postcard;
    type Encoder = NodeEncoder;
    type Decoder = NodeDecoder;
    type ResultHandler = NodeReply;
    type Error = SystemError;

    fn assign_id<A: DistributedActor<System = Self>>(&self) -> ActorId {
        ActorId::new(self.inner.id, self.inner.mint_instance())
    }

    fn actor_ready<A: DistributedActor<System = Self>>(&self, id: &ActorId, actor: WeakLocal<A>) {
        if let Some(actor) = actor.erase() {
            self.inner.actors.insert(id.instance(), actor);
        }
    }

    fn resign_id(&self, id: &ActorId) {
        self.inner.actors.remove(id.instance());
        self.inner.kept.forget(id.instance());
        self.inner.spawned.forget(id.instance());
    }

    fn resolve<A: Callable<System = Self> + ?Sized + 'static>(
        &self,
        id: &ActorId,
    ) -> Result<Option<Local<A>>, SystemError> {
        if id.node() == self.inner.id {
            let wrong =
                || SystemError::WrongType { actor: id.to_string().into(), expected: std::any::type_name::<A>().into() };
            return self.inner.local(id)?.downcast().ok_or_else(wrong).map(Some);
        }
        if self.inner.peers.knows(id.node()) { Ok(None) } else { Err(SystemError::UnknownNode { node: id.node() }) }
    }

    fn make_invocation_encoder(&self) -> NodeEncoder {
        NodeEncoder::default()
    }

    fn remote_call<R: Reply<Postcard>>(
        &self,
        target: &ActorId,
        method: &'static MethodInfo,
        invocation: NodeEncoder,
        call: RemoteCall,
    ) -> impl Future<Output = Result<R::Value, CallError<R::Error>>> + Send {
        Calling::<R> {
            node: self,
            target: *target,
            method,
            begin: Some((invocation, call)),
            reply: None,
            value: PhantomData,
        }
    }

    async fn remote_call_void(
        &self,
        target: &ActorId,
        method: &'static MethodInfo,
        invocation: NodeEncoder,
        call: RemoteCall,
    ) -> Result<(), SystemError> {
        let link = self.link_to(target, method, &invocation)?;
        let outgoing = outgoing(target.instance(), key_of(method), &call, &[]);
        let key = link
            .with(|session| session.cast(now(), &outgoing, invocation.body))
            .map_err(|error| name_method(error, method))?;
        PendingCast { link: &link, key: Some(key) }.await
    }

    fn remote_stop(&self, target: &ActorId) {
        self.inner.tell_node(target.node(), STOP, &target.instance());
    }

    fn remote_terminated(&self, target: &ActorId) -> BoxFuture<'static, Terminated> {
        let (node, target) = (self.clone(), *target);
        Box::pin(async move { node.inner.watch(target).await })
    }

    fn remote_link(&self, target: &ActorId, from: &ActorId, signal: LinkSignal) {
        if target.node() != self.inner.id {
            self.inner.tell_node(target.node(), LINK, &(target.instance(), *from, signal));
        } else if let Ok(actor) = self.inner.local(target) {
            actor.link_signal(*from, signal);
        }
    }

    fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    fn execute(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.inner.run(task);
        Ok(())
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        let _runtime = self.inner.runtime.enter();
        Box::pin(tokio::time::sleep_until(deadline.into()))
    }

    fn mint_call_id(&self) -> u64 {
        self.inner.mint_call()
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.inner.dead_letter(&letter);
    }

    fn unguarded(&self) -> Self {
        Self::without_guard(self.inner.clone())
    }

    fn reference_encoded(&self, id: &ActorId) {
        if id.node() != self.inner.id {
            note_reference(id);
        }
    }
}

impl Node {
    /// The link that a call of `target` goes over, with the nodes introduced that its arguments refer to.
    fn link_to(
        &self,
        target: &ActorId,
        method: &'static MethodInfo,
        invocation: &NodeEncoder,
    ) -> Result<ToLink<'_>, SystemError> {
        if let Some(why) = &invocation.failed {
            return Err(SystemError::Unencodable { method: method.name().into(), why: why.clone() });
        }
        let link = match self.known_link(target.node()) {
            Some(link) => ToLink::Known(link),
            None => ToLink::Found(self.find_link(target, method)?),
        };
        self.inner.introduce(&link, &invocation.references);
        Ok(link)
    }

    fn find_link(&self, target: &ActorId, method: &'static MethodInfo) -> Result<Arc<Link>, SystemError> {
        if target.node() == self.inner.id {
            // A reference to an actor that has ended, or is of another type.
            return Err(match self.inner.local(target)?.method(method.hash()) {
                Some(_) => SystemError::UnknownActor { actor: target.to_string().into() },
                None => SystemError::UnknownMethod { method: method.name().into() },
            });
        }
        let link = self.inner.link_by_id(target.node())?;
        self.remember_link(&link);
        Ok(link)
    }
}

/// A link, counted only where the handle does not hold it.
pub(super) enum ToLink<'a> {
    Known(&'a Link),
    Found(Arc<Link>),
}

impl Deref for ToLink<'_> {
    type Target = Link;

    #[inline]
    fn deref(&self) -> &Link {
        match self {
            Self::Known(link) => link,
            Self::Found(link) => link,
        }
    }
}

impl Inner {
    pub(super) fn link_by_id(self: &Arc<Self>, node: NodeId) -> Result<Arc<Link>, SystemError> {
        self.peers.link(self, node)
    }

    /// Tells a node something that nobody waits for the answer of.
    fn tell_node<T>(self: &Arc<Self>, node: NodeId, method: &'static str, value: &T)
    where
        Postcard: actor_core::Codec<T>,
    {
        let Ok(link) = self.link_by_id(node) else { return };
        let mut body = EncodeBuffer::new();
        if encode(value, &mut body, method).is_err() {
            return;
        }
        let call = RemoteCall::new(self.settings.call_timeout);
        let outgoing = outgoing(NODE_INSTANCE, node_method(method), &call, &[]);
        // Sent in order with what was said before it. A task waits until it is handed over, so that it is not cancelled.
        let Ok(key) = link.with(|session| session.cast(now(), &outgoing, body)) else { return };
        self.run(Box::pin(async move {
            let _ = PendingCast { link: &link, key: Some(key) }.await;
        }));
    }

    /// Tells the peer where the nodes can be reached that a message to it refers to.
    pub(super) fn introduce(&self, link: &Link, nodes: &[NodeId]) {
        for node in nodes {
            if *node != link.peer() && *node != self.id {
                let addresses: Vec<_> = self.peers.addresses(*node).iter().map(Address::to_string).collect();
                link.with(|session| session.introduce(*node, &addresses));
            }
        }
    }

    /// Looks a name up on the node at `address`.
    pub(super) fn lookup<'a>(
        self: &'a Arc<Self>,
        address: &'a Address,
        name: &'a str,
    ) -> BoxFuture<'a, Result<ActorId, SystemError>> {
        Box::pin(self.named_at(address, name))
    }

    async fn named_at(self: &Arc<Self>, address: &Address, name: &str) -> Result<ActorId, SystemError> {
        let unknown = || SystemError::UnknownName { name: name.into() };
        let here = || self.kept.named(name).ok_or_else(unknown);
        if self.is_at(address) {
            return here();
        }
        let call = RemoteCall::new(self.settings.call_timeout);
        let link = match tokio::time::timeout(call.timeout, self.link_at(address)).await {
            Ok(Ok(link)) => link,
            Ok(Err(_)) if self.is_at(address) => return here(),
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(call.deadline_passed(actor_core::Outcome::NotExecuted)),
        };
        let mut body = EncodeBuffer::new();
        encode(&name.to_owned(), &mut body, LOOKUP)?;
        let outgoing = outgoing(NODE_INSTANCE, node_method(LOOKUP), &call, &[]);
        let reply = match begin(link, &outgoing, body).await {
            Ok(mut pending) => poll_fn(|cx| pending.poll(cx)).await,
            Err(ended) => ended,
        };
        match reply? {
            ReplyBody::Value(body) => postcard::from_bytes(&body)
                .map_err(|error| SystemError::BadReply { method: LOOKUP.into(), why: error.to_string().into() }),
            ReplyBody::Thrown(_) => {
                Err(SystemError::BadReply { method: LOOKUP.into(), why: "it has no error of its own".into() })
            }
        }
    }

    async fn watch(self: &Arc<Self>, target: ActorId) -> Terminated {
        /// Waits for the end; dropped before, it tells the peer that nobody waits any more.
        struct Watch<'a> {
            link: &'a Link,
            instance: u64,
            ended: Option<oneshot::Receiver<Terminated>>,
        }
        impl Drop for Watch<'_> {
            fn drop(&mut self) {
                drop(self.ended.take());
                let Self { link, instance, .. } = *self;
                link.watches.remove_closed(instance, || link.with(|session| session.unwatch(instance)));
            }
        }

        if target.node() == self.id {
            return match self.local(&target) {
                Ok(actor) => {
                    let ended = actor.terminated();
                    drop(actor);
                    ended.await
                }
                Err(_) => Terminated::NoSuchActor,
            };
        }
        let link = match self.link_by_id(target.node()) {
            Ok(link) => link,
            Err(error) => return not_reached(target.node(), &error),
        };
        let instance = target.instance();
        let ended = match link.watches.add(instance, || link.with(|session| session.watch(instance))) {
            Ok(ended) => ended,
            Err(error) => return not_reached(target.node(), &error),
        };
        let mut watch = Watch { link: &link, instance, ended: Some(ended) };
        match watch.ended.as_mut() {
            Some(ended) => ended.await.unwrap_or_else(|_| not_reached(target.node(), &SystemError::ShuttingDown)),
            None => Terminated::NoSuchActor,
        }
    }
}

fn not_reached(node: NodeId, error: &SystemError) -> Terminated {
    Terminated::NodeLost(actor_core::NetworkError::new(node, error.to_string()))
}

pub(super) fn encode<T>(value: &T, body: &mut EncodeBuffer, method: &str) -> Result<(), SystemError>
where
    Postcard: actor_core::Codec<T>,
{
    <Postcard as actor_core::Codec<T>>::encode(value, body)
        .map_err(|error| SystemError::Unencodable { method: method.into(), why: error.to_string().into() })
}

/// Decodes all of a reply. The user's `Deserialize` runs here on what a peer has sent: a panic of it is a bad reply, and
/// not the caller's.
pub(super) fn decode<T>(
    mut body: Bytes,
    decode: impl FnOnce(&mut Bytes) -> Result<T, actor_core::CodecError>,
) -> Result<T, Box<str>> {
    match contain(|| decode(&mut body)) {
        Ok(Ok(value)) => match body.len() {
            0 => Ok(value),
            left => Err(format!("{left} bytes are left behind it").into()),
        },
        Ok(Err(error)) => Err(error.to_string().into()),
        Err(_) => Err("a `Deserialize` impl panicked".into()),
    }
}

pub(super) fn key_of(method: &'static MethodInfo) -> MethodKey<'static> {
    MethodKey { hash: method.hash(), name: method.name(), signature: method.signature() }
}

/// What a node itself can be asked has no signature.
fn node_method(name: &'static str) -> MethodKey<'static> {
    MethodKey { hash: MethodInfo::hash_of(name), name, signature: "" }
}

pub(super) fn outgoing<'a>(
    instance: u64,
    method: MethodKey<'a>,
    call: &RemoteCall,
    chain: &'a [u8],
) -> OutgoingCall<'a> {
    OutgoingCall {
        instance,
        method,
        deadline: call.deadline,
        timeout: call.timeout,
        trace: call.trace.map(|trace| trace.to_bytes()),
        chain,
    }
}

pub(super) fn encode_chain(parent: Option<&CallScope>) -> Vec<u8> {
    // A chain is a list of texts and numbers: encoding it cannot fail.
    parent.map(|parent| postcard::to_allocvec(&parent.to_links()).unwrap_or_default()).unwrap_or_default()
}

/// The protocol does not always know a method's name.
fn name_method(error: SystemError, method: &'static MethodInfo) -> SystemError {
    match error {
        SystemError::Unencodable { why, .. } => SystemError::Unencodable { method: method.name().into(), why },
        error => error,
    }
}

/// A call from its beginning to its decoded reply. A structure, and no `async fn`, which would hold the arguments and
/// the link several times over.
struct Calling<'a, R> {
    node: &'a Node,
    target: ActorId,
    method: &'static MethodInfo,
    /// What is sent at the first poll.
    begin: Option<(NodeEncoder, RemoteCall)>,
    reply: Option<PendingReply<'a>>,
    value: PhantomData<fn() -> R>,
}

impl<R: Reply<Postcard>> Future for Calling<'_, R> {
    type Output = Result<R::Value, CallError<R::Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match &mut self.reply {
            Some(reply) => reply.poll(cx),
            None => self.begin(cx),
        };
        let reply = ready!(polled).map_err(|error| CallError::System(name_method(error, self.method)))?;
        let Some(link) = self.reply.as_ref().map(|reply| &*reply.link) else {
            return Poll::Ready(Err(CallError::System(SystemError::Cancelled)));
        };
        Poll::Ready(decode_reply::<R>(reply, self.method, link))
    }
}

impl<R> Calling<'_, R> {
    fn begin(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyBody, SystemError>> {
        let Some((invocation, call)) = self.begin.take() else { return Poll::Ready(Err(SystemError::Cancelled)) };
        let link = self.node.link_to(&self.target, self.method, &invocation)?;
        let chain = encode_chain(call.parent.as_ref());
        let outgoing = outgoing(self.target.instance(), key_of(self.method), &call, &chain);
        match PendingReply::begin(link, &outgoing, invocation.body, cx) {
            Ok(pending) => {
                self.reply = Some(pending);
                Poll::Pending
            }
            Err(ended) => Poll::Ready(ended),
        }
    }
}

fn decode_reply<R: Reply<Postcard>>(
    reply: ReplyBody,
    method: &'static MethodInfo,
    link: &Link,
) -> Result<R::Value, CallError<R::Error>> {
    let decoded = match reply {
        ReplyBody::Value(body) => decode(body, |body| R::decode_value(body, &link.context)).map(Ok),
        ReplyBody::Thrown(body) => decode(body, |body| R::decode_error(body, &link.context)).map(Err),
    };
    match decoded {
        Ok(result) => result.map_err(CallError::Actor),
        Err(why) => Err(CallError::System(SystemError::BadReply { method: method.name().into(), why })),
    }
}

/// Begins a call of which the link is known. An error is what it came to at once.
pub(super) async fn begin(
    link: Arc<Link>,
    call: &OutgoingCall<'_>,
    body: EncodeBuffer,
) -> Result<PendingReply<'static>, Result<ReplyBody, SystemError>> {
    let mut begin = Some((link, body));
    poll_fn(|cx| match begin.take() {
        Some((link, body)) => Poll::Ready(PendingReply::begin(ToLink::Found(link), call, body, cx)),
        None => Poll::Ready(Err(Err(SystemError::Cancelled))),
    })
    .await
}

/// The wait for the reply of a call; dropped before its end, it cancels the call.
pub(super) struct PendingReply<'a> {
    link: ToLink<'a>,
    key: Option<CallKey>,
    cell: Arc<ReplyCell>,
}

impl<'a> PendingReply<'a> {
    /// Sends the call. An error is what it came to at once.
    pub(super) fn begin(
        link: ToLink<'a>,
        call: &OutgoingCall<'_>,
        body: EncodeBuffer,
        cx: &mut Context<'_>,
    ) -> Result<Self, Result<ReplyBody, SystemError>> {
        let cell = Arc::new(ReplyCell::new(cx.waker().clone()));
        // Not asked of the clock, which takes longer.
        let begun = call.deadline.checked_sub(call.timeout).unwrap_or_else(now);
        let (key, polled) = link.submit(|session| match session.call(begun, call, body) {
            Ok(key) => (Some(key), session.deliver_to(key, &cell)),
            Err(error) => (None, Poll::Ready(Err(error))),
        });
        match polled {
            Poll::Pending => Ok(Self { link, key, cell }),
            Poll::Ready(reply) => Err(reply),
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyBody, SystemError>> {
        let Some(key) = self.key else { return Poll::Ready(Err(SystemError::Cancelled)) };
        let reply = match ready!(self.cell.poll(cx.waker())) {
            Found::Reply(reply) => {
                self.link.taken();
                Ok(reply)
            }
            Found::Ended => ready!(self.link.exchange(|session| session.poll_reply(key, cx.waker()))),
        };
        self.key = None;
        Poll::Ready(reply)
    }
}

impl Drop for PendingReply<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            if self.cell.abandon() {
                self.link.taken();
            }
            self.link.with(|session| session.cancel(now(), key));
        }
    }
}

/// Waits until a cast is handed over; dropped before, it is taken back.
struct PendingCast<'a> {
    link: &'a Link,
    key: Option<CastKey>,
}

impl Future for PendingCast<'_> {
    type Output = Result<(), SystemError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(key) = self.key else { return Poll::Ready(Err(SystemError::Cancelled)) };
        let polled = self.link.peek(|session| session.poll_cast(key, cx.waker()));
        if polled.is_ready() {
            self.key = None;
        }
        polled
    }
}

impl Drop for PendingCast<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.link.with(|session| session.cancel_cast(now(), key));
        }
    }
}
