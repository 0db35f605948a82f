//! The one reference type, local or remote.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    pin::Pin,
    task::{Context as TaskContext, Poll, Waker, ready},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    ActorSystem, BoxFuture, Callable, DecodeContext, FailureOf, IdOf, Local, Proxy, Target, Terminated, WeakLocal,
    local::Ended,
};

/// A reference to an actor, wherever it lives.
///
/// It derefs to the proxy that `#[distributed_actor]` generates, so that the actor's methods are called on it.
/// References are equal when their ids are. On the wire a reference is its id; the receiving system resolves it.
///
/// A local reference keeps its actor alive. A remote one does not, and dropping it does nothing.
pub struct ActorRef<A: ?Sized + Callable> {
    methods: A::Methods,
}

impl<A: ?Sized + Callable> ActorRef<A> {
    pub(crate) fn from_target(target: Target<A>) -> Self {
        Self { methods: A::Methods::new(target) }
    }

    pub(crate) fn of_local(local: Local<A>) -> Self {
        Self::from_target(Target::local(local))
    }

    pub(crate) fn of_remote(id: IdOf<A>, system: A::System) -> Self {
        Self::from_target(Target::remote(id, system))
    }

    /// The reference to the actor of that id: local if it lives on this system, else a proxy. Never blocks.
    ///
    /// # Errors
    /// What [`ActorSystem::resolve`] says. That an actor elsewhere has ended shows on the first call.
    pub fn resolve(system: &A::System, id: IdOf<A>) -> Result<Self, FailureOf<A>>
    where
        A: 'static,
    {
        Ok(match system.resolve::<A>(&id)? {
            Some(local) => Self::of_local(local),
            None => Self::of_remote(id, system.clone()),
        })
    }

    /// The actor's id.
    pub fn id(&self) -> &IdOf<A> {
        self.target().id()
    }

    /// The system that calls go through.
    pub fn system(&self) -> &A::System {
        self.target().system()
    }

    /// Whether the actor lives on this system, in this process.
    pub fn is_local(&self) -> bool {
        self.target().as_local().is_some()
    }

    /// Runs `run` on the actor's state when its turn comes, as a call would. `None` if the actor is remote, or has
    /// ended before its turn; and in a method of the actor itself, or one that it waits for, whose turn cannot come before.
    ///
    /// # Cancel safety
    /// Dropped before its turn, it does not run.
    pub async fn when_local<R: Send + 'static>(&self, run: impl FnOnce(&mut A) -> R + Send + 'static) -> Option<R> {
        crate::call::when_local(self.target().as_local()?, run).await
    }

    /// A reference that does not keep the actor alive.
    pub fn downgrade(&self) -> WeakRef<A> {
        let target = self.target();
        WeakRef {
            id: target.id().clone(),
            system: target.system().clone(),
            local: target.as_local().map(Local::downgrade),
        }
    }

    /// Asks the actor to stop, at once and without waiting: the method that runs ends first, what is queued behind it
    /// is answered with `ActorStopped`. Await the result to wait for its end.
    ///
    /// An actor that its supervisor starts again has not ended: its state has, and another one follows. To stop such an actor,
    /// ask its supervisor.
    pub fn stop(&self) -> Termination {
        let target = self.target();
        match target.as_local() {
            Some(local) => {
                local.stop();
                Termination { state: Waiting::Local(local.ended()) }
            }
            None => {
                // The watch goes first: behind the stop it could arrive when the actor is forgotten already.
                let ended = watched(target);
                target.system().remote_stop(target.id());
                ended
            }
        }
    }

    /// Waits until the actor has ended, and says how. Does not keep it alive.
    ///
    /// It is watched from this call on, and not from the first poll: an end in between is told as what it was.
    pub fn terminated(&self) -> Termination {
        let target = self.target();
        match target.as_local() {
            Some(local) => Termination { state: Waiting::Local(local.ended()) },
            None => watched(target),
        }
    }

    fn target(&self) -> &Target<A> {
        self.methods.target()
    }
}

