//! Actors whose state is replaced when it has ended: what supervision is built on.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{
    ActorRef, CallError, Context, Exit, ExitReason, Keeper, Outcome, SpawnOptions, SystemError, Terminated,
    distributed_actor,
};
use support::system;
use tokio::time::{Instant, sleep};

/// Lives that began, in the test of one name.
fn lives(test: &str) -> Arc<AtomicU64> {
    static LIVES: Mutex<Vec<(String, Arc<AtomicU64>)>> = Mutex::new(Vec::new());
    let mut lives = LIVES.lock().unwrap();
    if let Some((_, known)) = lives.iter().find(|(name, _)| name == test) {
        return known.clone();
    }
    let fresh = Arc::new(AtomicU64::new(0));
    lives.push((test.into(), fresh.clone()));
    fresh
}

struct Phoenix {
    life: u64,
    seen: Vec<u64>,
    ending: Arc<AtomicU64>,
}

#[distributed_actor]
impl Phoenix {
    /// From its third life on it cannot be made.
    #[distributed(spawn)]
    async fn hatch(test: String) -> Result<Self, String> {
        tokio::task::yield_now().await;
        let life = lives(&test).fetch_add(1, Ordering::SeqCst) + 1;
        if life > 3 {
            Err("no more lives".into())
        } else {
            Ok(Self { life, seen: Vec::new(), ending: lives("ending") })
        }
    }

    #[on_start]
    async fn rise(&mut self, #[ctx] ctx: &Context<Self>) {
        assert!(ctx.actor_ref().is_local());
        assert_eq!(self.ending.load(Ordering::SeqCst), 0, "the old one has ended");
        sleep(Duration::from_secs(1)).await;
    }

    #[on_stop]
    async fn burn(&mut self) {
        self.ending.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_secs(1)).await;
        self.ending.fetch_sub(1, Ordering::SeqCst);
    }

    #[distributed]
    fn see(&mut self, number: u64) -> (u64, Vec<u64>) {
        self.seen.push(number);
        (self.life, self.seen.clone())
    }

    #[distributed]
    async fn panic(&mut self) {
        sleep(Duration::from_secs(1)).await;
        panic!("as asked");
    }

    #[distributed]
    fn fail(&mut self, #[ctx] ctx: &Context<Self>) {
        ctx.fail("burnt out");
    }
}

/// R78: references and what waits in the mailbox outlive the state; the call that crashed fails.
#[tokio::test(start_paused = true)]
async fn a_restarted_actor_keeps_its_references_and_its_mailbox() {
    let [a, b] = Network::seeded(61).nodes().await;
    let spawn = Phoenix::spawn_hatch("keeps".into());
    let mut keeper = Keeper::start(&a, &spawn, SpawnOptions::new()).await.unwrap();
    let local = keeper.actor_ref();
    let remote: ActorRef<Phoenix> = b.resolve(local.id()).unwrap();
    a.register("phoenix", &local).unwrap();
    let watch = tokio::spawn(remote.terminated());
    assert_eq!(local.see(1).await.unwrap(), (1, vec![1]));
    let crash = tokio::spawn({
        let remote = remote.clone();
        async move { remote.panic().await }
    });
    sleep(Duration::from_millis(10)).await;
    let waiting: Vec<_> = [local.clone(), remote.clone()]
        .into_iter()
        .map(|reference| tokio::spawn(async move { reference.see(2).await }))
        .collect();
    assert!(matches!(system(crash.await.unwrap()), SystemError::Panicked { .. }));
    let reason = keeper.vacant().await;
    assert_eq!((reason.exit(), a.actor_count()), (Exit::Panicked, 1));
    // Calls wait as long as nobody comes.
    sleep(Duration::from_secs(2)).await;
    let late = local.see(3).timeout(Duration::from_secs(1)).await;
    assert!(matches!(system(late), SystemError::Deadline { outcome: Outcome::NotExecuted, .. }));
    assert!(waiting.iter().all(|call| !call.is_finished()));
    let began = Instant::now();
    keeper.restart(&spawn).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(1), "the start is waited for");
    let mut seen = Vec::new();
    for call in waiting {
        seen.push(call.await.unwrap().unwrap().1.len());
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);
    assert_eq!(a.lookup::<Phoenix>(a.address(), "phoenix").await.unwrap(), local);
    assert!(!watch.is_finished(), "for those who watch, the actor has not ended");
    let reason = ExitReason::new(Exit::Escalated, "enough");
    keeper.end(Terminated::Failed(Box::new(reason.clone())));
    // It had a state, which was given up.
    assert_eq!(watch.await.unwrap(), Terminated::Stopped);
    assert!(matches!(system(local.see(4).await), SystemError::UnknownActor { .. }));
    assert_eq!(a.actor_count(), 0);
}

