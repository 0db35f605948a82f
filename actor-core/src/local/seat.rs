//! The seat of an actor: its state, its mailbox, its end.

use std::{
    cell::Cell,
    mem,
    sync::{Arc, OnceLock, Weak},
    task::{Context as TaskContext, Poll, Waker},
};

use tracing::{Span, level_filters::LevelFilter};

use super::{
    activity::Activity,
    any::AnyPort,
    bound::Special,
    contain::{contain, drop_contained, report},
    ending::Ended,
    ends::Ends,
    estimate::Verdict,
    execute::IncomingCall,
    fate::{Bond, End, Fate, Links},
    hooks,
    job::{Job, Work},
    keeper::Tenure,
    mailbox::{Mailbox, Pushed, Stop},
    now,
    options::{Overflow, SpawnOptions},
    port::{Enqueued, Local, OpenCall, Port, Refused, RunNow, Ticket, Tried},
};
use crate::{
    ActorSystem, AnyLocal, CallScope, CancelToken, Context, DeadLetter, DecoderOf, DistributedActor, HandlerOf, IdOf,
    LinkSignal, MethodInfo, Outcome, ResultHandler, SystemError, Terminated, TraceParent, WeakAnyLocal,
    scope::{Named, within},
};

/// Full mailboxes that may pass one job on: two could do so for ever.
const REDIRECTS_MAX: u8 = 8;
/// Actors that may run on one stack, each called by the one before. A one-way call can go on from actor to actor for
/// ever.
const INLINE_DEPTH_MAX: u32 = 16;

/// One actor in this process.
pub(crate) struct Seat<A: DistributedActor> {
    pub(super) mailbox: Mailbox<Box<State<A>>, Job<A>>,
    pub(super) id: IdOf<A>,
    pub(super) system: A::System,
    pub(super) fate: OnceLock<Arc<Fate<A::System>>>,
    /// Set where it has something that is not usual. Boxed: it is rare.
    pub(super) special: Option<Box<Special<A>>>,
    me: Weak<Self>,
}

/// What the mailbox guards.
pub(crate) struct State<A: DistributedActor> {
    pub(super) actor: A,
    pub(super) context: Context<A>,
}

impl<A: DistributedActor> Seat<A> {
    pub(super) fn new(
        me: Weak<Self>,
        id: IdOf<A>,
        system: A::System,
        state: Box<State<A>>,
        options: SpawnOptions<A>,
        tenure: Option<Arc<Tenure>>,
    ) -> Self {
        let capacity = options.mailbox_length_max.map_or(system.settings().mailbox_length_max, Into::into);
        let special = Special::of(options, tenure);
        let mailbox = Mailbox::new(state, capacity);
        Self { mailbox, id, system, fate: OnceLock::new(), special, me }
    }

    /// The surroundings of a call of `method` that begins now.
    pub(super) fn open_scope(&self, method: &'static MethodInfo, opened: crate::call::Opened) -> Option<CallScope> {
        let name: Arc<dyn Named> = self.me.upgrade()?;
        Some(CallScope::enter_method(
            self.system.mint_call_id(),
            name,
            method.name(),
            Some(opened.deadline),
            opened.trace,
            opened.parent,
        ))
    }

    /// Ends the actor: what waits is answered, the id resigned, the state dropped, and the end announced.
    pub(super) fn finish(&self, state: Option<Box<State<A>>>, how: Terminated) {
        let links = self.fate.get().map(|fate| fate.end(None));
        let asked = || links.as_ref()?.asked.clone();
        let reason = state.as_ref().and_then(|state| state.context.exit_reason()).or_else(asked);
        let how = match (how, &reason) {
            (Terminated::Stopped, Some(reason)) => Terminated::Failed(Box::new(reason.clone())),
            (how, _) => how,
        };
        if let Some(tenure) = self.tenure()
            && !tenure.is_over()
        {
            let wants_restart = state.as_ref().and_then(|state| state.context.wants_restart());
            drop_contained(state);
            let end = End::of(how, reason);
            // Before another state can come, which may be linked again.
            if let Some(links) = links {
                links.tell(&self.system, &self.id, &end);
            }
            if tenure.vacate(end.reason.clone(), wants_restart) {
                return;
            }
            return self.gone(None, &end, None);
        }
        self.gone(state, &End::of(how, reason), links);
    }

