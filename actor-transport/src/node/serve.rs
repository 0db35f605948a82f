//! What a peer asks for: calls of this node's actors, and news of their ends.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use actor_core::{
    ActorId, AnyLocal, CallScope, ChainLink, IncomingCall, LinkSignal, MethodInfo, SystemError, Terminated,
    TraceParent, WeakAnyLocal,
};
use bytes::Bytes;

use super::{
    Node,
    actors::Shard,
    construct::construct,
    inner::{Inner, Stage},
    invocation::NodeDecoder,
    link::Link,
    reader::Budget,
    reply::{NodeReply, Origin},
};
use crate::protocol::{CloseReason, Event, InboundCall, InboundKey, RemoteMethod, Session};

/// Actors that a reader remembers; then it forgets all and begins anew.
const ACTORS_MAX: usize = 1024;

/// Longest that an actor says of itself to one that it is linked to, in bytes.
const LINK_LENGTH_MAX: usize = 8192;

/// The number that stands for the node itself.
pub(super) const NODE_INSTANCE: u64 = 0;

/// One connection's view of this node's actors.
pub(super) struct Serving {
    inner: Arc<Inner>,
    link: Arc<Link>,
    events: VecDeque<Event>,
    /// The actors that this peer has called, so that calling one again needs no lock.
    actors: Shard,
    /// The actor that was called last in this round: most calls go where the one before went.
    last: Option<(u64, AnyLocal<Node>)>,
    /// The methods that were compared: the peer's description and ours.
    checked: Vec<(Arc<RemoteMethod>, &'static MethodInfo)>,
}

/// Methods that a reader remembers to have compared.
const CHECKED_MAX: usize = 64;

impl Serving {
    pub(super) fn new(inner: Arc<Inner>, link: Arc<Link>) -> Self {
        Self { inner, link, events: VecDeque::new(), actors: Shard::default(), last: None, checked: Vec::new() }
    }

    /// Takes the events out of the session, while it is locked.
    pub(super) fn take_events(&mut self, session: &mut Session) {
        session.take_events(&mut self.events);
    }

    /// Whether only replies have come.
    pub(super) fn has_nothing(&self) -> bool {
        self.events.is_empty()
    }

    /// Learns where the nodes can be reached that what has arrived refers to, before anything else is done with it.
    pub(super) fn learn(&self) {
        for event in &self.events {
            if let Event::Introduced { node, addresses } = event
                && *node != self.inner.id
            {
                self.inner.peers.hear(*node, addresses.iter().filter_map(|address| address.parse().ok()));
            }
        }
    }

    pub(super) fn serve(&mut self, now: Instant, budget: &mut Budget) -> Result<(), CloseReason> {
        let inner = self.inner.clone();
        let _runtime = inner.enter_users_runtime();
        let mut events = std::mem::take(&mut self.events);
        let link = self.link.clone();
        let round = link.rank.begin();
        // What was called and cancelled while this node did not read, or was stopped, does not begin.
        let mut cancelled: Vec<InboundKey> =
            events.iter().filter_map(|event| if let Event::Cancel(key) = event { Some(*key) } else { None }).collect();
        cancelled.sort_unstable();
        let half = Session::half(events.len());
        for (index, event) in events.drain(..).enumerate() {
            if Some(index) == half {
                self.link.flush_now();
            }
            match event {
                Event::Call(key, call) if cancelled.binary_search(&key).is_ok() => {
                    NodeReply::new(self.link.clone(), Origin::Call(key), call.instance, call.method)
                        .fail(SystemError::Cancelled);
                }
                // The peer has its answers no more, and may be calling over its next connection already: what is left of this
                // one would come behind that.
                Event::Call(..) | Event::Cast(..) if !round.is_last() || self.link.is_closed() => {}
                Event::Call(key, call) => self.call(Origin::Call(key), call, now, budget),
                Event::Cast(key, call) => self.call(Origin::Cast(Some(key)), call, now, budget),
                Event::Cancel(key) => self.link.cancel(key),
                Event::Watch { instance } => self.watch(instance),
                Event::Unwatch { instance } => self.link.watches.stop_serving(instance),
                Event::Terminated { instance, how } => self.link.watches.ended(instance, &how),
                // Who may not take part is not told: it is as if nobody listened.
                Event::System(payload) if self.link.may_ask(GOSSIP).is_ok() => {
                    self.inner.inbox.message(self.link.peer(), payload, &self.inner.limits);
                }
                Event::Goodbye(goodbye) => return Err(CloseReason::PeerGoodbye(goodbye)),
                _ => {}
            }
        }
        self.events = events;
        // It keeps the actor alive.
        self.last = None;
        Ok(())
    }

