//! One actor for the whole cluster.

use std::{fmt, future::poll_fn, pin::pin, task::Poll, time::Duration};

use actor_core::{ActorRef, DistributedActor, contain};
use actor_transport::Node;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};

use super::{handle::Registry, names::Claim};

/// How often it is looked whether anything has to be done.
const LOOK_PERIOD: Duration = Duration::from_millis(250);
/// How long nobody has to have it before it is started: longer than it takes who has had it to notice that it is in a
/// minority, counted from when the others took it for dead.
const GRACE: Duration = Duration::from_secs(5);

/// This node's part in a [`singleton`](Registry::singleton). Dropped, it takes no part any more, and stops the actor if
/// that is here.
pub struct Singleton {
    _runs: oneshot::Sender<()>,
}

impl Registry {
    /// Keeps one actor running on one of the nodes that say this, under that name of the [registry](Self::find). All
    /// nodes of the cluster have to say it, with the same name and size.
    ///
    /// It runs while more than half of `size` nodes see one another as alive. When its node dies or it ends, `make`
    /// makes another one on the node with the smallest id, after 5 s in which nobody has had the name; its state is not
    /// carried over. **A minority stops it** as soon as it sees that it is one, and has none.
    ///
    /// `make` must not block: it runs where the node serves its connections. If it panics it is called again after
    /// another 5 s. Like the registry's handle, the part counts as a handle of the node: drop it where the node shall end
    /// with its last handle.
    ///
    /// This is no lock: a method that is running when its node finds itself in a minority runs to its end, and a process
    /// that was stopped for long may run on for a moment when it continues. What must never happen twice at once needs
    /// a fence in what it writes to.
    pub fn singleton<A: DistributedActor<System = Node>>(
        &self,
        name: impl Into<String>,
        size: usize,
        make: impl Fn() -> A + Send + 'static,
    ) -> Singleton {
        let (runs, stopped) = oneshot::channel();
        let keeper = Keeper { registry: self.clone(), name: name.into(), size, make, held: None, free_since: None };
        // On threads that the user's code does not keep waiting: it may have to be stopped.
        self.shared().change(|state| state.to_watch.push(Box::pin(keeper.run(stopped))));
        Singleton { _runs: runs }
    }
}

struct Keeper<A: DistributedActor<System = Node>, M> {
    registry: Registry,
    name: String,
    size: usize,
    make: M,
    held: Option<(ActorRef<A>, Claim)>,
    /// Since when nobody has had it, and this node would have to start it.
    free_since: Option<Instant>,
}

impl<A: DistributedActor<System = Node>, M: Fn() -> A + Send> Keeper<A, M> {
    async fn run(mut self, stopped: oneshot::Receiver<()>) {
        let mut stopped = pin!(stopped);
        while !self.registry.shared().with(|state| state.has_ended) {
            self.look();
            let mut pause = pin!(sleep(LOOK_PERIOD));
            let goes_on = poll_fn(|cx| {
                if stopped.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(false);
                }
                pause.as_mut().poll(cx).map(|()| true)
            });
            if !goes_on.await {
                break;
            }
        }
        self.let_go();
    }

    fn look(&mut self) {
        let view = self.registry.node().cluster().view();
        let has_majority = view.alive() * 2 > self.size;
        if let Some((_, claim)) = &self.held {
            if !has_majority || !claim.holds() {
                self.let_go();
            }
            return;
        }
        let holder = self.registry.shared().with(|state| state.directory.named(&self.name));
        let first = view.members().iter().find(|member| member.is_alive());
        if !has_majority || holder.is_some() || first.is_none_or(|first| first.id() != view.own_id()) {
            self.free_since = None;
            return;
        }
        if self.free_since.get_or_insert_with(Instant::now).elapsed() >= GRACE {
            self.free_since = None;
            // It is the user's, and called again if it panics: this node's part goes on.
            let Ok(actor) = contain(|| (self.make)()) else { return };
            let actor = self.registry.node().spawn(actor);
            match self.registry.claim(self.name.clone(), &actor) {
                Ok(claim) => self.held = Some((actor, claim)),
                Err(error) => {
                    tracing::debug!(%error, name = self.name, "a singleton could not be started");
                    drop(actor.stop());
                }
            }
        }
    }

    fn let_go(&mut self) {
        if let Some((actor, claim)) = self.held.take() {
            claim.release();
            drop(actor.stop());
        }
    }
}

impl fmt::Debug for Singleton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Singleton").finish_non_exhaustive()
    }
}