/// R78, R48
#[tokio::test(start_paused = true)]
async fn an_actor_that_is_not_restarted_ends_with_the_reason_and_answers_what_waits() {
    let [a] = Network::seeded(62).nodes().await;
    let spawn = Phoenix::spawn_hatch("ends".into());
    let mut keeper = Keeper::start(&a, &spawn, SpawnOptions::new()).await.unwrap();
    let actor = keeper.actor_ref();
    let watch = tokio::spawn(actor.terminated());
    for life in 1..=3 {
        assert_eq!(actor.see(7).await.unwrap(), (life, vec![7]));
        actor.fail().await.unwrap();
        let reason = keeper.vacant().await;
        assert_eq!((reason.exit(), reason.why()), (Exit::Failed, "burnt out"));
        match (life, keeper.restart(&spawn).await) {
            (3, Err(CallError::Actor(error))) => assert_eq!(error, "no more lives"),
            (1 | 2, Ok(())) => {}
            other => panic!("{other:?}"),
        }
    }
    let waiting = tokio::spawn({
        let actor = actor.clone();
        async move { actor.see(8).await }
    });
    tokio::task::yield_now().await;
    let reason = keeper.vacant().await;
    keeper.end(Terminated::Failed(Box::new(reason.clone())));
    match system(waiting.await.unwrap()) {
        SystemError::ActorStopped { outcome } => assert_eq!(outcome, Outcome::NotExecuted),
        other => panic!("{other:?}"),
    }
    assert_eq!(watch.await.unwrap(), Terminated::Failed(Box::new(reason)));
    assert_eq!(a.actor_count(), 0);
}

/// R77
#[tokio::test(start_paused = true)]
async fn a_stop_ends_one_state_in_order_and_the_next_one_begins_afterwards() {
    let [a] = Network::seeded(63).nodes().await;
    let spawn = Phoenix::spawn_hatch("stops".into());
    let mut keeper = Keeper::start(&a, &spawn, SpawnOptions::new()).await.unwrap();
    let actor = keeper.actor_ref();
    keeper.stop();
    let waiting = tokio::spawn({
        let actor = actor.clone();
        async move { actor.see(1).await }
    });
    let began = Instant::now();
    assert!(keeper.vacant().await.is_normal());
    assert_eq!(began.elapsed(), Duration::from_secs(1), "it stops in order");
    keeper.restart(&spawn).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), (2, vec![1]));
    // Given up: without its own end.
    let began = Instant::now();
    keeper.kill();
    assert!(keeper.vacant().await.is_normal());
    assert_eq!(began.elapsed(), Duration::ZERO);
    keeper.restart(&spawn).await.unwrap();
    assert_eq!(actor.see(2).await.unwrap(), (3, vec![2]));
    drop(keeper);
    assert_eq!(actor.terminated().await, Terminated::Stopped);
    assert_eq!(a.actor_count(), 0);
    let failed = Keeper::start(&a, &spawn, SpawnOptions::new()).await;
    assert!(matches!(failed, Err(CallError::Actor(_))));
    assert_eq!(a.actor_count(), 0);
}