    fn call(&mut self, origin: Origin, call: InboundCall, now: Instant, budget: &mut Budget) {
        let InboundCall { instance, method, remaining, trace, chain: links, body, .. } = call;
        let reply = NodeReply::new(self.link.clone(), origin, instance, method);
        if self.inner.stage() != Stage::Running {
            return reply.fail(SystemError::ShuttingDown);
        }
        if self.inner.is_full() {
            return reply
                .fail(SystemError::Overloaded { what: "the node holds as many bytes of calls as it may".into() });
        }
        if instance == NODE_INSTANCE && [LOOKUP, STOP, LINK].contains(&&*reply.method().name) {
            let method = reply.method().clone();
            return self.call_node(&method.name, body, reply);
        }
        let parent = match chain(&links, &self.link) {
            Ok(parent) => parent,
            Err(error) => return reply.fail(error),
        };
        let mut incoming = IncomingCall::arrived(now, remaining);
        incoming.parent = parent;
        incoming.trace = trace.as_ref().and_then(TraceParent::from_bytes);
        incoming.inline = self.inner.inline && budget.allows();
        let key = reply.key();
        let decoder = NodeDecoder::new(body, self.link.context.clone());
        if instance == NODE_INSTANCE {
            return construct(&self.inner, &self.link, decoder, reply, incoming);
        }
        let (actor, info) = match self.target(instance, reply.method()) {
            Ok(target) => target,
            Err(error) => return reply.fail(error),
        };
        if let (Some(token), Some(key)) = (actor.execute(info, decoder, reply, incoming), key) {
            self.link.running(key, token);
        }
    }

    /// The actor and its method, with the peer's idea of it checked against ours.
    fn target(
        &mut self,
        instance: u64,
        method: &Arc<RemoteMethod>,
    ) -> Result<(&AnyLocal<Node>, &'static MethodInfo), SystemError> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != instance) {
            self.last = Some((instance, self.actor(instance)?));
        }
        let info = self.last.as_ref().and_then(|(_, actor)| actor.method(method.hash));
        let Some(info) = info else {
            return Err(SystemError::UnknownMethod { method: method.name.clone() });
        };
        if !self.is_checked(method, info) {
            self.check(method, info)?;
        }
        self.link.may_call(info)?;
        match &self.last {
            Some((_, actor)) => Ok((actor, info)),
            None => Err(SystemError::UnknownMethod { method: method.name.clone() }),
        }
    }

    fn actor(&mut self, instance: u64) -> Result<AnyLocal<Node>, SystemError> {
        if let Some(actor) = self.actors.get(&instance).and_then(WeakAnyLocal::upgrade) {
            return Ok(actor);
        }
        let Some(actor) = self.inner.actors.get(instance) else {
            self.actors.remove(&instance);
            let actor = ActorId::new(self.inner.id, instance).to_string().into();
            return Err(SystemError::UnknownActor { actor });
        };
        if self.actors.len() >= ACTORS_MAX {
            self.actors.clear();
        }
        self.actors.insert(instance, actor.downgrade());
        Ok(actor)
    }

