//! How actors are linked, and what the end of one does to the others.

use std::{future::poll_fn, sync::Weak, task::Poll};

use super::{
    after,
    any::{AnyLocal, AnyPort, WeakAnyLocal},
    cancel::CancelToken,
    estimate::Verdict,
    fate::{Added, Bond, End, Fate, Peer},
    hooks::job,
    job::Work,
    mailbox::Stop,
    port::Port,
    seat::{Seat, State},
};
use crate::{
    ActorRef, ActorSystem, Callable, Context, DistributedActor, Exit, ExitReason, HearsOfEnds, IdOf, LinkSignal,
    Terminated,
};

impl<A: ?Sized + Callable> Context<A> {
    /// Links this actor and another one, wherever that lives: if one of the two ends otherwise than it was meant to, the
    /// other one ends, too, as [`Exit::Linked`] with the first one's reason as its cause; or is told, if it
    /// [traps](Self::trap). An end in order only ends the link. Where the other one has ended already, that is so at once.
    ///
    /// The method that runs ends first, as with [`stop`](Self::stop). A link is between two states: if an actor is started
    /// again by its supervisor, the link is over, and the other one learns why. It keeps neither of the two alive. To link
    /// twice is to link once.
    pub fn link<B: Callable<System = A::System> + ?Sized>(&self, other: &ActorRef<B>) {
        self.bind(other, Bond::LINKED);
    }

    /// Takes [`link`](Self::link) and [`depend_on`](Self::depend_on) back. This actor is not told of the other one's end
    /// any more, unless the news is in its queue already.
    pub fn unlink<B: Callable<System = A::System> + ?Sized>(&self, other: &ActorRef<B>) {
        if let Some(me) = self.me().upgrade() {
            me.erase().0.unbind(other.id());
        }
    }

    /// Makes this actor a client of another one, wherever that lives: a server that is asked to stop, by anybody, asks its
    /// clients to stop first, serves them until the last one has ended, and then stops. It waits for them for as long as a
    /// method under `#[on_stop]` may take (10 s). Until [`unlink`](Self::unlink), or until this actor has ended or been
    /// started again.
    ///
    /// A server that fails or is given up does not wait. That its clients learn of it takes a [`link`](Self::link).
    pub fn depend_on<B: Callable<System = A::System> + ?Sized>(&self, server: &ActorRef<B>) {
        self.bind(server, Bond::TO_SERVER);
    }

    fn bind<B: Callable<System = A::System> + ?Sized>(&self, other: &ActorRef<B>, bond: Bond) {
        if let Some(me) = self.me().upgrade() {
            let local = ActorRef::local(other).map(super::Local::erase);
            me.erase().0.bind(other.id().clone(), local, bond);
        }
    }
}

impl<A: DistributedActor + HearsOfEnds> Context<A> {
    /// From now on the ends of linked actors do not end this one: its method under `#[on_terminated]` is told of them, also of
    /// those in order. Best called where the actor starts.
    pub fn trap(&self) {
        if let Some(me) = self.me().upgrade() {
            me.erase().0.trap();
        }
    }
}

impl<S: ActorSystem> AnyLocal<S> {
    /// An actor elsewhere tells this one of itself: for those who write an actor system.
    pub fn link_signal(&self, from: S::ActorId, signal: LinkSignal) {
        self.0.link_signal(from, signal);
    }
}

/// What [`AnyPort`] has of it.
impl<A: DistributedActor> Seat<A> {
    pub(super) fn trap(&self) {
        self.fate().bonds().links.traps = true;
    }

    /// This actor binds itself to another one.
    pub(super) fn bind(&self, id: IdOf<A>, local: Option<AnyLocal<A::System>>, bond: Bond) {
        if id == *self.id() {
            return;
        }
        let token = CancelToken::new();
        let peer =
            || local.as_ref().map_or_else(|| Peer::Elsewhere(token.clone()), |local| Peer::Here(local.downgrade()));
        let limit = self.system().settings().links_max;
        let added = self.fate().bonds().links.add(id.clone(), peer, bond, limit);
        let refused = match (added, local) {
            (Added::Known, Some(_)) => None,
            (Added::Full, _) => return self.has_no_room_for(&id, bond),
            (_, Some(local)) => {
                let me: Weak<dyn AnyPort<A::System>> = self.me();
                local.0.bound(self.id().clone(), WeakAnyLocal(me), bond.reversed()).err()
            }
            // Said again, too: the other side may have taken it back meanwhile.
            (_, None) => {
                if added == Added::First {
                    self.watch_elsewhere(id.clone(), token, false);
                }
                let signal = if bond.linked { LinkSignal::Link } else { LinkSignal::Depend };
                self.system().remote_link(&id, self.id(), signal);
                None
            }
        };
        if let Some(end) = refused {
            self.linked_has_ended(&id, &end);
        }
    }

