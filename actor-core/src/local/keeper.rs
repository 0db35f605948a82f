//! An actor whose state can be replaced: what a supervisor has of its child.

use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, Weak},
    task::{Context as TaskContext, Poll, Waker},
};

use super::{
    after,
    hold::{Hold, Stage, start_held},
    hooks,
    locality::Locality,
    mailbox::Stop,
    options::SpawnOptions,
    port::{Local, Port, WeakLocal},
    reply_cell::ReplyCell,
    seat::{Seat, State},
    spawn::Unborn,
};
use crate::{
    ActorRef, ActorSystem, CallError, Context, DistributedActor, Exit, ExitReason, FailureOf, Never, Outcome,
    RemoteCall, Spawn, SpawnSystem, SystemError, Terminated,
};

/// Keeps an actor, and gives it a new state when the old one has ended: a restart.
///
/// Between the two its references stay what they are, and calls wait in its mailbox. The call whose method panicked fails
/// with `Panicked`. Dropped, it ends the actor at once.
pub struct Keeper<A: DistributedActor> {
    seat: Arc<Seat<A>>,
    /// Filled when the present state has started.
    started: Option<Arc<StartCell>>,
    /// Set while its first state may not start, or take calls.
    hold: Option<Arc<Hold>>,
}

pub(super) type StartCell = ReplyCell<(), Never, SystemError>;

