//! What a call inherits from the one that makes it: the chain, the caller, the trace.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{ActorRef, CallError, Context, Limits, Node, SystemError, TraceParent, distributed_actor};
use tokio::{task::JoinHandle, time::Instant};

#[derive(Default)]
struct Link {
    visits: Arc<AtomicU64>,
    detached: Arc<Mutex<Option<JoinHandle<Vec<String>>>>>,
}

type Path = Vec<ActorRef<Link>>;
/// Of the running call: who made it and where from, and its trace.
type Surroundings = (Option<String>, Option<String>, Option<String>);

#[distributed_actor]
impl Link {
    /// Goes along the path, and says what stopped it.
    #[distributed]
    async fn go(&mut self, path: Path) -> Vec<String> {
        self.visits.fetch_add(1, Ordering::SeqCst);
        along(path).await
    }

    #[distributed]
    async fn look_into(&mut self, other: ActorRef<Link>) -> bool {
        other.when_local(|_| ()).await.is_some()
    }

    /// The same one way.
    #[distributed]
    async fn tell(&mut self, mut path: Path) {
        self.visits.fetch_add(1, Ordering::SeqCst);
        if !path.is_empty() {
            let next = path.remove(0);
            next.tell(path).cast().await.unwrap();
        }
    }

    /// Goes along the path, and at its end sends the last one a message.
    #[distributed]
    async fn go_and_tell(&mut self, mut path: Path, last: ActorRef<Link>) {
        match path.is_empty() {
            true => last.tell(Vec::new()).cast().await.unwrap(),
            false => {
                let next = path.remove(0);
                next.go_and_tell(path, last).await.unwrap();
            }
        }
    }

    /// Leaves a task that goes along the path.
    #[distributed]
    async fn detach(&mut self, path: Path) {
        *self.detached.lock().unwrap() = Some(tokio::spawn(along(path)));
        tokio::task::yield_now().await;
    }

    #[distributed]
    fn surroundings(&mut self, #[ctx] ctx: &Context<Self>) -> Surroundings {
        let caller = ctx.caller();
        (
            caller.as_ref().map(|caller| format!("{} of {}", caller.method(), caller.actor())),
            caller.and_then(|caller| caller.node()).map(|node| node.to_string()),
            ctx.trace_parent().map(|trace| trace.to_string()),
        )
    }

    /// The surroundings of the last one on the path, and of this one.
    #[distributed]
    async fn surroundings_at_the_end(&mut self, #[ctx] ctx: &Context<Self>, mut path: Path) -> Vec<Surroundings> {
        let mut all = match path.pop() {
            None => vec![],
            Some(last) if path.is_empty() => vec![last.surroundings().await.unwrap()],
            Some(last) => {
                let next = path.remove(0);
                path.push(last);
                next.surroundings_at_the_end(path).await.unwrap()
            }
        };
        all.push(self.surroundings(ctx));
        all
    }
}

async fn along(mut path: Path) -> Vec<String> {
    if path.is_empty() {
        return vec![];
    }
    let next = path.remove(0);
    match next.go(path).await {
        Ok(stopped_by) => stopped_by,
        Err(CallError::System(SystemError::Deadlock { chain })) => chain,
        Err(error) => vec![error.to_string()],
    }
}

fn go_of(actor: &ActorRef<Link>) -> String {
    format!("local_chain::Link::go of {actor}")
}

