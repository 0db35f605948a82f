//! The runtime's view of a running actor.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::Instant,
};

use crate::{
    ActorRef, ActorSystem, AnyLocal, CallScope, Callable, CancelToken, DistributedActor, Exit, ExitReason, IdOf,
    MethodInfo, NodeId, Termination, TraceParent, WeakLocal, local,
};

/// What a method learns of its surroundings, through a `#[ctx] ctx: &Context<Self>` parameter.
pub struct Context<A: ?Sized + Callable> {
    system: A::System,
    id: IdOf<A>,
    me: WeakLocal<A>,
    /// The call that is running, where it looks at its context.
    pub(crate) scope: Option<CallScope>,
    /// What the contexts of all calls share. Made when it is needed, and for the first call with a context of its own.
    shared: OnceLock<Arc<Shared<A::System>>>,
}

struct Shared<S: ActorSystem> {
    /// Keeps them alive.
    children: Mutex<Vec<AnyLocal<S>>>,
    /// Why the actor ends, where it does so of itself.
    exit: Mutex<Option<ExitReason>>,
    /// What it has said of being started again.
    wants_restart: Mutex<Option<bool>>,
    /// Of monitors and timers, which end with the actor.
    tokens: Mutex<Vec<CancelToken>>,
}

impl<S: ActorSystem> Default for Shared<S> {
    fn default() -> Self {
        Self {
            children: Mutex::default(),
            exit: Mutex::default(),
            wants_restart: Mutex::default(),
            tokens: Mutex::default(),
        }
    }
}

impl<S: ActorSystem> Drop for Shared<S> {
    fn drop(&mut self) {
        for token in locked(&self.tokens).drain(..) {
            token.cancel();
        }
    }
}

impl<A: ?Sized + Callable> Context<A> {
    pub(crate) fn new(system: A::System, id: IdOf<A>, me: WeakLocal<A>) -> Self {
        Self { system, id, me, scope: None, shared: OnceLock::new() }
    }

    /// The context of one call of several that interleave: its scope is its own, and all else the actor's.
    pub(crate) fn for_call(&self, scope: Option<CallScope>) -> Self {
        let shared = self.shared.get_or_init(Arc::default).clone();
        let (system, id, me) = (self.system.clone(), self.id.clone(), self.me.clone());
        Self { system, id, me, scope, shared: OnceLock::from(shared) }
    }

    pub(crate) fn has_children(&self) -> bool {
        self.shared.get().is_some_and(|shared| !locked(&shared.children).is_empty())
    }

    /// Why the actor ends, if it does so of itself.
    pub(crate) fn exit_reason(&self) -> Option<ExitReason> {
        locked(&self.shared.get()?.exit).clone()
    }

    /// Ends the actor for this reason, unless it ends for another one already. Nobody is waited for.
    pub(crate) fn end(&self, reason: ExitReason) {
        self.note_exit(reason);
        if let Some(me) = self.me.upgrade() {
            me.erase().0.stop_itself();
        }
    }

    /// The actor ends for this reason, unless it ends for another one already.
    pub(crate) fn note_exit(&self, reason: ExitReason) {
        locked(&self.shared.get_or_init(Arc::default).exit).get_or_insert(reason);
    }

    /// What the actor has said of being started again.
    pub(crate) fn wants_restart(&self) -> Option<bool> {
        *locked(&self.shared.get()?.wants_restart)
    }

    /// A method has panicked. Its text stays on this node, unless the system sends it.
    #[cold]
    pub(crate) fn panicked(&self, method: Option<&'static MethodInfo>, text: Option<&str>) {
        let text = text.filter(|_| self.system.settings().send_panic_text);
        let mut exit = locked(&self.shared.get_or_init(Arc::default).exit);
        let why = match (method, &*exit) {
            (Some(method), _) => format!("`{}` panicked", method.name()),
            // Said by the hook that it was.
            (None, Some(reason)) if reason.exit() == Exit::Panicked => reason.why().into(),
            (None, _) => "its own work panicked".into(),
        };
        let why = text.map_or_else(|| why.clone(), |text| format!("{why}: {text}"));
        *exit = Some(ExitReason::new(Exit::Panicked, why));
    }