    /// Another actor on this system binds itself to this one.
    pub(super) fn bound(&self, from: IdOf<A>, peer: WeakAnyLocal<A::System>, bond: Bond) -> Result<(), End> {
        self.admit(from, || Peer::Here(peer), bond).map(drop)
    }

    fn admit(&self, from: IdOf<A>, peer: impl FnOnce() -> Peer<A::System>, bond: Bond) -> Result<Added, End> {
        let limit = self.system().settings().links_max;
        let mut bonds = self.fate().bonds();
        if let Some(end) = bonds.over() {
            return Err(end.clone());
        }
        let Some(bond) = bonds.links.admissible(bond) else { return Ok(Added::Known) };
        match bonds.links.add(from, peer, bond, limit) {
            Added::Full => Err(End::from(self.too_many())),
            added => Ok(added),
        }
    }

    pub(super) fn unbind(&self, id: &IdOf<A>) {
        let bond = Bond::LINKED.and(Bond::TO_SERVER);
        match self.take_back(id, bond) {
            Some(Some(local)) => {
                if let Some(local) = local.upgrade() {
                    local.0.parted(self.id(), bond.reversed());
                }
            }
            Some(None) => self.system().remote_link(id, self.id(), LinkSignal::Unlink),
            None => {}
        }
    }

    /// Ends a bond here. Where the other one lives, if there was one.
    fn take_back(&self, id: &IdOf<A>, bond: Bond) -> Option<Option<WeakAnyLocal<A::System>>> {
        let mut bonds = self.fate.get()?.bonds();
        let peer = bonds.links.peer(id)?;
        let parted = bonds.links.part(id, bond);
        let drained = bonds.links.drained();
        drop(bonds);
        if let Some(parted) = parted {
            parted.cancel();
        }
        if let Some(drained) = drained {
            drained.wake();
        }
        Some(peer)
    }

    /// What an actor elsewhere says.
    pub(super) fn link_signal(&self, from: IdOf<A>, signal: LinkSignal) {
        let bond = match signal {
            LinkSignal::Link => Bond::LINKED,
            LinkSignal::Depend => Bond::TO_CLIENT,
            LinkSignal::Unlink => return self.parted(&from, Bond::LINKED.and(Bond::TO_CLIENT)),
            LinkSignal::Ended(reason) => return self.linked_has_ended(&from, &End::from(reason)),
        };
        let token = CancelToken::new();
        match self.admit(from.clone(), || Peer::Elsewhere(token.clone()), bond) {
            Ok(Added::First) => self.watch_elsewhere(from, token, true),
            Ok(_) => {}
            Err(end) => self.system().remote_link(&from, self.id(), LinkSignal::Ended(end.reason)),
        }
    }

    /// The other one has taken a bond back.
    pub(super) fn parted(&self, from: &IdOf<A>, bond: Bond) {
        let _ = self.take_back(from, bond);
    }

    /// Waits for the end of an actor elsewhere, which has `asked_for_it` or not.
    fn watch_elsewhere(&self, id: IdOf<A>, token: CancelToken, asked_for_it: bool) {
        let (system, me) = (self.system().clone(), self.me());
        let mut ended = system.remote_terminated(&id);
        let watch = async move {
            let how = poll_fn(|cx| {
                if token.poll(cx.waker()) {
                    return Poll::Ready(None);
                }
                ended.as_mut().poll(cx).map(Some)
            });
            let Some(how) = how.await else { return };
            if how == Terminated::NoSuchActor && asked_for_it {
                // It has ended since: how, it says itself, unless its word is lost.
                let late = after(system.settings().call_timeout);
                let mut expiry = system.sleep_until(late);
                let is_late = poll_fn(|cx| {
                    if token.poll(cx.waker()) { Poll::Ready(false) } else { expiry.as_mut().poll(cx).map(|()| true) }
                });
                if !is_late.await {
                    return;
                }
            }
            if let Some(me) = Weak::upgrade(&me)
                && !token.is_cancelled()
            {
                me.linked_has_ended(&id, &End::of(how, None));
            }
        };
        drop(self.system().execute(Box::pin(watch)));
    }