    /// Compares the peer's idea of a method with ours, once.
    fn check(&mut self, method: &Arc<RemoteMethod>, info: &'static MethodInfo) -> Result<(), SystemError> {
        if *info.name() != *method.name {
            return Err(SystemError::UnknownMethod { method: method.name.clone() });
        }
        if *info.signature() != *method.signature {
            return Err(SystemError::SignatureMismatch {
                method: method.name.clone(),
                ours: method.signature.clone(),
                theirs: info.signature().into(),
            });
        }
        if self.checked.len() >= CHECKED_MAX {
            self.checked.clear();
        }
        self.checked.push((method.clone(), info));
        Ok(())
    }

    fn is_checked(&self, method: &Arc<RemoteMethod>, info: &'static MethodInfo) -> bool {
        self.checked.iter().any(|(known, with)| Arc::ptr_eq(known, method) && std::ptr::eq(*with, info))
    }

    /// What a node itself can be asked.
    fn call_node(&self, method: &str, body: Bytes, reply: NodeReply) {
        if let Err(error) = self.link.may_ask(method) {
            return reply.fail(error);
        }
        let bad = |why: String| SystemError::BadArguments { method: method.into(), why: why.into() };
        match method {
            LOOKUP => match postcard::from_bytes::<String>(&body) {
                Ok(name) => match self.inner.kept.named(&name) {
                    Some(id) => reply.encoded(&id),
                    None => reply.fail(SystemError::UnknownName { name: name.into() }),
                },
                Err(error) => reply.fail(bad(error.to_string())),
            },
            STOP => match postcard::from_bytes::<u64>(&body) {
                Ok(instance) => {
                    if let Some(actor) = self.inner.actors.get(instance) {
                        actor.stop();
                    }
                    reply.encoded(&());
                }
                Err(error) => reply.fail(bad(error.to_string())),
            },
            LINK if body.len() > LINK_LENGTH_MAX => {
                reply.fail(bad(format!("it is longer than {LINK_LENGTH_MAX} bytes")))
            }
            LINK => match postcard::from_bytes::<(u64, ActorId, LinkSignal)>(&body) {
                // Nobody speaks for the actors of others.
                Ok((_, from, _)) if from.node() != self.link.peer() => {
                    reply.fail(bad(format!("{from} does not live on node {}", self.link.peer())));
                }
                Ok((instance, from, signal)) => {
                    if let Some(actor) = self.inner.actors.get(instance) {
                        actor.link_signal(from, signal);
                    }
                    reply.encoded(&());
                }
                Err(error) => reply.fail(bad(error.to_string())),
            },
            _ => reply.fail(SystemError::UnknownMethod { method: method.into() }),
        }
    }

    fn watch(&self, instance: u64) {
        let link = self.link.clone();
        // Who may not watch learns no more than of an actor that is not there.
        match self.inner.actors.get(instance).filter(|_| link.may_ask(WATCH).is_ok()) {
            None => link.with(|session| session.terminated(instance, Terminated::NoSuchActor)),
            Some(actor) => {
                let ended = actor.terminated();
                drop(actor);
                let task = self.inner.run(Box::pin(async move {
                    let how = ended.await;
                    link.with(|session| session.terminated(instance, how));
                }));
                self.link.watches.serve(instance, task.abort_handle());
            }
        }
    }
}

/// Names of what a node itself can be asked (`docs/protocol.md`, section 5).
pub(super) const LOOKUP: &str = "distributed_actor::Node::lookup";
pub(super) const STOP: &str = "distributed_actor::Node::stop";
pub(super) const LINK: &str = "distributed_actor::Node::link";
/// Watching an actor is a frame of its own; for the hook it has a name.
pub(super) const WATCH: &str = "distributed_actor::Node::watch";
/// So are messages for the membership.
pub(super) const GOSSIP: &str = "distributed_actor::Node::gossip";

/// The chain of calls that came with a call.
fn chain(encoded: &[u8], link: &Link) -> Result<Option<CallScope>, SystemError> {
    if encoded.is_empty() {
        return Ok(None);
    }
    let links: Vec<ChainLink> = postcard::from_bytes(encoded).map_err(|error| SystemError::BadArguments {
        method: "the chain of calls".into(),
        why: error.to_string().into(),
    })?;
    Ok(CallScope::from_links(links, Some(link.peer())))
}