    /// A hook panics: nobody calls it, so that there is no method to be named when the panic has come to an end.
    #[cold]
    pub(crate) fn panics_in(&self, hook: &'static str) {
        *locked(&self.shared.get_or_init(Arc::default).exit) = Some(local::panicked_in(hook));
    }

    pub(crate) fn me(&self) -> WeakLocal<A> {
        self.me.clone()
    }

    /// Keeps a token to cancel it when the actor ends.
    pub(crate) fn keep_token(&self, token: CancelToken) {
        let mut tokens = locked(&self.shared.get_or_init(Arc::default).tokens);
        tokens.retain(|token| !token.is_cancelled());
        tokens.push(token);
    }

    pub(crate) fn set_me(&mut self, me: WeakLocal<A>) {
        self.me = me;
    }

    /// The actor's id.
    pub fn id(&self) -> &IdOf<A> {
        &self.id
    }

    /// A reference to this actor. Held in its own state, it would keep the actor alive for ever; hold
    /// [`downgrade`](ActorRef::downgrade)d ones there.
    pub fn actor_ref(&self) -> ActorRef<A> {
        match self.me.upgrade() {
            Some(me) => ActorRef::of_local(me),
            None => ActorRef::of_remote(self.id.clone(), self.system.clone()),
        }
    }

    /// The system that the actor lives on.
    pub fn system(&self) -> &A::System {
        &self.system
    }

    /// When the time of the running call is over. Calls made from here inherit it.
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.as_ref()?.deadline()
    }

    /// Who made the running call; `None` for a call from outside any actor on this node.
    pub fn caller(&self) -> Option<Caller> {
        let parent = self.scope.as_ref()?.parent()?;
        Some(Caller { scope: parent.clone() })
    }

    /// The trace context of the running call.
    pub fn trace_parent(&self) -> Option<TraceParent> {
        self.scope.as_ref()?.trace()
    }

    /// Makes `child` an actor that this one keeps alive: it ends with its parent at the latest, unless others refer
    /// to it.
    pub fn spawn<B: DistributedActor<System = A::System>>(&self, child: B) -> ActorRef<B> {
        let child = local::spawn(&self.system, child);
        if let Some(local) = ActorRef::local(&child) {
            let mut children = locked(&self.shared.get_or_init(Arc::default).children);
            children.retain(|child| !child.0.has_ended());
            children.push(local.erase());
        }
        child
    }

    /// Waits for the end of another actor, without keeping it alive. Answered at once if it has ended already.
    pub fn watch<B: Callable<System = A::System> + ?Sized>(&self, other: &ActorRef<B>) -> Termination {
        other.terminated()
    }

    /// Asks this actor to stop when the running method has ended.
    pub fn stop(&self) {
        if let Some(me) = self.me.upgrade() {
            me.stop();
        }
    }

    /// Says whether a supervisor that leaves that to this actor shall start it again when it has ended, however it ends. The last
    /// word counts; it is forgotten with the state.
    pub fn want_restart(&self, wants: bool) {
        *locked(&self.shared.get_or_init(Arc::default).wants_restart) = Some(wants);
    }

    /// Asks this actor to stop because of an error: whoever waits for its end is told [`Terminated::Failed`](crate::Terminated), with
    /// the error and its sources. The first one counts. The running method still answers its own call.
    pub fn fail(&self, error: impl Into<Box<dyn Error + Send + Sync>>) {
        self.end(ExitReason::of_error(Exit::Failed, &*error.into()));
    }
}

impl<A: ?Sized + Callable> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("id", &self.id).field("scope", &self.scope).finish_non_exhaustive()
    }
}

fn locked<T>(children: &Mutex<T>) -> MutexGuard<'_, T> {
    children.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Who made a call.
#[derive(Clone)]
pub struct Caller {
    scope: CallScope,
}

impl Caller {
    /// The node that the call came from; `None` for this one.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        self.scope.origin()
    }

    /// The id of the calling actor, as printed.
    #[must_use]
    pub fn actor(&self) -> String {
        self.scope.actor()
    }

    /// The mangled name of the calling method.
    #[must_use]
    pub fn method(&self) -> String {
        self.scope.method().into()
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("actor", &self.actor()).field("method", &self.method()).finish_non_exhaustive()
    }
}
