use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_testkit::{Network, at_every_poll, poll_then_drop};
use distributed_actor::{ActorRef, CallError, Limits, Node, NodeId, Outcome, Spawn, SystemError};

use super::{
    support::{system, until_in_time},
    worker::{NoWork, PingWorker, UNDER_WAY},
};

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// R3, R33: what a start can fail with, on another node and on the own one.
#[tokio::test(start_paused = true)]
async fn a_start_fails_with_the_constructors_own_error_or_says_what_went_wrong() {
    let [a, b] = Network::seeded(11).nodes().await;
    for node in [a.id(), b.id()] {
        match a.spawn_on(node, PingWorker::spawn_of_a_long_name("Al".into())).await {
            Err(CallError::Actor(error)) => assert_eq!(error, NoWork { name: "Al".into() }),
            other => panic!("{other:?}"),
        }
        match a.spawn_on(node, PingWorker::spawn_of_an_alias(String::new())).await {
            Err(CallError::Actor(NoWork { name })) => assert_eq!(name, ""),
            other => panic!("{other:?}"),
        }
        match system(a.spawn_on(node, PingWorker::spawn_panics("boom".into())).await) {
            error @ SystemError::Panicked { .. } => {
                assert_eq!(error.outcome(), Outcome::Executed);
                assert_eq!(error.to_string().contains("boom"), node == a.id(), "a panic's text stays on its node");
                assert!(error.to_string().contains("PingWorker::panics"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        let late = PingWorker::spawn_create_slowly("late".into(), Duration::from_secs(60));
        let began = tokio::time::Instant::now();
        match system(a.spawn_on(node, late.timeout(Duration::from_secs(2))).await) {
            error @ SystemError::Deadline { .. } => assert_eq!(error.outcome(), Outcome::Unknown),
            other => panic!("{other:?}"),
        }
        assert!(began.elapsed() <= Duration::from_millis(2250));
    }
    until_in_time(|| UNDER_WAY.load(Ordering::SeqCst) == 0).await;
    assert_eq!((a.actor_count(), b.actor_count()), (0, 0));
    let nowhere = NodeId::from_bits(7);
    match system(a.spawn_on(nowhere, PingWorker::spawn_create("x".into())).await) {
        SystemError::UnknownNode { node } => assert_eq!(node, nowhere),
        other => panic!("{other:?}"),
    }
}

/// A constructor as another version of the program has it, made by hand: what the other side lacks.
mod elsewhere {
    use distributed_actor::{__macro::MethodParts, As, Constructor, Context, MethodInfo, Node, distributed_actor};

    use super::PingWorker;

    const fn info(name: &'static str, signature: &'static str) -> MethodInfo {
        MethodInfo::new(MethodParts {
            name,
            module: "elsewhere",
            actor: "PingWorker",
            method: "create",
            parameters: &[],
            result: "Self",
            error: None,
            docs: "",
            signature,
            is_async: false,
            uses_context: false,
            completes: false,
            is_urgent: false,
            constructs: true,
            position: 0,
        })
    }

    macro_rules! constructor {
        ($marker:ident, $info:ident, $name:expr, $signature:expr) => {
            static $info: MethodInfo = info($name, $signature);
            pub(super) enum $marker {}
            impl Constructor<PingWorker> for $marker {
                type Args = (u64,);
                type Error = distributed_actor::Never;
                type Answer = As<distributed_actor::ActorId, false>;
                const INFO: &'static MethodInfo = &$info;
                fn construct<'a>(
                    _: &'a Context<PingWorker>,
                    (number,): (u64,),
                ) -> impl Future<Output = Result<PingWorker, Self::Error>> + Send + 'a {
                    std::future::ready(Ok(PingWorker::create(number.to_string())))
                }
            }
        };
    }
    constructor!(Lacking, LACKING, "ping::PingWorker::create_from_number", "(u64) -> Self");
    constructor!(Changed, CHANGED, "remote_spawn::worker::PingWorker::create", "(u64) -> Self");
    constructor!(Broken, BROKEN, "remote_spawn::worker::PingWorker::create", "(String) -> Self");

    pub(super) struct Twin;

    pub(super) mod one {
        use super::*;
        pub(in super::super) struct First;
        #[distributed_actor]
        impl First {
            #[distributed(spawn, name = "twin")]
            pub(in super::super) fn create() -> Self {
                Self
            }
        }
    }

    #[distributed_actor]
    impl Twin {
        #[distributed(spawn, name = "twin")]
        pub(super) fn create() -> Self {
            Self
        }
    }

    #[allow(dead_code, reason = "names the type")]
    type System = Node;
}

/// R3: which constructor is lacking, and where.
#[tokio::test(start_paused = true)]
async fn a_constructor_that_the_other_program_lacks_is_named() {
    let [a, b] = Network::seeded(12).nodes().await;
    let lacking = Spawn::<PingWorker>::of::<elsewhere::Lacking>((7,));
    let error = system(a.spawn_on(b.id(), lacking.clone()).await);
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    match &error {
        SystemError::UnknownConstructor { constructor, node, .. } => {
            assert_eq!((&**constructor, *node), ("ping::PingWorker::create_from_number", b.id()));
        }
        other => panic!("{other:?}"),
    }
    let text = error.to_string();
    let program = std::env::current_exe().unwrap();
    for part in
        ["ping::PingWorker::create_from_number", &b.id().to_string(), &program.file_name().unwrap().to_string_lossy()]
    {
        assert!(text.contains(part), "{text}");
    }
    // Here there is no doubt which one is meant.
    assert_eq!(a.spawn_on(a.id(), lacking).await.unwrap().name().await.unwrap(), "7");
    match system(a.spawn_on(b.id(), elsewhere::Twin::spawn_create()).await) {
        SystemError::UnknownConstructor { why, .. } => assert!(why.contains("two of that name"), "{why}"),
        other => panic!("{other:?}"),
    }
    let _ = elsewhere::one::First::spawn_create();
    assert_eq!(b.actor_count(), 0);
}

/// R3, R101
#[tokio::test(start_paused = true)]
async fn a_constructor_that_takes_something_else_there_is_not_run() {
    let [a, b, c] = Network::seeded(13).nodes().await;
    match system(a.spawn_on(b.id(), Spawn::<PingWorker>::of::<elsewhere::Changed>((7,))).await) {
        SystemError::SignatureMismatch { method, ours, theirs } => {
            assert_eq!(&*method, "remote_spawn::worker::PingWorker::create");
            assert_eq!((&*ours, &*theirs), ("(u64) -> Self", "(String) -> Self"));
        }
        other => panic!("{other:?}"),
    }
    // The same words for what is not the same.
    match system(c.spawn_on(b.id(), Spawn::<PingWorker>::of::<elsewhere::Broken>((7,))).await) {
        SystemError::BadArguments { method, .. } => assert_eq!(&*method, "remote_spawn::worker::PingWorker::create"),
        other => panic!("{other:?}"),
    }
    assert_eq!(b.actor_count(), 0);
    assert_eq!(a.peers().iter().filter(|peer| peer.connected).count(), 1);
}

/// R95: a name that is taken is known before the constructor runs.
#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_refuses_the_start_before_it_begins() {
    let [a, b] = Network::seeded(14).nodes().await;
    for node in [a.id(), b.id()] {
        let at = if node == a.id() { a.address() } else { b.address() };
        let first = a.spawn_on(node, PingWorker::spawn_create("first".into()).named("ping")).await.unwrap();
        let second = PingWorker::spawn_panics("it must not run".into()).named("ping");
        match system(a.spawn_on(node, second).await) {
            error @ SystemError::NameTaken { .. } => assert_eq!(error.outcome(), Outcome::NotExecuted),
            other => panic!("{other:?}"),
        }
        let found: ActorRef<PingWorker> = a.lookup(at, "ping").await.unwrap();
        assert_eq!(found, first);
        // Free again with the actor's end.
        first.stop().await;
        let slow = PingWorker::spawn_create_slowly("second".into(), Duration::from_secs(1)).named("ping");
        let (slow, other, meanwhile) = tokio::join!(
            a.spawn_on(node, slow),
            async {
                tokio::time::sleep(Duration::from_millis(500)).await;
                a.spawn_on(node, PingWorker::spawn_create("third".into()).named("ping")).await
            },
            async {
                tokio::time::sleep(Duration::from_millis(500)).await;
                a.lookup::<PingWorker>(at, "ping").await
            }
        );
        assert!(matches!(system(other), SystemError::NameTaken { .. }), "kept for the one that is being made");
        assert!(matches!(meanwhile, Err(SystemError::UnknownName { .. })));
        slow.unwrap().stop().await;
        // And with a constructor that fails.
        assert!(a.spawn_on(node, PingWorker::spawn_of_a_long_name("x".into()).named("ping")).await.is_err());
        assert!(a.spawn_on(node, PingWorker::spawn_panics("x".into()).named("ping")).await.is_err());
        a.spawn_on(node, PingWorker::spawn_create("fourth".into()).named("ping")).await.unwrap();
    }
    let long = PingWorker::spawn_create("x".into()).named("n".repeat(2000));
    assert!(matches!(system(a.spawn_on(b.id(), long).await), SystemError::BadArguments { .. }));
    assert_eq!((a.actor_count(), b.actor_count()), (1, 1));
}

/// R3, R100: who may start what is asked before an argument is decoded.
#[tokio::test(start_paused = true)]
async fn the_hook_decides_what_a_peer_may_start() {
    let network = Network::seeded(15);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let closed = network
        .node_with(move |builder| {
            builder.authorize(move |_, method| {
                counted.fetch_add(usize::from(method.constructs()), Ordering::SeqCst);
                method.method() != "create"
            })
        })
        .await;
    let a = network.node().await;
    let denied = a.spawn_on(closed.id(), Spawn::<PingWorker>::of::<elsewhere::Broken>((7,))).await;
    assert!(matches!(system(denied), SystemError::Unauthorized { .. }));
    a.spawn_on(closed.id(), PingWorker::spawn_of_a_long_name("long".into())).await.unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), closed.actor_count()), (2, 1));
}

