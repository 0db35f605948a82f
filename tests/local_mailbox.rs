//! A mailbox is bounded; what does not fit waits or goes where its actor's options say, and is never lost in silence.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    pin::pin,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{
    ActorRef, CallError, DeadLetter, Limits, Node, Outcome, Overflow, SpawnOptions, SystemError, distributed_actor,
};
use futures::{future::join_all, poll};
use tokio::sync::Semaphore;

#[derive(Clone)]
struct Keeper {
    log: Arc<Mutex<Vec<u32>>>,
    gate: Arc<Semaphore>,
}

#[distributed_actor]
impl Keeper {
    #[distributed]
    fn note(&mut self, entry: u32) {
        self.log.lock().unwrap().push(entry);
    }

    #[distributed]
    fn other_note(&mut self, entry: u32) {
        self.log.lock().unwrap().push(entry);
    }

    #[distributed]
    async fn hold(&mut self) {
        self.gate.acquire().await.unwrap().forget();
    }

    #[distributed]
    fn fail(&mut self) {
        panic!("expected");
    }
}

impl Keeper {
    fn new() -> Self {
        Self { log: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
    }

    fn log(&self) -> Vec<u32> {
        self.log.lock().unwrap().clone()
    }

    /// An actor that is at work until its gate is opened.
    async fn spawn_busy(&self, node: &Node, options: SpawnOptions<Self>) -> ActorRef<Self> {
        let actor = node.spawn_with(self.clone(), options);
        actor.hold().cast().await.unwrap();
        actor
    }

    async fn finish(&self, actor: &ActorRef<Self>) {
        self.gate.add_permits(1);
        // Refused while there is no room.
        while actor.when_local(|_| ()).await.is_none() {
            tokio::task::yield_now().await;
        }
    }
}

type Letters = Arc<Mutex<Vec<DeadLetter>>>;

async fn node() -> (Node, Letters) {
    let letters = Letters::default();
    let hook = letters.clone();
    let hook = move |letter: &DeadLetter| hook.lock().unwrap().push(letter.clone());
    (Node::builder().on_dead_letter(hook).start().await.unwrap(), letters)
}

/// The mailbox of one message, and one in it.
async fn full(overflow: Overflow<Keeper>) -> (Node, Letters, ActorRef<Keeper>, Keeper) {
    let (node, letters) = node().await;
    let keeper = Keeper::new();
    let actor = keeper.spawn_busy(&node, SpawnOptions::new().mailbox(1).overflow(overflow)).await;
    actor.note(1).cast().await.unwrap();
    (node, letters, actor, keeper)
}

fn assert_overloaded(error: &SystemError, actor: &ActorRef<Keeper>) {
    assert!(matches!(error, SystemError::Overloaded { what } if what.contains(&actor.to_string())), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

fn system<T: std::fmt::Debug>(result: Result<T, CallError>) -> SystemError {
    match result {
        Err(CallError::System(error)) => error,
        Ok(value) => panic!("{value:?}"),
    }
}

fn methods(letters: &Letters) -> Vec<String> {
    let letters = letters.lock().unwrap();
    letters.iter().map(|letter| letter.method.rsplit("::").next().unwrap().to_owned()).collect()
}

/// R67
#[tokio::test(start_paused = true)]
async fn a_cast_waits_for_room_in_order() {
    let (_node, _letters, actor, keeper) = full(Overflow::Wait).await;
    let (mut two, mut three) = (actor.note(2).cast(), actor.note(3).cast());
    assert!(poll!(&mut two).is_pending() && poll!(&mut three).is_pending());
    // A call waits behind them.
    let mut four = actor.note(4).into_future();
    assert!(poll!(&mut four).is_pending());
    keeper.gate.add_permits(1);
    two.await.unwrap();
    three.await.unwrap();
    four.await.unwrap();
    assert_eq!(keeper.log(), [1, 2, 3, 4]);
}

/// R67
#[tokio::test(start_paused = true)]
async fn a_mailbox_has_room_for_1024_unless_its_node_or_actor_says_otherwise() {
    let (node, _) = node().await;
    let mut limits = Limits::default();
    limits.mailbox_length_max = 3;
    let small = Node::builder().limits(limits).start().await.unwrap();
    for (node, options, room) in [
        (&node, SpawnOptions::new(), 1024),
        (&node, SpawnOptions::new().mailbox(5), 5),
        (&node, SpawnOptions::new().mailbox(0), 1),
        (&small, SpawnOptions::new(), 3),
    ] {
        let keeper = Keeper::new();
        let actor = keeper.spawn_busy(node, options).await;
        for entry in 0..room {
            actor.note(entry).cast().await.unwrap();
        }
        assert!(poll!(actor.note(room).cast()).is_pending());
    }
}

/// R67
#[tokio::test(start_paused = true)]
async fn a_cast_that_finds_no_room_in_time_is_not_executed() {
    let (_node, letters, actor, keeper) = full(Overflow::Wait).await;
    let timeout = Duration::from_secs(2);
    let started = tokio::time::Instant::now();
    let error = actor.note(2).timeout(timeout).cast().await.unwrap_err();
    assert_eq!(error, SystemError::Deadline { after: timeout, outcome: Outcome::NotExecuted });
    assert_eq!(started.elapsed(), timeout);
    // One that is dropped while it waits does not run either.
    let mut dropped = actor.note(3).cast();
    assert!(poll!(&mut dropped).is_pending());
    drop(dropped);
    keeper.finish(&actor).await;
    assert_eq!(keeper.log(), [1]);
    assert!(letters.lock().unwrap().is_empty());
}

/// R67
#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_its_room_to_others() {
    let (node, _) = node().await;
    let keeper = Keeper::new();
    let actor = keeper.spawn_busy(&node, SpawnOptions::new().mailbox(1)).await;
    for _ in 0..10 {
        let mut call = actor.note(1).into_future();
        assert!(poll!(&mut call).is_pending());
        let mut cast = actor.note(2).cast();
        assert!(poll!(&mut cast).is_pending());
        drop(call);
        cast.await.unwrap();
        let late = actor.note(3).timeout(Duration::from_millis(1)).await;
        assert!(matches!(system(late), SystemError::Deadline { outcome: Outcome::NotExecuted, .. }));
        // Makes room for the next round.
        let mut looked = Box::pin(actor.when_local(|_| ()));
        assert!(poll!(&mut looked).is_pending());
        drop(looked);
        keeper.gate.add_permits(1);
        actor.hold().cast().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(keeper.log(), [2; 10]);
}

/// R67
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_room_hears_of_the_actors_end() {
    let (node, letters, actor, keeper) = full(Overflow::Wait).await;
    let mut waiting = actor.note(2).cast();
    let mut called = actor.note(3).into_future();
    assert!(poll!(&mut waiting).is_pending() && poll!(&mut called).is_pending());
    let stopped = actor.stop();
    keeper.gate.add_permits(1);
    waiting.await.unwrap();
    stopped.await;
    assert_eq!(system(called.await), SystemError::ActorStopped { outcome: Outcome::NotExecuted });
    assert!(keeper.log().is_empty());
    assert_eq!(methods(&letters), ["note", "note"]);
    assert_eq!(node.dead_letters(), 2);
}

/// R67
#[tokio::test(start_paused = true)]
async fn reject_refuses_calls_and_casts() {
    let (_node, letters, actor, keeper) = full(Overflow::Reject).await;
    assert_overloaded(&system(actor.note(2).await), &actor);
    assert_overloaded(&actor.note(3).cast().await.unwrap_err(), &actor);
    assert_eq!(actor.when_local(|_| ()).await, None);
    keeper.finish(&actor).await;
    assert_eq!(keeper.log(), [1]);
    assert!(letters.lock().unwrap().is_empty(), "their callers know");
}

/// R62, R67
#[tokio::test(start_paused = true)]
async fn drop_newest_refuses_calls_and_drops_casts() {
    let (_node, letters, actor, keeper) = full(Overflow::DropNewest).await;
    assert_overloaded(&system(actor.note(2).await), &actor);
    actor.other_note(3).cast().await.unwrap();
    keeper.finish(&actor).await;
    assert_eq!(keeper.log(), [1]);
    assert_eq!(methods(&letters), ["other_note"]);
    assert_overloaded(&letters.lock().unwrap()[0].error, &actor);
}

/// R62, R67
#[tokio::test(start_paused = true)]
async fn drop_oldest_makes_room_for_the_newest() {
    let (_node, letters, actor, keeper) = full(Overflow::DropOldest).await;
    let mut call = actor.note(2).into_future();
    assert!(poll!(&mut call).is_pending());
    assert_eq!(methods(&letters), ["note"]);
    actor.other_note(3).cast().await.unwrap();
    assert_overloaded(&system(call.await), &actor);
    keeper.gate.add_permits(1);
    while keeper.log().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!((keeper.log(), methods(&letters)), (vec![3], vec!["note".to_owned()]));
}

/// R67
#[tokio::test(start_paused = true)]
async fn redirect_hands_messages_to_another_actor_and_waits_for_its_room() {
    let (node, letters) = node().await;
    let other_keeper = Keeper::new();
    let other = other_keeper.spawn_busy(&node, SpawnOptions::new().mailbox(1)).await;
    let keeper = Keeper::new();
    let options = SpawnOptions::new().mailbox(2).overflow(Overflow::Redirect(other.clone()));
    let actor = keeper.spawn_busy(&node, options).await;
    for entry in 1..=3 {
        // The third one finds room at the other.
        actor.note(entry).cast().await.unwrap();
    }
    let mut call = actor.note(4).into_future();
    let (mut given_up, mut late, mut dropped) =
        (actor.note(5).into_future(), actor.note(6).cast(), actor.note(7).cast());
    assert!(poll!(&mut call).is_pending() && poll!(&mut given_up).is_pending());
    assert!(poll!(&mut late).is_pending() && poll!(&mut dropped).is_pending());
    // Taken back where they wait, and nowhere else.
    drop((given_up, dropped));
    keeper.gate.add_permits(1);
    while keeper.log() != [1, 2] {
        tokio::task::yield_now().await;
    }
    assert!(poll!(&mut late).is_pending(), "the other has no room yet");
    other_keeper.gate.add_permits(1);
    call.await.unwrap();
    late.await.unwrap();
    other_keeper.finish(&other).await;
    assert_eq!(other_keeper.log(), [3, 4, 6]);
    assert!(letters.lock().unwrap().is_empty());
}

/// R67
#[tokio::test(start_paused = true)]
async fn redirect_refuses_what_the_other_cannot_take() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let remote: ActorRef<Keeper> = a.resolve(b.spawn(Keeper::new()).id()).unwrap();
    let ended = a.spawn(Keeper::new());
    ended.stop().await;
    for other in [remote, ended] {
        let keeper = Keeper::new();
        let options = SpawnOptions::new().mailbox(1).overflow(Overflow::Redirect(other.clone()));
        let actor = keeper.spawn_busy(&a, options).await;
        actor.note(1).cast().await.unwrap();
        let error = system(actor.note(2).await);
        assert_eq!(error.outcome(), Outcome::NotExecuted, "{error:?}");
        assert_eq!(matches!(error, SystemError::Overloaded { .. }), !other.is_local());
    }
}

/// R67
#[tokio::test(start_paused = true)]
async fn actors_that_redirect_to_one_another_do_not_do_so_for_ever() {
    let (node, _) = node().await;
    let keeper = Keeper::new();
    let ring: Arc<OnceLock<ActorRef<Keeper>>> = Arc::default();
    let first = ring.clone();
    let decide = Overflow::Decide(Arc::new(move |_| Overflow::Redirect(first.get().unwrap().clone())));
    let last = keeper.spawn_busy(&node, SpawnOptions::new().mailbox(1).overflow(decide)).await;
    let options = SpawnOptions::new().mailbox(1).overflow(Overflow::Redirect(last.clone()));
    let actor = keeper.spawn_busy(&node, options).await;
    ring.set(actor.clone()).unwrap();
    for actor in [&actor, &last] {
        actor.note(0).cast().await.unwrap();
    }
    assert!(matches!(system(actor.note(1).await), SystemError::Overloaded { .. }));
    assert!(matches!(last.note(1).cast().await.unwrap_err(), SystemError::Overloaded { .. }));
}

/// R67
#[tokio::test(start_paused = true)]
async fn a_function_decides_for_each_message() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let decide = Overflow::Decide(Arc::new(move |method: Option<&'static distributed_actor::MethodInfo>| {
        let method = method.map_or("none", |method| method.method());
        seen.lock().unwrap().push(method);
        match method {
            "note" => Overflow::Reject,
            "other_note" => Overflow::Wait,
            "fail" => panic!("expected: in the decision"),
            _ => Overflow::Decide(Arc::new(|_| Overflow::Wait)),
        }
    }));
    let (_node, _letters, actor, keeper) = full(decide).await;
    assert_overloaded(&system(actor.note(2).await), &actor);
    let mut waits = actor.other_note(3).into_future();
    assert!(poll!(&mut waits).is_pending());
    assert_overloaded(&system(actor.fail().await), &actor);
    assert_eq!(actor.when_local(|_| ()).await, None);
    keeper.gate.add_permits(1);
    waits.await.unwrap();
    assert_eq!(keeper.log(), [1, 3]);
    assert_eq!(*asked.lock().unwrap(), ["note", "other_note", "fail", "none"]);
}