/// Watches an actor that is not local, beginning now: a system begins with the first poll.
fn watched<A: ?Sized + Callable>(target: &Target<A>) -> Termination {
    let mut ended = target.system().remote_terminated(target.id());
    if let Poll::Ready(how) = ended.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
        ended = Box::pin(std::future::ready(how));
    }
    Termination { state: Waiting::Remote(ended) }
}

impl<A: ?Sized + Callable> ActorRef<A> {
    /// The way to the actor, where it is local: for those who write an actor system.
    pub fn local(this: &Self) -> Option<&Local<A>> {
        this.target().as_local()
    }
}

impl<A: ?Sized + Callable> Deref for ActorRef<A> {
    type Target = A::Methods;

    #[inline]
    fn deref(&self) -> &A::Methods {
        &self.methods
    }
}

impl<A: ?Sized + Callable> Clone for ActorRef<A> {
    fn clone(&self) -> Self {
        Self::from_target(self.target().clone())
    }
}

impl<A: ?Sized + Callable> PartialEq for ActorRef<A> {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl<A: ?Sized + Callable> Eq for ActorRef<A> {}

impl<A: ?Sized + Callable> PartialOrd for ActorRef<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<A: ?Sized + Callable> Ord for ActorRef<A> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id().cmp(other.id())
    }
}

impl<A: ?Sized + Callable> Hash for ActorRef<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl<A: ?Sized + Callable> fmt::Debug for ActorRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorRef({})", self.id())
    }
}

impl<A: ?Sized + Callable> fmt::Display for ActorRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.id(), f)
    }
}

impl<A: ?Sized + Callable> Serialize for ActorRef<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.system().reference_encoded(self.id());
        self.id().serialize(serializer)
    }
}

/// Never fails because an actor has ended or is of another type: the first call through the reference says so.
impl<'de, A: ?Sized + Callable + 'static> Deserialize<'de> for ActorRef<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = IdOf::<A>::deserialize(deserializer)?;
        let system = DecodeContext::current_system::<A::System>().map_err(D::Error::custom)?;
        Ok(match system.resolve::<A>(&id).unwrap_or_default() {
            Some(local) => Self::of_local(local),
            None => Self::of_remote(id, system),
        })
    }
}

/// A reference that does not keep its actor alive.
pub struct WeakRef<A: ?Sized + Callable> {
    id: IdOf<A>,
    system: A::System,
    local: Option<WeakLocal<A>>,
}

impl<A: ?Sized + Callable> WeakRef<A> {
    /// The reference, unless the actor was local and has ended.
    pub fn upgrade(&self) -> Option<ActorRef<A>> {
        Some(match &self.local {
            Some(weak) => ActorRef::of_local(weak.upgrade()?),
            None => ActorRef::of_remote(self.id.clone(), self.system.clone()),
        })
    }

    /// The actor's id.
    pub fn id(&self) -> &IdOf<A> {
        &self.id
    }
}

impl<A: ?Sized + Callable> Clone for WeakRef<A> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), system: self.system.clone(), local: self.local.clone() }
    }
}

impl<A: ?Sized + Callable> fmt::Debug for WeakRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakRef({})", self.id)
    }
}

/// A future: waits for the end of an actor, without keeping it alive. Dropping it changes nothing.
pub struct Termination {
    state: Waiting,
}

enum Waiting {
    Local(Ended),
    Remote(BoxFuture<'static, Terminated>),
}

impl Future for Termination {
    type Output = Terminated;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Terminated> {
        match &mut self.state {
            Waiting::Local(ended) => ended.poll(cx),
            Waiting::Remote(ended) => Poll::Ready(ready!(ended.as_mut().poll(cx))),
        }
    }
}

impl fmt::Debug for Termination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Termination")
    }
}