/// R68
#[tokio::test(start_paused = true)]
async fn the_actors_that_a_peer_has_started_are_bounded() {
    let network = Network::seeded(16);
    let bounded = network
        .node_with(|builder| {
            builder.limits(limits(|limits| {
                limits.spawned_per_peer_max = 3;
                limits.spawned_max = 5;
            }))
        })
        .await;
    let [a, b] = network.nodes().await;
    let spawn = PingWorker::spawn_create("one of many".into());
    let mut started = Vec::new();
    for _ in 0..3 {
        started.push(a.spawn_on(bounded.id(), spawn.clone()).await.unwrap());
    }
    let refused = |result| match system(result) {
        error @ SystemError::Overloaded { .. } => assert_eq!(error.outcome(), Outcome::NotExecuted),
        other => panic!("{other:?}"),
    };
    refused(a.spawn_on(bounded.id(), spawn.clone()).await);
    for _ in 0..2 {
        b.spawn_on(bounded.id(), spawn.clone()).await.unwrap();
    }
    refused(b.spawn_on(bounded.id(), spawn.clone()).await);
    // The node's own are none of that.
    bounded.spawn_on(bounded.id(), spawn.clone()).await.unwrap();
    started.pop().unwrap().stop().await;
    // Neither is one that failed.
    assert!(a.spawn_on(bounded.id(), PingWorker::spawn_panics("x".into())).await.is_err());
    a.spawn_on(bounded.id(), spawn.clone()).await.unwrap();
    refused(a.spawn_on(bounded.id(), spawn).await);
}