/// R67
#[tokio::test(start_paused = true)]
async fn a_remote_caller_meets_the_same_policy() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let keeper = Keeper::new();
    let actor = keeper.spawn_busy(&a, SpawnOptions::new().mailbox(1).overflow(Overflow::Reject)).await;
    actor.note(1).cast().await.unwrap();
    let remote: ActorRef<Keeper> = b.resolve(actor.id()).unwrap();
    assert_overloaded(&system(remote.note(2).await), &actor);
    remote.note(3).cast().await.unwrap();
    assert!(matches!(system(remote.note(4).await), SystemError::Overloaded { .. }));
    assert_eq!((a.dead_letters(), b.dead_letters()), (1, 0));
    keeper.finish(&actor).await;
    assert_eq!(keeper.log(), [1]);
}

/// R62
#[tokio::test(start_paused = true)]
async fn every_cast_that_comes_to_nothing_is_a_dead_letter() {
    let (node, letters) = node().await;
    let keeper = Keeper::new();
    let actor = keeper.spawn_busy(&node, SpawnOptions::new()).await;
    for message in [actor.fail(), actor.fail()] {
        message.cast().await.unwrap();
    }
    actor.note(1).cast().await.unwrap();
    keeper.gate.add_permits(1);
    actor.terminated().await;
    assert_eq!(methods(&letters), ["fail", "fail", "note"]);
    {
        let letters = letters.lock().unwrap();
        assert!(letters.iter().all(|letter| letter.actor == actor.to_string()));
        assert!(matches!(letters[0].error, SystemError::Panicked { .. }));
        assert_eq!(letters[1].error, SystemError::ActorStopped { outcome: Outcome::NotExecuted });
        assert_eq!(letters[2].error, SystemError::ActorStopped { outcome: Outcome::NotExecuted });
    }
    // The running one, when its node ends.
    let ended = keeper.spawn_busy(&node, SpawnOptions::new()).await;
    tokio::task::yield_now().await;
    let terminated = ended.terminated();
    node.shutdown().await;
    terminated.await;
    let letters = letters.lock().unwrap();
    assert_eq!(letters[3].error, SystemError::ActorStopped { outcome: Outcome::Unknown });
    assert_eq!((letters.len(), node.dead_letters()), (4, 4));
}