impl<A: DistributedActor> Keeper<A>
where
    A::System: SpawnSystem,
{
    /// Starts an actor here, and waits until it has started.
    ///
    /// # Errors
    /// As those of [`SpawnSystem::spawn_on`].
    ///
    /// # Cancel safety
    /// Dropped before it has ended, no actor stays.
    pub async fn start<E: Send + 'static>(
        system: &A::System,
        spawn: &Spawn<A, E>,
        options: SpawnOptions<A>,
    ) -> Result<Self, CallError<E, FailureOf<A>>> {
        let unborn = Unborn::<A>::new(system);
        let (context, assigned) = unborn.into_parts();
        let (actor, context) = construct(system, spawn, context, options.locality.as_ref()).await?;
        let tenure = Tenure::with(&options);
        let seat = Unborn::from_parts(context, assigned).seated(actor, options, Some(tenure));
        let mut keeper = Self { seat, started: None, hold: None };
        keeper.start_job(None);
        keeper.has_started().await.map_err(|reason| start_failed(&reason))?;
        Ok(keeper)
    }

    /// Makes an actor here that does not start yet: it can be referred to, and calls wait in its mailbox until it has
    /// [begun](Self::begin) and is [opened](Self::open).
    ///
    /// # Errors
    /// As those of [`SpawnSystem::spawn_on`].
    ///
    /// # Cancel safety
    /// Dropped before it has ended, no actor stays.
    pub async fn build<E: Send + 'static>(
        system: &A::System,
        spawn: &Spawn<A, E>,
        options: SpawnOptions<A>,
    ) -> Result<Self, CallError<E, FailureOf<A>>> {
        let (context, assigned) = Unborn::<A>::new(system).into_parts();
        let (actor, context) = construct(system, spawn, context, options.locality.as_ref()).await?;
        Ok(Self::held(Unborn::from_parts(context, assigned), actor, options))
    }

    /// Gives the actor a new state, made by `spawn`, once the old one has ended; waits until it has started.
    ///
    /// # Errors
    /// The same. The actor stays without a state then, and its calls wait.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, the actor may stay without a state.
    pub async fn restart<E: Send + 'static>(&mut self, spawn: &Spawn<A, E>) -> Result<(), CallError<E, FailureOf<A>>> {
        let vacant = self.vacant();
        self.within_limit(vacant).await.map_err(|reason| start_failed(&reason))?;
        let seat = &self.seat;
        let me = WeakLocal(Arc::downgrade(seat) as Weak<dyn Port<A>>);
        let context = Context::new(seat.system().clone(), seat.id().clone(), me);
        let system = seat.system().clone();
        let (actor, context) = construct(&system, spawn, context, self.seat.locality()).await?;
        if let Some(tenure) = self.seat.tenure() {
            tenure.occupy();
        }
        self.seat.mailbox.revive();
        self.start_job(Some(Box::new(State { actor, context })));
        self.has_started().await.map_err(|reason| start_failed(&reason))
    }

    /// Makes `actor` a kept actor, without a constructor.
    #[must_use]
    pub fn of(system: &A::System, actor: A, options: SpawnOptions<A>) -> Self {
        let tenure = Tenure::with(&options);
        let seat = Unborn::<A>::new(system).seated(actor, options, Some(tenure));
        let mut keeper = Self { seat, started: None, hold: None };
        keeper.start_job(None);
        keeper
    }

    /// The same for an actor that does not start yet, as with [`build`](Self::build).
    #[must_use]
    pub fn build_of(system: &A::System, actor: A, options: SpawnOptions<A>) -> Self {
        Self::held(Unborn::new(system), actor, options)
    }

    fn held(unborn: Unborn<A>, actor: A, options: SpawnOptions<A>) -> Self {
        let tenure = Tenure::with(&options);
        let seat = unborn.seated(actor, options, Some(tenure));
        let (hold, started) = (Arc::new(Hold::new()), Arc::new(StartCell::new()));
        Port::notify(&*seat, start_held(hold.clone(), started.clone()));
        Self { seat, started: Some(started), hold: Some(hold) }
    }

    /// Lets an actor that was built start, and waits until it has; calls still wait.
    ///
    /// # Errors
    /// Why it has ended instead.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, the actor goes on starting.
    pub async fn begin(&mut self) -> Result<(), ExitReason> {
        if let Some(hold) = &self.hold {
            hold.go(Stage::Started);
        }
        self.has_started().await
    }

    /// Lets an actor that was built take calls, when it has started.
    pub fn open(&mut self) {
        if let Some(hold) = self.hold.take() {
            hold.go(Stage::Open);
        }
    }

    /// The actor.
    #[must_use]
    pub fn actor_ref(&self) -> ActorRef<A> {
        ActorRef::of_local(Local(self.seat.clone() as Arc<dyn Port<A>>))
    }

    /// Has calls fail as long as the actor is without a state: those that wait in its mailbox, and those that are made until
    /// it has another one, with `ActorStopped` as not executed. Does nothing while it has a state.
    pub fn refuse_calls(&self) {
        self.seat.refuse_while_vacant();
    }

    /// Waits until the actor is without a state, and says why. At once if it is.
    pub async fn vacant(&self) -> ExitReason {
        poll_fn(|cx| self.poll_vacant(cx)).await
    }

    /// What the state that has ended had said of being started again, by `ctx.want_restart(..)`.
    #[must_use]
    pub fn wants_restart(&self) -> Option<bool> {
        self.seat.tenure()?.lock().wants_restart
    }

    /// The same as [`vacant`](Self::vacant), for who polls. One task at a time is woken.
    pub fn poll_vacant(&self, cx: &mut TaskContext<'_>) -> Poll<ExitReason> {
        match self.seat.tenure() {
            Some(tenure) => tenure.poll(cx.waker()),
            None => Poll::Pending,
        }
    }

    /// Asks the actor to stop in order, when its running method has ended. One that has not begun has nothing to stop, and
    /// just ends; one that takes no calls yet never does.
    pub fn stop(&self) {
        let Some(hold) = &self.hold else { return Port::stop(&*self.seat, Stop::AfterCurrent) };
        if hold.stage() < Stage::Started {
            return self.kill();
        }
        Port::stop(&*self.seat, Stop::AfterCurrent);
        hold.go(Stage::Open);
    }

    /// The same for this reason, which those learn that are linked to it.
    pub fn stop_because(&self, reason: ExitReason) {
        self.seat.stop_because(reason);
    }

    /// Gives the running method up at its next await, and drops the state as it is.
    pub fn kill(&self) {
        Port::stop(&*self.seat, Stop::Now);
    }

    /// Ends the actor for ever: what waits is answered, and those who watch it are told.
    pub fn end(self, how: Terminated) {
        self.seat.end_for_ever(how);
    }

    /// Queues the job that starts the actor before all others, or runs it with the new state. Without a method for that the
    /// actor has started at once.
    fn start_job(&mut self, state: Option<Box<State<A>>>) {
        if !A::HAS_ON_START {
            return state.into_iter().for_each(|state| self.seat.occupy(state, None));
        }
        let cell = Arc::new(StartCell::new());
        let job = hooks::start_telling(cell.clone());
        self.started = Some(cell);
        match state {
            Some(state) => self.seat.occupy(state, Some(job)),
            None => Port::notify(&*self.seat, job),
        }
    }

    /// Waits until the present state has started, or has ended instead.
    async fn has_started(&mut self) -> Result<(), ExitReason> {
        let Some(started) = self.started.take() else { return Ok(()) };
        let started = poll_fn(|cx| {
            let vacant = self.poll_vacant(cx);
            // Looked at last: it may have started, and ended since, by a call that had waited for it.
            match started.poll(cx.waker()) {
                Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
                // A panic is told by the vacancy.
                _ => vacant.map(Err),
            }
        });
        self.within_limit(started).await.unwrap_or_else(|late| {
            self.kill();
            Err(late)
        })
    }

    /// What `future` comes to. Others of the actor's locality may keep it from its turn, and it may block its own thread: it
    /// waits for that no longer than for a call, and then for a hook.
    async fn within_limit<T>(&self, future: impl Future<Output = T>) -> Result<T, ExitReason> {
        let (mut future, system) = (pin!(future), self.seat.system());
        let mut expiry = None;
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            let expiry = expiry.get_or_insert_with(|| {
                let settings = system.settings();
                system.sleep_until(after(settings.call_timeout.saturating_add(settings.hook_time_max)))
            });
            let why = match self.seat.locality() {
                Some(_) => "its locality had no turn for it in time",
                None => "it blocks its thread",
            };
            expiry.as_mut().poll(cx).map(|()| Err(ExitReason::new(Exit::StartFailed, why)))
        })
        .await
    }
}