    /// An actor has ended that this one may be linked to.
    pub(super) fn linked_has_ended(&self, from: &IdOf<A>, end: &End) {
        let Some(fate) = self.fate.get() else { return };
        let mut bonds = fate.bonds();
        let Some(entry) = bonds.links.remove(from) else { return };
        let drained = bonds.links.drained();
        let (is_linked, traps) = (entry.bond.linked, bonds.links.traps);
        // Under the lock, so that it is this state that stops, and no later one.
        let state = if is_linked && !traps && !end.reason.is_normal() {
            bonds.links.asked.get_or_insert_with(|| {
                ExitReason::new(Exit::Linked, format_args!("linked actor {from} has ended")).caused_by(&end.reason)
            });
            self.mailbox.stop(Stop::AfterCurrent)
        } else {
            None
        };
        drop(bonds);
        entry.cancel();
        if let Some(drained) = drained {
            drained.wake();
        }
        if is_linked && traps {
            self.tell_of_end(from.clone(), end.how.clone());
        }
        if let Some(state) = state {
            self.stop_idle(state);
        }
    }

    fn tell_of_end(&self, who: IdOf<A>, how: Terminated) {
        self.notify(job(Work::Async(Box::new(|actor: &mut A, context| {
            Box::pin(async move { actor.__on_terminated(context, who, how).await })
        }))));
    }

    /// Stops in order with the state at hand; on a task of its own, because each of many linked actors may end the next one.
    fn stop_idle(&self, state: Box<State<A>>) {
        if A::HAS_ON_STOP {
            return self.start(state, None, Verdict::Schedule);
        }
        let Some(seat) = self.me().upgrade() else { return };
        self.run_elsewhere(move || seat.finish(Some(state), Terminated::Stopped));
    }

    /// Asks the clients to stop first. False if there are none.
    pub(super) fn waits_for_clients(&self) -> bool {
        let Some(fate) = self.fate.get() else { return false };
        let (clients, life) = {
            let mut bonds = fate.bonds();
            let Some(clients) = bonds.links.clients_to_ask() else { return false };
            (clients, bonds.life)
        };
        // They have been asked before.
        if clients.is_empty() {
            return true;
        }
        let Some(me) = self.me().upgrade() else { return false };
        let fate = fate.clone();
        let mut expiry = self.system().sleep_until(after(self.system().settings().hook_time_max));
        let stop = async move {
            let drained = poll_fn(|cx| match fate.poll_drained(life, cx.waker()) {
                Poll::Pending => expiry.as_mut().poll(cx).map(Some),
                drained => drained,
            });
            if drained.await.is_some() {
                me.stop_in_life(&fate, life);
            }
        };
        if self.system().execute(Box::pin(stop)).is_err() {
            return false;
        }
        for (id, local) in clients {
            match local {
                Some(local) => {
                    if let Some(local) = local.upgrade() {
                        local.0.stop(Stop::AfterCurrent);
                    }
                }
                None => self.system().remote_stop(&id),
            }
        }
        true
    }

    fn stop_in_life(&self, fate: &Fate<A::System>, life: u64) {
        let bonds = fate.bonds();
        let state = if bonds.life == life { self.mailbox.stop(Stop::AfterCurrent) } else { None };
        drop(bonds);
        if let Some(state) = state {
            self.stop_idle(state);
        }
    }

    /// Stops in order, for a reason that is not its own.
    pub(super) fn stop_because(&self, reason: ExitReason) {
        self.fate().bonds().links.asked.get_or_insert(reason);
        self.stop_itself(Stop::AfterCurrent);
    }

    /// What a linked actor has asked this one to end for becomes its reason.
    pub(super) fn note_linked_end(&self, context: &Context<A>) {
        let asked = self.fate.get().and_then(|fate| fate.bonds().links.asked.clone());
        if let Some(asked) = asked {
            context.note_exit(asked);
        }
    }

    fn has_no_room_for(&self, id: &IdOf<A>, bond: Bond) {
        if !bond.linked {
            return;
        }
        let reason = self.too_many();
        if self.fate().bonds().links.traps {
            return self.tell_of_end(id.clone(), Terminated::Failed(Box::new(reason)));
        }
        self.stop_because(reason);
    }

    fn too_many(&self) -> ExitReason {
        let limit = self.system().settings().links_max;
        ExitReason::new(Exit::Linked, format_args!("actor {} has {limit} links, as many as it may", self.id()))
    }
}