/// R62
#[tokio::test(start_paused = true)]
async fn a_cast_to_an_actor_elsewhere_that_has_ended_is_a_dead_letter_there() {
    let network = Network::seeded(1);
    let letters = Letters::default();
    let hook = letters.clone();
    let a = network
        .node_with(|builder| builder.on_dead_letter(move |letter| hook.lock().unwrap().push(letter.clone())))
        .await;
    let b = network.node().await;
    let keeper = Keeper::new();
    let (ended, other) = (a.spawn(keeper.clone()), a.spawn(keeper.clone()));
    ended.stop().await;
    b.resolve::<Keeper>(ended.id()).unwrap().note(1).cast().await.unwrap();
    b.resolve::<Keeper>(other.id()).unwrap().note(2).await.unwrap();
    assert_eq!(keeper.log(), [2]);
    assert_eq!(methods(&letters), ["note"]);
    assert!(matches!(letters.lock().unwrap()[0].error, SystemError::UnknownActor { .. }));
}

/// R67
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_to_a_small_mailbox_lose_nothing() {
    let (node, letters) = node().await;
    let keeper = Keeper::new();
    let actor = node.spawn_with(keeper.clone(), SpawnOptions::new().mailbox(2));
    let senders = (0..4).map(|_| {
        let actor = actor.clone();
        tokio::spawn(async move {
            for entry in 0..200 {
                actor.note(entry).cast().await.unwrap();
                if entry % 10 == 0 {
                    // Given up somewhere between here and its end.
                    let mut call = pin!(actor.hold().into_future());
                    let _ = poll!(&mut call);
                }
            }
        })
    });
    keeper.gate.add_permits(1000);
    join_all(senders).await.into_iter().for_each(|ended| ended.unwrap());
    actor.hold().await.unwrap();
    assert_eq!(keeper.log().len(), 800);
    assert!(letters.lock().unwrap().is_empty());
}
