//! The actor that is started, by one constructor for each way to do it.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use distributed_actor::{ActorRef, CallError, Context, NodeId, distributed_actor};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("no work for {name}")]
pub(crate) struct NoWork {
    pub(crate) name: String,
}

/// The compiler knows that it is a `Result`.
type Made<T> = Result<T, NoWork>;

pub(crate) struct PingWorker {
    name: String,
    friends: Vec<ActorRef<PingWorker>>,
}

/// Constructors that have begun and not ended, in all tests together.
pub(crate) static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// What `blocks` waits for.
pub(crate) static GATE: AtomicBool = AtomicBool::new(false);

#[distributed_actor]
impl PingWorker {
    /// The one of the surface.
    #[distributed(spawn)]
    pub(crate) fn create(name: String) -> Self {
        PingWorker { name, friends: Vec::new() }
    }

    #[distributed(spawn)]
    pub(crate) async fn create_slowly(name: String, time: Duration) -> Self {
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        let under_way = UnderWay;
        tokio::time::sleep(time).await;
        drop(under_way);
        PingWorker { name, friends: Vec::new() }
    }

    #[distributed(spawn)]
    pub(crate) fn with_friends(name: String, friends: Vec<ActorRef<Self>>) -> PingWorker {
        PingWorker { name, friends }
    }

    #[distributed(spawn)]
    pub(crate) fn of_a_long_name(name: String) -> Result<Self, NoWork> {
        if name.len() < 3 { Err(NoWork { name }) } else { Ok(Self::create(name)) }
    }

    #[distributed(spawn)]
    pub(crate) async fn of_an_alias(name: String) -> Made<Self> {
        tokio::task::yield_now().await;
        if name.is_empty() { Err(NoWork { name }) } else { Ok(Self::create(name)) }
    }

    /// Keeps its thread until the test opens the gate.
    #[distributed(spawn)]
    pub(crate) fn blocks() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        while !GATE.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
        Self::create("blocks".into())
    }

    #[distributed(spawn)]
    pub(crate) fn panics(text: String) -> Self {
        panic!("{text}");
    }

    /// Asks a friend before there is an actor.
    #[distributed(spawn)]
    pub(crate) async fn greeted_by(friend: ActorRef<Self>) -> Result<Self, String> {
        match friend.ping("hello".into()).await {
            Ok(name) => Ok(Self::create(name)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What a constructor learns of its surroundings.
    #[distributed(spawn)]
    pub(crate) fn surrounded(_: Bytes, #[ctx] ctx: &Context<Self>) -> Self {
        let from = ctx.caller().and_then(|caller| caller.node());
        Self::create(format!("{from:?} {} {}", ctx.deadline().is_some(), ctx.trace_parent().is_some()))
    }

    #[distributed(spawn, name = "another name")]
    pub(crate) fn renamed() -> Self {
        Self::create("renamed".into())
    }

    #[distributed]
    pub(crate) fn ping(&self, message: String) -> String {
        format!("ack from {}, msg got: {message}", self.name)
    }

    #[distributed]
    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    #[distributed]
    pub(crate) fn friends(&self) -> Vec<ActorRef<Self>> {
        self.friends.clone()
    }

    #[distributed]
    pub(crate) fn panic(&mut self) {
        panic!("as asked");
    }

    /// Starts another one that asks this one, which waits for it.
    #[distributed]
    pub(crate) async fn start_one_that_asks_me(
        &mut self,
        #[ctx] ctx: &Context<Self>,
        node: NodeId,
    ) -> Result<String, String> {
        let me = ctx.actor_ref();
        match ctx.system().spawn_on(node, Self::spawn_greeted_by(me)).await {
            Ok(_) => Ok("it was started".into()),
            Err(CallError::Actor(error)) => Err(error),
            Err(CallError::System(error)) => Err(format!("system: {error}")),
        }
    }
}

struct UnderWay;

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    }
}