    fn gone(&self, state: Option<Box<State<A>>>, end: &End, links: Option<Links<A::System>>) {
        self.refuse_waiting();
        self.system.resign_id(&self.id);
        drop_contained(state);
        // Someone may begin to wait at any time: what is there then is made with the actor's end in it.
        let fate = self.fate();
        for links in links.into_iter().chain([fate.end(Some(end))]) {
            links.tell(&self.system, &self.id, end);
        }
        fate.ending.set(end.how.clone());
    }

    pub(super) fn fate(&self) -> &Arc<Fate<A::System>> {
        self.fate.get_or_init(Arc::default)
    }

    pub(super) fn me(&self) -> Weak<Self> {
        self.me.clone()
    }

    /// The actor is asked to stop, and does so in order: nothing more is taken, unless another state comes.
    pub(super) fn begins_to_stop(&self) {
        if !self.may_return() {
            self.refuse_waiting();
        }
    }

    pub(super) fn tenure(&self) -> Option<&Tenure> {
        self.special.as_ref()?.tenure.as_deref()
    }

    /// Takes another state, which begins with `job`, or with what waits.
    pub(super) fn occupy(&self, state: Box<State<A>>, job: Option<Job<A>>) {
        match job {
            Some(job) => self.start(state, Some(job), Verdict::Schedule),
            None => self.give_back(state),
        }
    }

    /// There is no other state to come. Does nothing the second time.
    pub(super) fn end_for_ever(&self, how: Terminated) {
        match self.tenure().and_then(|tenure| tenure.end()) {
            Some(true) => Port::stop(self, Stop::Now),
            Some(false) => self.gone(None, &End::of(how, None), None),
            None => {}
        }
    }

    /// While there is no state, nothing is taken, and what waits is answered.
    pub(super) fn refuse_while_vacant(&self) {
        if self.tenure().is_some_and(|tenure| tenure.is_vacant()) {
            self.refuse_waiting();
        }
    }

    /// Nothing is taken any more, and what waits is answered.
    fn refuse_waiting(&self) {
        for job in self.mailbox.end() {
            self.refuse(job, SystemError::ActorStopped { outcome: Outcome::NotExecuted });
        }
    }

    /// The same from outside the actor's tasks: the state is dropped on a task of the system's.
    fn finish_elsewhere(&self, state: Box<State<A>>, how: Terminated) {
        match self.me.upgrade() {
            Some(seat) if state.is_work_to_drop() => {
                self.run_elsewhere(move || seat.finish(Some(state), how));
            }
            _ => self.finish(Some(state), how),
        }
    }

    /// Runs `end` on a task of the system's; here if there is no runtime to run one.
    pub(super) fn run_elsewhere(&self, end: impl FnOnce() + Send + 'static) {
        // Where its locality has the say, each waits for its turn.
        let of = if self.locality().is_some() { None } else { Some(std::ptr::from_ref(self.system.settings()).addr()) };
        if let Some(ends) = Ends::leave(of, Box::new(end)) {
            self.run_task(Box::pin(async move { drop(ends) }));
        }
    }

    /// An activity begins with `job`. Whether its method has proved short.
    pub(super) fn begins(&self, job: &Job<A>) -> bool {
        let is_short = match (&job.work, job.method) {
            (Work::Now(_), Some(method)) => {
                self.mailbox.is_short(method.position(), self.system.settings().inline_time_max)
            }
            _ => false,
        };
        self.mailbox.begins(is_short);
        is_short
    }