/// R46: a node that is lost while it starts an actor.
#[tokio::test(start_paused = true)]
async fn a_start_whose_node_is_lost_fails_and_leaves_nothing_there() {
    let network = Network::seeded(17);
    let [a, b] = network.nodes().await;
    let slow = PingWorker::spawn_create_slowly("lost".into(), Duration::from_secs(3));
    let (result, ()) = tokio::join!(a.spawn_on(b.id(), slow), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        network.reset(&a, &b);
    });
    match system(result) {
        SystemError::Network(lost) => assert_eq!(lost.node(), b.id()),
        other => panic!("{other:?}"),
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(b.actor_count(), 0, "nobody would know of it");
}

/// Every future may be dropped at any time: no actor is left that nobody knows of.
#[tokio::test(start_paused = true)]
async fn a_start_can_be_dropped_at_every_poll() {
    let network = Network::seeded(18);
    network.latency(Duration::from_millis(5));
    let [a, b] = network.nodes().await;
    let warm = a.spawn_on(b.id(), PingWorker::spawn_create("warm".into())).await.unwrap();
    for node in [a.id(), b.id()] {
        let (polls, worker) = at_every_poll(async |polls| {
            let spawn = PingWorker::spawn_create_slowly("dropped".into(), Duration::from_millis(20)).named("dropped");
            let worker = poll_then_drop(polls, a.spawn_on(node, spawn)).await;
            if worker.is_none() {
                until_in_time(|| UNDER_WAY.load(Ordering::SeqCst) == 0).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert_eq!((a.actor_count(), b.actor_count()), (0, 1));
            }
            worker
        })
        .await;
        assert!(polls > 1);
        worker.unwrap().stop().await;
    }
    assert_eq!(warm.name().await.unwrap(), "warm");
}

/// R52
#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_starts_nothing() {
    let [a, b] = Network::seeded(19).nodes().await;
    let first = a.spawn_on(b.id(), PingWorker::spawn_create("first".into())).await.unwrap();
    b.shutdown().await;
    assert!(a.spawn_on(b.id(), PingWorker::spawn_create("second".into())).await.is_err());
    assert!(first.name().await.is_err());
    let c = Node::builder().start().await.unwrap();
    c.shutdown().await;
    assert!(c.spawn_on(c.id(), PingWorker::spawn_create("here".into())).await.is_err());
}
