//! A reentrant actor that writes down what it does, and its nodes.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use distributed_actor::{ActorRef, CallError, Context, Node, Outcome, SystemError, distributed_actor};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

pub(crate) type Path = Vec<ActorRef<Hub>>;

/// Shared by an actor and its test.
#[derive(Clone, Default)]
pub(crate) struct Hub {
    /// `n` for the begin of call number `n`, `-n` for its end.
    log: Arc<Mutex<Vec<i32>>>,
    /// What each call waits for.
    gates: Arc<Mutex<HashMap<i32, Arc<Semaphore>>>>,
    running: Arc<AtomicBool>,
}

/// What a call does at the end of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Last {
    Note,
    Wait,
    Change,
    WhenLocal,
}

#[distributed_actor(reentrant)]
impl Hub {
    /// Ends when its gate is opened.
    #[distributed]
    pub(crate) async fn wait(&self, number: i32) {
        let inside = Inside(self, number);
        inside.begin();
        self.watched(self.gate(number).acquire()).await.unwrap().forget();
        inside.end();
    }

    #[distributed]
    pub(crate) fn note(&self, number: i32) {
        let _step = self.step();
        self.write(number);
    }

    #[distributed]
    pub(crate) async fn note_later(&self, number: i32) {
        self.watched(tokio::task::yield_now()).await;
        self.write(number);
    }

    #[distributed]
    pub(crate) fn change(&mut self, number: i32) {
        let _step = self.step();
        self.write(number);
    }

    #[distributed]
    pub(crate) async fn change_slowly(&mut self, number: i32) {
        self.write(number);
        self.watched(self.gate(number).acquire()).await.unwrap().forget();
        self.write(-number);
    }

    /// Yields now and then.
    #[distributed]
    pub(crate) async fn stroll(&self, steps: u32) {
        for _ in 0..steps {
            self.watched(tokio::task::yield_now()).await;
        }
    }

    #[distributed]
    pub(crate) async fn march(&mut self, steps: u32) {
        for _ in 0..steps {
            self.watched(tokio::task::yield_now()).await;
        }
    }

    /// Goes along the path, and does the last thing at its end.
    #[distributed]
    pub(crate) async fn go(&self, number: i32, path: Path, last: Last) -> Result<(), String> {
        self.write(number);
        self.watched(along(number, path, last)).await?;
        self.write(-number);
        Ok(())
    }

    /// The same for an actor alone.
    #[distributed]
    pub(crate) async fn go_alone(&mut self, number: i32, path: Path, last: Last) -> Result<(), String> {
        along(number, path, last).await
    }

    #[distributed]
    pub(crate) async fn call_itself(&self, #[ctx] ctx: &Context<Self>, depth: i32) -> i32 {
        let Some(less) = depth.checked_sub(1).filter(|less| *less >= 0) else { return 0 };
        1 + ctx.actor_ref().call_itself(less).await.unwrap()
    }

    /// Calls itself so often at once.
    #[distributed]
    pub(crate) async fn fan_out(&self, #[ctx] ctx: &Context<Self>, calls: i32) -> i32 {
        let me = ctx.actor_ref();
        let calls = (0..calls).map(|_| me.call_itself(1).into_future());
        futures::future::join_all(calls).await.into_iter().map(Result::unwrap).sum()
    }

    /// Begins a call of itself that waits, and gives it up when the gate of `number` is opened.
    #[distributed]
    pub(crate) async fn give_up(&self, #[ctx] ctx: &Context<Self>, number: i32, nested: i32) {
        let me = ctx.actor_ref();
        self.write(number);
        let gate = self.gate(number);
        tokio::select! {
            permit = gate.acquire() => permit.unwrap().forget(),
            _ = me.wait(nested).into_future() => {}
        }
        self.write(-number);
    }

    #[distributed]
    pub(crate) async fn panic_later(&self, number: i32) {
        let inside = Inside(self, number);
        inside.begin();
        self.watched(self.gate(number).acquire()).await.unwrap().forget();
        panic!("expected");
    }

    #[distributed]
    pub(crate) fn panic_now(&self) {
        panic!("expected");
    }

    /// Runs to its end, whatever its caller does.
    #[distributed(complete)]
    pub(crate) async fn complete(&self, number: i32) {
        self.write(number);
        self.watched(self.gate(number).acquire()).await.unwrap().forget();
        self.write(-number);
    }

    /// Spawns an actor, and waits.
    #[distributed]
    pub(crate) async fn spawn(&self, #[ctx] ctx: &Context<Self>, number: i32) {
        let child = ctx.spawn(self.sibling());
        child.note(number).await.unwrap();
        let resolved = ctx.system().resolve::<Self>(child.id());
        drop(child);
        self.watched(self.gate(number).acquire()).await.unwrap().forget();
        resolved.unwrap().note(-number).await.unwrap();
    }