    /// Tells whoever waits for `job` that it did not run.
    pub(super) fn refuse(&self, job: Job<A>, error: SystemError) {
        let Job { method, work, answer, .. } = job;
        match answer {
            Some(answer) => answer.fail(error),
            None => self.dead_letter(method, error),
        }
        // With the arguments, which are the user's: a panic of their `Drop` shall not keep the actor from its end.
        drop_contained(work);
    }

    pub(super) fn dead_letter(&self, method: Option<&'static MethodInfo>, error: SystemError) {
        let method = method.map_or("when_local", MethodInfo::name);
        report(&self.system, DeadLetter::new(self.name(), method, error));
    }

    /// Runs `job` with the state at hand: on this task if it has proved short, else on one of its own.
    pub(super) fn start(&self, state: Box<State<A>>, job: Option<Job<A>>, verdict: Verdict) {
        let Some(seat) = self.me.upgrade() else { return };
        let activity = Activity::new(seat, job);
        let depth = match verdict {
            Verdict::Schedule => None,
            Verdict::Inline | Verdict::InlineAndMeasure => InlineDepth::enter(),
        };
        let mut activity = Box::pin(activity.run(state, depth.is_some()));
        if depth.is_some() && activity.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready() {
            return;
        }
        // Without a runtime the activity is dropped, which fails its job and ends the actor.
        self.run_task(activity);
    }

    /// The mailbox is full, and the actor was spawned with something else than to wait.
    fn overflowed(&self, mut job: Job<A>, policy: &Overflow<A>) -> Result<Enqueued<A>, Refused<A>> {
        let full = || SystemError::Overloaded { what: format!("the mailbox of actor {} is full", self.id).into() };
        match policy {
            Overflow::Wait => match self.mailbox.push(job, true, None, descends) {
                Pushed::Full(job) => Err(Refused::new(job, full())),
                pushed => self.pushed(pushed),
            },
            Overflow::Reject => Err(Refused::new(job, full())),
            Overflow::DropNewest => {
                self.refuse(job, full());
                Ok(Enqueued::Started)
            }
            Overflow::DropOldest => {
                if let Some(oldest) = self.mailbox.displace() {
                    self.refuse(oldest, full());
                }
                self.overflowed(job, &Overflow::Wait)
            }
            Overflow::Redirect(other) => match crate::ActorRef::local(other) {
                Some(local) if other.id() != &self.id && job.redirects < REDIRECTS_MAX => {
                    job.redirects += 1;
                    Ok(match local.0.enqueue(job, false)? {
                        Enqueued::Started => Enqueued::Started,
                        Enqueued::Waiting(Ticket { number, redirected }) => {
                            let redirected = redirected.or_else(|| Some(Box::new(local.clone())));
                            Enqueued::Waiting(Ticket { number, redirected })
                        }
                    })
                }
                _ => Err(Refused::new(job, full())),
            },
            Overflow::Decide(decide) => match contain(|| decide(job.method)) {
                // One decision is enough: a function that returns functions could go on for ever. One that panics has
                // made none.
                Ok(Overflow::Decide(_)) | Err(_) => Err(Refused::new(job, full())),
                Ok(decided) => self.overflowed(job, &decided),
            },
        }
    }

    fn pushed(&self, pushed: Pushed<Box<State<A>>, Job<A>>) -> Result<Enqueued<A>, Refused<A>> {
        match pushed {
            Pushed::Start(state, job, verdict) => {
                self.start(state, Some(job), verdict);
                Ok(Enqueued::Started)
            }
            Pushed::Queued(number) => Ok(Enqueued::Waiting(Ticket { number, redirected: None })),
            Pushed::Full(job) => {
                let policy = self.special.as_ref().map_or(&Overflow::Reject, |special| &special.overflow);
                self.overflowed(job, policy)
            }
            Pushed::Deadlock(job) => {
                let mut chain = job.parent.as_ref().map(CallScope::describe).unwrap_or_default();
                let method = job.method.map_or("when_local", MethodInfo::name);
                chain.push(format!("{method} of {}", self.id));
                Err(Refused::new(job, SystemError::Deadlock { chain }))
            }
            Pushed::Ended(job) => Err(Refused::new(job, self.gone_for_now())),
        }
    }