async fn construct<A: DistributedActor, E: Send + 'static>(
    system: &A::System,
    spawn: &Spawn<A, E>,
    context: Context<A>,
    locality: Option<&Locality>,
) -> Result<(A, Context<A>), CallError<E, FailureOf<A>>>
where
    A::System: SpawnSystem,
{
    let failed = |error: SystemError| CallError::System(error.into());
    let RemoteCall { timeout, parent, trace, .. } = spawn.open(system).map_err(failed)?;
    let deadline = after(timeout);
    let mut encoder = ActorSystem::make_invocation_encoder(system);
    spawn.record(&mut encoder).map_err(CallError::System)?;
    let decoder = system.reread(encoder).map_err(CallError::System)?;
    let building = spawn.build(decoder, crate::call::Opened { deadline, timeout, parent, trace }, context);
    match locality {
        Some(locality) => {
            let late = SystemError::Deadline { after: timeout, outcome: Outcome::Unknown };
            let (mut built, mut expiry) = (pin!(locality.run(system, building)), system.sleep_until(deadline));
            let built = poll_fn(|cx| match built.as_mut().poll(cx) {
                Poll::Pending => expiry.as_mut().poll(cx).map(|()| Err(late.clone())),
                built => built,
            });
            built.await.unwrap_or_else(|error| Err(failed(error)))
        }
        None => building.await,
    }
}

fn start_failed<E, F: From<SystemError>>(reason: &ExitReason) -> CallError<E, F> {
    CallError::System(SystemError::StartFailed { why: reason.to_string().into() }.into())
}

impl<A: DistributedActor> Drop for Keeper<A> {
    fn drop(&mut self) {
        self.seat.end_for_ever(Terminated::Stopped);
    }
}

impl<A: DistributedActor> fmt::Debug for Keeper<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keeper({})", self.seat.id())
    }
}

/// Whether a kept actor has a state.
pub(super) struct Tenure {
    inner: Mutex<Inner>,
    /// Whether whoever keeps it stops it in its turn, so that the system has not to.
    pub(super) is_stopped_in_turn: bool,
}

#[derive(Default)]
struct Inner {
    /// Why it has none.
    vacant: Option<Box<ExitReason>>,
    /// Whether the last one wanted another one to follow.
    wants_restart: Option<bool>,
    /// It will have none again.
    over: bool,
    waiting: Option<Waker>,
}

impl Tenure {
    fn with<A: DistributedActor>(options: &SpawnOptions<A>) -> Arc<Self> {
        Arc::new(Self { inner: Mutex::default(), is_stopped_in_turn: options.is_stopped_in_turn })
    }

    /// The state has ended, for this reason. False if it was the last one.
    pub(super) fn vacate(&self, reason: ExitReason, wants_restart: Option<bool>) -> bool {
        let waiting = {
            let mut inner = self.lock();
            if inner.over {
                return false;
            }
            inner.vacant = Some(Box::new(reason));
            inner.wants_restart = wants_restart;
            inner.waiting.take()
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
        true
    }

    pub(super) fn is_over(&self) -> bool {
        self.lock().over
    }

    /// Whether there is no state, but may be another one.
    pub(super) fn is_vacant(&self) -> bool {
        let inner = self.lock();
        !inner.over && inner.vacant.is_some()
    }

    /// There will be no other state. Whether there is one now; none the second time.
    pub(super) fn end(&self) -> Option<bool> {
        let mut inner = self.lock();
        if std::mem::replace(&mut inner.over, true) { None } else { Some(inner.vacant.is_none()) }
    }

    fn occupy(&self) {
        self.lock().vacant = None;
    }

    fn poll(&self, waker: &Waker) -> Poll<ExitReason> {
        let mut inner = self.lock();
        match &inner.vacant {
            Some(reason) => Poll::Ready((**reason).clone()),
            None => {
                inner.waiting = Some(waker.clone());
                Poll::Pending
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
