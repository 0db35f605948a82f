//! Actors that are told things together.

use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context as TaskContext, Poll, Waker},
};

use crate::{ActorRef, Callable, IdOf, SystemError, Termination, WeakRef, local::Futures};

/// Actors that a group may have.
const MEMBERS_MAX: usize = 65_536;
/// Those that have ended are looked for when there are so many, and then whenever twice as many are left.
const SEARCH_MIN: usize = 64;

/// Actors of one type that are told things together, in this process: a multicast. Clones are the same group.
///
/// It keeps no actor alive, and those that have ended are no members any more, nor are those whose node was lost: one that
/// lives has to join again. Members may live anywhere. A group that all nodes of a cluster know by its name is in the cluster's
/// registry, with the same words.
///
#[doc = include_str!("group.md")]
pub struct Group<A: ?Sized + Callable>(Arc<Mutex<Members<A>>>);

struct Members<A: ?Sized + Callable> {
    actors: BTreeMap<IdOf<A>, Member<A>>,
    /// How many there are when those that have ended are looked for again.
    search_at: usize,
}

struct Member<A: ?Sized + Callable> {
    actor: WeakRef<A>,
    /// How often it has joined.
    count: usize,
    /// Of one that lives elsewhere. Asked for when members are looked at: nobody waits for it.
    ended: Option<Termination>,
}

impl<A: ?Sized + Callable> Group<A> {
    /// A group without members.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Members { actors: BTreeMap::new(), search_at: SEARCH_MIN })))
    }

    /// Enters an actor. As often as it joins it has to leave.
    ///
    /// # Errors
    /// [`SystemError::UnknownActor`] for one that has ended; [`SystemError::Overloaded`] beyond 65,536 members.
    pub fn join(&self, actor: &ActorRef<A>) -> Result<(), SystemError> {
        let mut ended = (!actor.is_local()).then(|| actor.terminated());
        if has_ended(actor, &mut ended) {
            return Err(SystemError::UnknownActor { actor: actor.id().to_string().into() });
        }
        // Dropped after the lock: it may hold the last reference to somebody.
        let _living;
        let mut members = self.lock();
        if members.actors.len() >= members.search_at.min(MEMBERS_MAX) {
            _living = members.forget_ended();
        }
        if let Some(member) = members.actors.get_mut(actor.id()) {
            member.count = member.count.saturating_add(1);
            // The newer watch: the older one may have ended with a connection.
            member.ended = ended;
        } else if members.actors.len() >= MEMBERS_MAX {
            return Err(SystemError::Overloaded { what: format!("a group has {MEMBERS_MAX} members").into() });
        } else {
            members.actors.insert(actor.id().clone(), Member { actor: actor.downgrade(), count: 1, ended });
        }
        Ok(())
    }

    /// Takes one [`join`](Self::join) back. False if there was none.
    pub fn leave(&self, actor: &ActorRef<A>) -> bool {
        // Dropped after the lock.
        let _left;
        let mut members = self.lock();
        match members.actors.get_mut(actor.id()) {
            Some(member) if member.count > 1 => {
                member.count -= 1;
                true
            }
            Some(_) => {
                _left = members.actors.remove(actor.id());
                true
            }
            None => false,
        }
    }

    /// The members, by id; each as often as it has joined.
    #[must_use]
    pub fn members(&self) -> Vec<ActorRef<A>> {
        let each = self.each();
        each.into_iter().flat_map(|(actor, count)| std::iter::repeat_n(actor, count)).collect()
    }

    /// Says something to all members, to each once, all at the same time; how many it was handed to. What one task says
    /// first, each member hears first.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, some may not be told.
    pub async fn broadcast<F, E>(&self, say: impl FnMut(ActorRef<A>) -> F) -> usize
    where
        F: Future<Output = Result<(), E>>,
    {
        broadcast(self.each().into_iter().map(|(actor, _)| actor), say).await
    }

    fn each(&self) -> Vec<(ActorRef<A>, usize)> {
        self.lock().forget_ended()
    }

    fn lock(&self) -> MutexGuard<'_, Members<A>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<A: ?Sized + Callable> Members<A> {
    /// Returns those that live.
    fn forget_ended(&mut self) -> Vec<(ActorRef<A>, usize)> {
        let mut alive = Vec::new();
        self.actors.retain(|_, Member { actor, count, ended }| {
            let actor = actor.upgrade();
            let lives = actor.as_ref().is_some_and(|actor| !has_ended(actor, ended));
            alive.extend(actor.map(|actor| (lives, actor, *count)));
            lives
        });
        self.search_at = SEARCH_MIN.max(2 * self.actors.len());
        alive.into_iter().filter(|(lives, ..)| *lives).map(|(_, actor, count)| (actor, count)).collect()
    }
}

/// Whether an actor has ended, as far as is known here. Who watches one that lives elsewhere begins to do so.
fn has_ended<A: ?Sized + Callable>(actor: &ActorRef<A>, ended: &mut Option<Termination>) -> bool {
    match (ActorRef::local(actor), ended) {
        (Some(local), _) => local.erase().0.has_ended(),
        (None, Some(ended)) => Pin::new(ended).poll(&mut TaskContext::from_waker(Waker::noop())).is_ready(),
        (None, None) => false,
    }
}

impl<A: ?Sized + Callable> Default for Group<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: ?Sized + Callable> Clone for Group<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: ?Sized + Callable> fmt::Debug for Group<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().actors.keys()).finish()
    }
}

/// Says something to all of these actors, all at the same time; how many it was handed to.
///
/// # Cancel safety
/// Dropped before it has ended, some may not be told.
pub async fn broadcast<A, F, E>(
    actors: impl IntoIterator<Item = ActorRef<A>>,
    mut say: impl FnMut(ActorRef<A>) -> F,
) -> usize
where
    A: ?Sized + Callable,
    F: Future<Output = Result<(), E>>,
{
    let (mut told, mut saying) = (0, Futures::<Pin<Box<F>>>::new());
    for actor in actors {
        let mut next = Box::pin(say(actor));
        let (place, waker) = saying.reserve();
        let polled = next.as_mut().poll(&mut TaskContext::from_waker(&waker));
        told += handed(&polled);
        saying.settle(place, polled.is_pending().then_some(next));
    }
    poll_fn(|cx| {
        // Those that are woken from now on wait for the next poll.
        for _ in 0..saying.listen(cx.waker()) {
            let Some((mut next, place, waker)) = saying.next_woken() else { break };
            let polled = next.as_mut().poll(&mut TaskContext::from_waker(&waker));
            told += handed(&polled);
            saying.settle(place, polled.is_pending().then_some(next));
        }
        if saying.len() == 0 {
            return Poll::Ready(told);
        }
        if saying.listen(cx.waker()) > 0 {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await
}

fn handed<E>(polled: &Poll<Result<(), E>>) -> usize {
    usize::from(matches!(polled, Poll::Ready(Ok(()))))
}