    /// Why nothing is taken: there is no such actor any more, or it is without a state.
    pub(super) fn gone_for_now(&self) -> SystemError {
        if self.may_return() { SystemError::ActorStopped { outcome: Outcome::NotExecuted } } else { self.unknown() }
    }

    /// Whether another state may come.
    fn may_return(&self) -> bool {
        self.tenure().is_some_and(|tenure| !tenure.is_over())
    }

    fn unknown(&self) -> SystemError {
        SystemError::UnknownActor { actor: self.name().into() }
    }
}

impl<A: DistributedActor> Named for Seat<A> {
    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl<A: DistributedActor> Port<A> for Seat<A> {
    #[inline]
    fn try_run(&self, method: &'static MethodInfo, open: OpenCall<'_>, run: RunNow<'_, A>) -> Tried {
        match self.mailbox.take(method.position(), self.system.settings().inline_time_max) {
            Some(taken) => self.run_taken(taken, method, open, run),
            None => self.try_run_bound(method, open, run),
        }
    }

    fn enqueue(&self, job: Job<A>, inline: bool) -> Result<Enqueued<A>, Refused<A>> {
        let judged = match job.method {
            Some(method) if inline => Some((method.position(), self.system.settings().inline_time_max)),
            _ => None,
        };
        let mut pushed = self.mailbox.push(job, self.waits_for_room(), judged, descends);
        if inline
            && let Pushed::Start(_, _, verdict) = &mut pushed
            && self.is_within()
        {
            *verdict = Verdict::Inline;
        }
        self.pushed(pushed)
    }

    fn notify(&self, job: Job<A>) {
        if let Err(refused) = self.pushed(self.mailbox.push(job, true, None, descends)) {
            self.refuse(*refused.job, refused.error);
        }
    }

    fn poll_admitted(&self, ticket: u64, waker: &Waker) -> Poll<()> {
        self.mailbox.poll_admitted(ticket, waker)
    }

    fn withdraw(&self, ticket: u64) -> bool {
        self.mailbox.withdraw(ticket).is_some()
    }

    fn stop(&self, stop: Stop) {
        if stop == Stop::Now || !self.waits_for_clients() {
            self.stop_itself(stop);
        }
    }

    fn ended(&self) -> Ended {
        Ended::new(self.fate().clone())
    }

    fn id(&self) -> &IdOf<A> {
        &self.id
    }

    fn system(&self) -> &A::System {
        &self.system
    }

    fn erase(self: Arc<Self>) -> AnyLocal<A::System> {
        AnyLocal(self)
    }
}

impl<A: DistributedActor> Seat<A> {
    /// Runs a `fn` with the state that was taken for it.
    #[inline(always)]
    pub(super) fn run_taken(
        &self,
        (mut state, verdict): (Box<State<A>>, Verdict),
        method: &'static MethodInfo,
        open: OpenCall<'_>,
        run: RunNow<'_, A>,
    ) -> Tried {
        let started = (verdict == Verdict::InlineAndMeasure).then(now);
        let ran = if method.uses_context() {
            match open() {
                Ok(opened) => self.run_in_scope(&mut state, method, opened, run),
                Err(error) => {
                    self.give_back(state);
                    return Tried::Refused(error);
                }
            }
        } else {
            let _span = call_span(method, &self.id, || open().ok()?.trace).map(Span::entered);
            let State { actor, context } = &mut *state;
            contain(|| run(actor, context))
        };
        if let Some(started) = started {
            self.measured(method, now().saturating_duration_since(started));
        }
        match ran {
            Ok(()) => {
                self.give_back(state);
                Tried::Ran
            }
            Err(message) => {
                state.context.panicked(Some(method), message.as_deref());
                self.finish_elsewhere(state, Terminated::Panicked);
                Tried::Panicked(message)
            }
        }
    }