    /// Who called, as it is before and after an await.
    #[distributed]
    pub(crate) async fn caller(&self, #[ctx] ctx: &Context<Self>, number: i32) -> (Option<String>, Option<u64>) {
        let seen = || (ctx.caller().map(|caller| caller.actor()), ctx.deadline().map(millis_left));
        let before = seen();
        self.watched(self.gate(number).acquire()).await.unwrap().forget();
        assert_eq!(seen().0, before.0);
        before
    }

    #[distributed]
    pub(crate) async fn ask_for_caller(&self, of: ActorRef<Hub>, number: i32) -> (Option<String>, Option<u64>) {
        of.caller(number).await.unwrap()
    }
}

fn millis_left(deadline: std::time::Instant) -> u64 {
    let left = deadline.saturating_duration_since(tokio::time::Instant::now().into_std());
    u64::try_from(left.as_millis()).unwrap()
}

async fn along(number: i32, mut path: Path, last: Last) -> Result<(), String> {
    let next = path.remove(0);
    if !path.is_empty() {
        return next.go(number + 1, path, last).await.map_err(|error| match error {
            CallError::Actor(error) => error,
            CallError::System(error) => error.to_string(),
        });
    }
    match last {
        Last::Note => next.note(number + 1).await,
        Last::Wait => next.wait(number + 1).await,
        Last::Change => next.change(number + 1).await,
        Last::WhenLocal => {
            return next.when_local(|_| ()).await.ok_or_else(|| "when_local is none".into());
        }
    }
    .map_err(|error| error.to_string())
}

/// Writes the end of a call down, also of one that is given up.
struct Inside<'a>(&'a Hub, i32);

impl Inside<'_> {
    fn begin(&self) {
        self.0.write(self.1);
    }

    fn end(self) {}
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.write(-self.1);
    }
}

/// While it lives no other step may begin.
struct Step<'a>(&'a AtomicBool);

impl Drop for Step<'_> {
    fn drop(&mut self) {
        assert!(self.0.swap(false, Ordering::SeqCst), "two methods of one actor run at the same instant");
    }
}

impl Hub {
    fn step(&self) -> Step<'_> {
        assert!(!self.running.swap(true, Ordering::SeqCst), "two methods of one actor run at the same instant");
        Step(&self.running)
    }

    /// Each poll is a step.
    async fn watched<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _step = self.step();
            future.as_mut().poll(cx)
        })
        .await
    }

    fn write(&self, entry: i32) {
        self.log.lock().unwrap().push(entry);
    }

    fn gate(&self, number: i32) -> Arc<Semaphore> {
        self.gates.lock().unwrap().entry(number).or_insert_with(|| Arc::new(Semaphore::new(0))).clone()
    }

    /// Another actor that writes into the same log.
    pub(crate) fn sibling(&self) -> Self {
        Self { running: Arc::default(), ..self.clone() }
    }

    pub(crate) fn open(&self, number: i32) {
        self.gate(number).add_permits(1);
    }

    /// Forgets the gate, open or not.
    pub(crate) fn close(&self, number: i32) {
        self.gates.lock().unwrap().remove(&number);
    }

    pub(crate) fn log(&self) -> Vec<i32> {
        self.log.lock().unwrap().clone()
    }

    /// What was written since, once all that can go on has done so.
    pub(crate) async fn written(&self) -> Vec<i32> {
        settled().await;
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

/// Waits, in virtual time, until nothing can go on.
pub(crate) async fn settled() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// A node with a hub on it.
pub(crate) async fn hub() -> (Node, ActorRef<Hub>, Hub) {
    let node = Node::builder().start().await.unwrap();
    let hub = Hub::default();
    let actor = node.spawn(hub.clone());
    (node, actor, hub)
}

/// Makes a call in a task of its own. Calls that are begun like this are first polled in this order.
macro_rules! begin {
    ($actor:ident.$method:ident($($argument:expr),*) $(.$option:ident($value:expr))*) => {{
        let actor = $actor.clone();
        tokio::spawn(async move { actor.$method($($argument),*)$(.$option($value))*.await })
    }};
}
pub(crate) use begin;

pub(crate) fn system<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, CallError<E>>) -> SystemError {
    match result.unwrap_err() {
        CallError::System(error) => error,
        CallError::Actor(error) => panic!("{error:?}"),
    }
}

pub(crate) fn stopped(outcome: Outcome) -> SystemError {
    SystemError::ActorStopped { outcome }
}