async fn node() -> Node {
    Node::builder().start().await.unwrap()
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_call_that_would_wait_for_itself_is_refused_at_once() {
    let node = node().await;
    let [a, b, c] = [(); 3].map(|()| node.spawn(Link::default()));
    let started = Instant::now();
    // From the second round on they are inlined.
    for _ in 0..3 {
        assert_eq!(a.go(vec![a.clone()]).await.unwrap(), [go_of(&a), go_of(&a)]);
        assert_eq!(a.go(vec![b.clone(), a.clone()]).await.unwrap(), [go_of(&a), go_of(&b), go_of(&a)]);
        let chain = a.go(vec![b.clone(), c.clone(), b.clone()]).await.unwrap();
        assert_eq!(chain, [go_of(&a), go_of(&b), go_of(&c), go_of(&b)]);
        assert!(a.go(vec![b.clone(), c.clone()]).await.unwrap().is_empty());
        assert!(!a.look_into(a.clone()).await.unwrap() && a.look_into(b.clone()).await.unwrap());
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_call_that_would_wait_for_itself_over_two_nodes_is_refused_at_once() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let (a, b) = (one.spawn(Link::default()), two.spawn(Link::default()));
    let b_from_one: ActorRef<Link> = one.resolve(b.id()).unwrap();
    let a_from_two: ActorRef<Link> = two.resolve(a.id()).unwrap();
    let started = Instant::now();
    for _ in 0..3 {
        let chain = a.go(vec![b_from_one.clone(), a.clone()]).await.unwrap();
        assert_eq!(chain, [go_of(&a), go_of(&b), go_of(&a)]);
        let chain = a_from_two.go(vec![b.clone(), b.clone()]).await.unwrap();
        assert_eq!(chain, [go_of(&a), go_of(&b), go_of(&b)]);
        assert!(a.go(vec![b_from_one.clone()]).await.unwrap().is_empty());
    }
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
}

/// R6
#[tokio::test(start_paused = true)]
async fn two_callers_who_wait_for_one_actor_are_no_deadlock() {
    let node = node().await;
    let [a, b, c] = [(); 3].map(|()| node.spawn(Link::default()));
    let (one, two) = futures::join!(a.go(vec![c.clone()]).into_future(), b.go(vec![c.clone()]).into_future());
    assert_eq!((one.unwrap(), two.unwrap()), (vec![], vec![]));
}

/// R8
#[tokio::test(start_paused = true)]
async fn a_cast_in_a_cycle_is_no_deadlock() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let visits = Arc::new(AtomicU64::new(0));
    let link = || Link { visits: visits.clone(), ..Link::default() };
    let (a, b) = (one.spawn(link()), one.spawn(link()));
    let there = two.spawn(link());
    let c: ActorRef<Link> = one.resolve(there.id()).unwrap();
    for round in 1..=3 {
        a.tell(vec![a.clone(), b.clone(), a.clone(), c.clone(), a.clone(), b.clone()]).cast().await.unwrap();
        while visits.load(Ordering::SeqCst) < round * 7 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!((one.dead_letters(), two.dead_letters()), (0, 0));
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_task_of_its_own_leaves_the_chain() {
    let node = node().await;
    let link = Link::default();
    let detached = link.detached.clone();
    let a = node.spawn(link);
    a.detach(vec![a.clone()]).await.unwrap();
    let task = detached.lock().unwrap().take().unwrap();
    assert!(task.await.unwrap().is_empty());
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_chain_ends_at_its_limit() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let mut limits = Limits::default();
    limits.call_chain_length_max = 3;
    let strict = network.node_with(|builder| builder.limits(limits)).await;
    for (nodes, limit) in [([&one, &one], 32), ([&one, &two], 32), ([&strict, &strict], 3)] {
        let visits = Arc::new(AtomicU64::new(0));
        let link = || Link { visits: visits.clone(), ..Link::default() };
        let kept: Path = (0..40).map(|place| nodes[place % 2].spawn(link())).collect();
        let path: Path = kept.iter().map(|actor| nodes[0].resolve(actor.id()).unwrap()).collect();
        let stopped_by = path[0].go(path[1..].to_vec()).await.unwrap();
        let error = SystemError::ChainTooLong { limit };
        assert_eq!(stopped_by, [error.to_string()]);
        assert_eq!(visits.load(Ordering::SeqCst), u64::from(limit));
        // One call less is well, and at the end of a full chain a cast begins a new one.
        let longest = path[1..limit as usize].to_vec();
        assert!(path[0].go(longest.clone()).await.unwrap().is_empty());
        visits.store(0, Ordering::SeqCst);
        path[0].go_and_tell(longest, path[39].clone()).await.unwrap();
        path[39].go(vec![]).await.unwrap();
        assert_eq!(visits.load(Ordering::SeqCst), 2);
    }
}

/// R36
#[tokio::test(start_paused = true)]
async fn a_method_learns_who_called_it_and_from_where() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let [a, b] = [(); 2].map(|()| one.spawn(Link::default()));
    let [c, d] = [(); 2].map(|()| two.spawn(Link::default()));
    let here = |actor: &ActorRef<Link>| one.resolve::<Link>(actor.id()).unwrap();
    let caller = |actor: &ActorRef<Link>| Some(format!("local_chain::Link::surroundings_at_the_end of {actor}"));
    for _ in 0..3 {
        assert_eq!(a.surroundings().await.unwrap(), (None, None, None));
        assert_eq!(here(&c).surroundings().await.unwrap(), (None, None, None));
        // a -> b -> c -> d: last first.
        let all = a.surroundings_at_the_end(vec![b.clone(), here(&c), here(&d)]).await.unwrap();
        let expected = [
            (caller(&c), None, None),
            (caller(&b), Some(one.id().to_string()), None),
            (caller(&a), None, None),
            (None, None, None),
        ];
        assert_eq!(all, expected);
    }
}

/// R36
#[tokio::test(start_paused = true)]
async fn the_trace_is_inherited_by_nested_calls_and_over_nodes() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let [a, b] = [(); 2].map(|()| one.spawn(Link::default()));
    let [c, d] = [(); 2].map(|()| two.spawn(Link::default()));
    let here = |actor: &ActorRef<Link>| one.resolve::<Link>(actor.id()).unwrap();
    let root: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    for _ in 0..3 {
        let path = vec![b.clone(), here(&c), here(&d)];
        let all = a.surroundings_at_the_end(path).trace_parent(root).await.unwrap();
        let traces: Vec<TraceParent> =
            all.iter().map(|(_, _, trace)| trace.as_ref().unwrap().parse().unwrap()).collect();
        assert_eq!(traces.len(), 4);
        for (place, trace) in traces.iter().enumerate() {
            assert_eq!((trace.trace_id(), trace.flags()), (root.trace_id(), 1));
            // Each call is a span of its own.
            assert!(trace.span_id() != root.span_id());
            assert!(traces[..place].iter().all(|other| other.span_id() != trace.span_id()));
        }
        assert_eq!(a.surroundings().await.unwrap().2, None);
    }
}