    pub(super) fn stop_itself(&self, stop: Stop) {
        match self.mailbox.stop(stop) {
            // An activity sees to it that it stops in order.
            Some(state) if A::HAS_ON_STOP && stop < Stop::Now => self.start(state, None, Verdict::Schedule),
            Some(state) => self.finish_elsewhere(state, Terminated::Stopped),
            None => {}
        }
    }

    fn run_in_scope(
        &self,
        state: &mut State<A>,
        method: &'static MethodInfo,
        opened: crate::call::Opened,
        run: RunNow<'_, A>,
    ) -> Result<(), Option<Box<str>>> {
        let _span = call_span(method, &self.id, || opened.trace).map(Span::entered);
        let mut scope = self.open_scope(method, opened);
        state.context.scope.clone_from(&scope);
        let State { actor, context } = state;
        let ran = within(&mut scope, || contain(|| run(actor, context)));
        context.scope = None;
        ran
    }

    #[inline]
    fn give_back(&self, state: Box<State<A>>) {
        if let Some(state) = self.mailbox.restore(state) {
            self.start(state, None, Verdict::Schedule);
        }
    }
}

impl<A: DistributedActor> AnyPort<A::System> for Seat<A> {
    fn method(&self, hash: u64) -> Option<&'static MethodInfo> {
        A::METHODS.iter().map(|entry| entry.info).find(|info| info.hash() == hash)
    }

    fn execute(
        &self,
        method: &'static MethodInfo,
        decoder: DecoderOf<A>,
        handler: HandlerOf<A>,
        call: IncomingCall,
    ) -> Option<CancelToken> {
        match A::METHODS.get(method.position()) {
            Some(entry) if entry.info.hash() == method.hash() => (entry.execute)(self, decoder, handler, call),
            _ => {
                handler.on_failure(SystemError::UnknownMethod { method: method.name().into() });
                None
            }
        }
    }

    fn stop(&self, stop: Stop) {
        Port::stop(self, stop);
    }

    fn stop_itself(&self) {
        Seat::stop_itself(self, Stop::AfterCurrent);
    }

    fn trap(&self) {
        Seat::trap(self);
    }

    fn bind(&self, id: IdOf<A>, local: Option<AnyLocal<A::System>>, bond: Bond) {
        Seat::bind(self, id, local, bond);
    }

    fn bound(&self, from: IdOf<A>, peer: WeakAnyLocal<A::System>, bond: Bond) -> Result<(), End> {
        Seat::bound(self, from, peer, bond)
    }

    fn unbind(&self, id: &IdOf<A>) {
        Seat::unbind(self, id);
    }

    fn parted(&self, from: &IdOf<A>, bond: Bond) {
        Seat::parted(self, from, bond);
    }

    fn link_signal(&self, from: IdOf<A>, signal: LinkSignal) {
        Seat::link_signal(self, from, signal);
    }

    fn linked_has_ended(&self, from: &IdOf<A>, end: &End) {
        Seat::linked_has_ended(self, from, end);
    }

    fn has_on_stop(&self) -> bool {
        A::HAS_ON_STOP
    }

    fn is_stopped_in_turn(&self) -> bool {
        self.tenure().is_some_and(|tenure| tenure.is_stopped_in_turn)
    }

    fn ended(&self) -> Ended {
        Port::ended(self)
    }

    fn has_ended(&self) -> bool {
        self.mailbox.has_ended() && !self.may_return()
    }

    fn into_local(self: Arc<Self>) -> Box<dyn std::any::Any> {
        Box::new(Local::<A>(self))
    }

    fn type_name(&self) -> &'static str {
        std::any::type_name::<A>()
    }
}

