//! An actor that ends in every way there is.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use distributed_actor::{ActorRef, CallError, Context, Node, Outcome, SystemError, Terminated, distributed_actor};
use tokio::sync::Semaphore;

/// What a test sees of its actor from outside.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) ran: Arc<AtomicU32>,
    /// The task that the state was dropped on.
    pub(crate) dropped_on: Arc<Mutex<Option<String>>>,
    pub(crate) panics_when_dropped: Arc<AtomicBool>,
}

impl Seen {
    pub(crate) fn new() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            ran: Arc::default(),
            dropped_on: Arc::default(),
            panics_when_dropped: Arc::default(),
        }
    }

    pub(crate) fn ran(&self) -> u32 {
        self.ran.load(Ordering::SeqCst)
    }

    pub(crate) fn dropped_on(&self) -> Option<String> {
        self.dropped_on.lock().unwrap().clone()
    }
}

pub(crate) fn current_task() -> String {
    format!("{:?}", tokio::task::try_id())
}

pub(crate) struct Mortal {
    pub(crate) seen: Seen,
    pub(crate) children: Vec<ActorRef<Mortal>>,
}

impl Drop for Mortal {
    fn drop(&mut self) {
        *self.seen.dropped_on.lock().unwrap() = Some(current_task());
        if self.seen.panics_when_dropped.load(Ordering::SeqCst) {
            panic!("expected: in drop");
        }
    }
}

/// Panics again when it is dropped: what is thrown may do so, too.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("expected: the payload's drop");
    }
}

#[distributed_actor]
impl Mortal {
    #[distributed]
    pub(crate) fn run(&mut self) -> u32 {
        self.seen.ran.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[distributed]
    pub(crate) async fn gated(&mut self) -> u32 {
        self.seen.gate.acquire().await.unwrap().forget();
        self.seen.ran.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[distributed]
    pub(crate) fn break_if(&mut self, really: bool) {
        assert!(!really, "expected: {really}");
    }

    #[distributed]
    pub(crate) async fn break_before_await_if(&mut self, really: bool) {
        assert!(!really, "expected");
        tokio::task::yield_now().await;
    }

    #[distributed]
    pub(crate) async fn break_after_await_if(&mut self, really: bool) {
        self.seen.gate.acquire().await.unwrap().forget();
        assert!(!really, "expected");
    }

    #[distributed]
    pub(crate) fn throw(&mut self, really: bool) {
        if really {
            std::panic::panic_any(Bomb);
        }
    }

    /// Panics when it is given up.
    #[distributed]
    pub(crate) async fn break_when_dropped(&mut self) {
        let _bomb = Bomb;
        std::future::pending().await
    }

    #[distributed]
    pub(crate) async fn stop_myself(&mut self, #[ctx] ctx: &Context<Self>) -> u32 {
        ctx.stop();
        tokio::task::yield_now().await;
        self.seen.ran.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[distributed]
    pub(crate) fn stop_myself_if(&mut self, #[ctx] ctx: &Context<Self>, really: bool) {
        if really {
            ctx.stop();
        }
    }

    #[distributed]
    pub(crate) fn bear(&mut self, #[ctx] ctx: &Context<Self>, keep: bool) -> ActorRef<Mortal> {
        let child = ctx.spawn(Mortal { seen: self.seen.clone(), children: Vec::new() });
        if keep {
            self.children.push(child.clone());
        }
        child
    }

    #[distributed]
    pub(crate) async fn break_a_child(&mut self, #[ctx] ctx: &Context<Self>) -> String {
        let child = ctx.spawn(Mortal { seen: self.seen.clone(), children: Vec::new() });
        let watched = ctx.watch(&child);
        let broken = child.break_if(true).await;
        format!("{} / {:?}", broken.unwrap_err(), watched.await)
    }
}

pub(crate) async fn mortal() -> (Node, ActorRef<Mortal>, Seen) {
    let node = Node::builder().start().await.unwrap();
    let (actor, seen) = another(&node);
    (node, actor, seen)
}

pub(crate) fn another(node: &Node) -> (ActorRef<Mortal>, Seen) {
    let seen = Seen::new();
    (node.spawn(Mortal { seen: seen.clone(), children: Vec::new() }), seen)
}

pub(crate) fn system<T: std::fmt::Debug>(result: Result<T, CallError>) -> SystemError {
    match result {
        Err(CallError::System(error)) => error,
        Ok(value) => panic!("{value:?}"),
    }
}

pub(crate) fn stopped(outcome: Outcome) -> SystemError {
    SystemError::ActorStopped { outcome }
}

pub(crate) fn assert_panicked(error: &SystemError, method: &str) {
    assert_eq!(error.outcome(), Outcome::Executed);
    match error {
        SystemError::Panicked { method: known, message } => {
            assert!(known.ends_with(method), "{known}");
            assert!(message.as_deref().is_some_and(|text| text.starts_with("expected")), "{message:?}");
        }
        other => panic!("{other:?}"),
    }
}

/// The actor has ended; its node and the others on it live on.
pub(crate) async fn assert_gone(node: &Node, actor: &ActorRef<Mortal>, how: Terminated) {
    assert_eq!(actor.terminated().await, how);
    let error = system(actor.run().await);
    assert!(matches!(&error, SystemError::UnknownActor { actor: id } if **id == *actor.to_string()), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    assert!(matches!(system(actor.gated().await), SystemError::UnknownActor { .. }));
    assert!(matches!(actor.run().cast().await, Err(SystemError::UnknownActor { .. })));
    assert_eq!(actor.when_local(|_| ()).await, None);
    assert!(node.resolve::<Mortal>(actor.id()).is_err());
    assert_eq!(another(node).0.run().await.unwrap(), 1);
}