impl<A: DistributedActor> Drop for Seat<A> {
    /// The last reference has gone while the actor was idle.
    fn drop(&mut self) {
        let Some(state) = self.mailbox.take_idle_state() else { return };
        self.system.resign_id(&self.id);
        let ending = self.fate.take().map(|fate| Unsaid { fate, system: self.system.clone(), id: self.id.clone() });
        if A::HAS_ON_STOP {
            let mut last = Last { state: Some(state), ending };
            let stopped = async move {
                if let Some(state) = &mut last.state {
                    hooks::stop(state, |_| false).await;
                }
                drop(last);
            };
            return self.run_task(Box::pin(stopped));
        }
        let is_work = state.is_work_to_drop();
        let end = move || drop(Last { state: Some(state), ending });
        if is_work { self.run_elsewhere(end) } else { end() }
    }
}

/// What is left of an actor without references. Dropped, it has ended.
struct Last<A: DistributedActor> {
    state: Option<Box<State<A>>>,
    ending: Option<Unsaid<A>>,
}

/// What is needed to tell others of an actor's end.
struct Unsaid<A: DistributedActor> {
    fate: Arc<Fate<A::System>>,
    system: A::System,
    id: IdOf<A>,
}

impl<A: DistributedActor> Drop for Last<A> {
    fn drop(&mut self) {
        drop_contained(self.state.take());
        if let Some(Unsaid { fate, system, id }) = self.ending.take() {
            let end = End::of(Terminated::Stopped, None);
            fate.end(Some(&end)).tell(&system, &id, &end);
            fate.ending.set(Terminated::Stopped);
        }
    }
}

impl<A: DistributedActor> State<A> {
    /// Whether dropping it runs code of the user's, or that of other actors' ends.
    fn is_work_to_drop(&self) -> bool {
        mem::needs_drop::<A>() || self.context.has_children()
    }
}

/// Whether `job` descends from a call that runs.
fn descends<A: DistributedActor>(job: &Job<A>, runs: &dyn Fn(u64) -> bool) -> bool {
    job.parent.as_ref().is_some_and(|parent| parent.descends_from(runs))
}

/// One more actor that runs on this stack.
struct InlineDepth;

thread_local! {
    static INLINE_DEPTH: Cell<u32> = const { Cell::new(0) };
}

impl InlineDepth {
    /// None where an `async fn` cannot be begun: outside a runtime, whose timers and tasks it may ask for, or too deep.
    fn enter() -> Option<Self> {
        tokio::runtime::Handle::try_current().ok()?;
        let depth = INLINE_DEPTH.get();
        (depth < INLINE_DEPTH_MAX).then(|| {
            INLINE_DEPTH.set(depth + 1);
            Self
        })
    }
}

impl Drop for InlineDepth {
    fn drop(&mut self) {
        INLINE_DEPTH.set(INLINE_DEPTH.get().saturating_sub(1));
    }
}

/// The span of one call; none unless somebody may want it. Only if somebody does, `trace` is asked for.
///
/// Where any crate of the program has asked `tracing` for its feature `log`, a span that nobody listens to takes as long as
/// the rest of a local call, and to enter `Span::none()` an eighth of it.
#[inline]
pub(super) fn call_span(
    method: &'static MethodInfo,
    actor: &dyn std::fmt::Display,
    trace: impl FnOnce() -> Option<TraceParent>,
) -> Option<Span> {
    (LevelFilter::current() >= LevelFilter::DEBUG).then(|| {
        let span = tracing::debug_span!(
            "actor_call",
            otel.name = method.name(),
            method = method.name(),
            actor = %actor,
            traceparent = tracing::field::Empty,
        );
        if !span.is_disabled() {
            record_trace(&span, trace());
        }
        span
    })
}

#[cold]
fn record_trace(span: &Span, trace: Option<TraceParent>) {
    if let Some(trace) = trace {
        span.record("traceparent", tracing::field::display(trace));
    }
}
