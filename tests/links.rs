//! Linked actors: what the end of one does to the others, on one node and over two.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{
    ActorId, ActorRef, Context, Exit, ExitReason, Keeper, Limits, Node, SpawnOptions, Terminated, distributed_actor,
};
use tokio::time::{Instant, sleep, timeout};

/// What happened, in order.
type Log = Arc<Mutex<Vec<String>>>;

#[derive(Default)]
struct Peer {
    name: String,
    log: Log,
    traps: bool,
    /// How long it takes to stop.
    stops_for: Duration,
    /// Called when it stops.
    calls_at_end: Option<ActorRef<Peer>>,
}

impl Peer {
    fn named(name: &str, log: &Log) -> Self {
        Self { name: name.into(), log: log.clone(), ..Self::default() }
    }

    fn note(&self, what: &str) {
        self.log.lock().unwrap().push(format!("{what} {}", self.name));
    }
}

#[distributed_actor]
impl Peer {
    #[distributed(spawn)]
    fn create() -> Self {
        Self::default()
    }

    #[on_start]
    fn begin(&mut self, #[ctx] ctx: &Context<Self>) {
        if self.traps {
            ctx.trap();
        }
    }

    #[on_stop]
    async fn end(&mut self, reason: &ExitReason) {
        sleep(self.stops_for).await;
        if let Some(other) = self.calls_at_end.take() {
            self.note(if other.ping().await.is_ok() { "served" } else { "left alone" });
        }
        self.note(if reason.is_normal() { "stop" } else { "fall" });
    }

    #[on_terminated]
    fn gone(&mut self, who: ActorId, how: Terminated) {
        self.note(&format!("{} {}", who.instance(), ExitReason::from(&how)));
    }

    #[distributed]
    fn link(&self, #[ctx] ctx: &Context<Self>, other: ActorRef<Peer>) {
        ctx.link(&other);
    }

    #[distributed]
    fn unlink(&self, #[ctx] ctx: &Context<Self>, other: ActorRef<Peer>) {
        ctx.unlink(&other);
    }

    #[distributed]
    fn depend_on(&self, #[ctx] ctx: &Context<Self>, other: ActorRef<Peer>) {
        ctx.depend_on(&other);
    }

    #[distributed]
    fn ping(&self) {}

    #[distributed]
    fn fail(&self, #[ctx] ctx: &Context<Self>, why: String) {
        ctx.fail(why);
    }

    #[distributed]
    fn panic(&self) {
        panic!("as asked");
    }
}

fn taken(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

/// Time for news to arrive.
async fn settle() {
    sleep(Duration::from_millis(100)).await;
}

/// The reason why an actor has failed; none if it is alive.
async fn failure(actor: &ActorRef<Peer>) -> Option<ExitReason> {
    match timeout(Duration::from_millis(1), actor.terminated()).await.ok()? {
        Terminated::Failed(reason) => Some(*reason),
        how => panic!("it ended otherwise: {how:?}"),
    }
}

/// Two linked actors, on one node or on two, as the first one sees the second one and the other way round; the links are
/// made by the first one.
async fn pair(a: &Node, b: &Node) -> (ActorRef<Peer>, ActorRef<Peer>) {
    let (one, two) = (a.spawn(Peer::default()), b.spawn(Peer::default()));
    one.link(a.resolve(two.id()).unwrap()).await.unwrap();
    settle().await;
    (one, two)
}

async fn places() -> Vec<(Node, Node)> {
    let [a, b] = Network::seeded(71).nodes().await;
    vec![(a.clone(), a.clone()), (a.clone(), b.clone()), (b, a)]
}

/// R83: both ways, with the chain of reasons; links, exit_signals
#[tokio::test(start_paused = true)]
async fn an_abnormal_end_takes_linked_actors_with_it_whoever_made_the_link() {
    for (a, b) in places().await {
        for second_ends in [false, true] {
            let (one, two) = pair(&a, &b).await;
            let (ends, follows) = if second_ends { (&two, &one) } else { (&one, &two) };
            ends.fail("no more".into()).await.unwrap();
            settle().await;
            let reason = failure(follows).await.unwrap();
            assert_eq!(reason.exit(), Exit::Linked);
            assert_eq!(reason.to_string(), format!("linked actor {} has ended: no more", ends.id()));
            assert_eq!(reason.root().exit(), Exit::Failed);

            let (one, two) = pair(&a, &b).await;
            let (ends, follows) = if second_ends { (&two, &one) } else { (&one, &two) };
            ends.panic().await.unwrap_err();
            settle().await;
            let reason = failure(follows).await.unwrap();
            assert!(reason.to_string().ends_with("has ended: `links::Peer::panic` panicked"), "{reason}");
            assert_eq!(reason.root().exit(), Exit::Panicked);
        }
    }
}

/// R83: as in Erlang, a normal end is no concern of others.
#[tokio::test(start_paused = true)]
async fn an_end_in_order_leaves_linked_actors_alone() {
    for (a, b) in places().await {
        for second_ends in [false, true] {
            let (one, two) = pair(&a, &b).await;
            let (ends, lives) = if second_ends { (two, one) } else { (one, two) };
            ends.stop().await;
            settle().await;
            lives.ping().await.unwrap();
            // Nor is the last reference that goes.
            let (one, two) = pair(&a, &b).await;
            let (ends, lives) = if second_ends { (two, one) } else { (one, two) };
            drop(ends);
            settle().await;
            lives.ping().await.unwrap();
        }
        // One that stops at once, before its link has arrived.
        let (one, two) = (a.spawn(Peer::default()), b.spawn(Peer::default()));
        one.link(a.resolve(two.id()).unwrap()).await.unwrap();
        drop(one.stop());
        sleep(Duration::from_secs(20)).await;
        two.ping().await.unwrap();
    }
}

/// R83: trap_exit
#[tokio::test(start_paused = true)]
async fn an_actor_that_traps_is_told_of_the_ends_of_linked_actors_and_goes_on() {
    for (a, b) in places().await {
        let log = Log::default();
        let trapping = a.spawn(Peer { traps: true, ..Peer::named("t", &log) });
        for how in 0..3 {
            let other = b.spawn(Peer::default());
            trapping.link(a.resolve(other.id()).unwrap()).await.unwrap();
            settle().await;
            match how {
                0 => other.fail("no more".into()).await.unwrap(),
                1 => assert!(other.panic().await.is_err()),
                _ => drop(other.stop()),
            }
            settle().await;
            let words = ["no more", "one of its methods panicked", "it was stopped"][how];
            assert_eq!(taken(&log), [format!("{} {words} t", other.id().instance())]);
        }
        trapping.ping().await.unwrap();
    }
}

/// R83: link to a process that is not there
#[tokio::test(start_paused = true)]
async fn linking_to_the_dead_answers_at_once() {
    for (a, b) in places().await {
        let dead = b.spawn(Peer::default());
        let seen: ActorRef<Peer> = a.resolve(dead.id()).unwrap();
        dead.fail("long ago".into()).await.unwrap();
        dead.terminated().await;
        let one = a.spawn(Peer::default());
        one.link(seen.clone()).await.unwrap();
        settle().await;
        let reason = failure(&one).await.unwrap();
        assert_eq!(reason.exit(), Exit::Linked);
        // Who has a reference still knows how.
        let root = if seen.is_local() { Exit::Failed } else { Exit::NoSuchActor };
        assert_eq!(reason.root().exit(), root);
        let log = Log::default();
        let trapping = a.spawn(Peer { traps: true, ..Peer::named("t", &log) });
        trapping.link(seen).await.unwrap();
        settle().await;
        assert_eq!(taken(&log).len(), 1);
    }
}

/// R83: unlink; two links are one
#[tokio::test(start_paused = true)]
async fn unlinked_actors_do_not_end_with_one_another() {
    for (a, b) in places().await {
        for (first_unlinks, first_ends) in [(true, true), (true, false), (false, true), (false, false)] {
            let (one, two) = pair(&a, &b).await;
            // Each links again, which changes nothing.
            one.link(a.resolve(two.id()).unwrap()).await.unwrap();
            two.link(b.resolve(one.id()).unwrap()).await.unwrap();
            settle().await;
            if first_unlinks {
                one.unlink(a.resolve(two.id()).unwrap()).await.unwrap();
            } else {
                two.unlink(b.resolve(one.id()).unwrap()).await.unwrap();
            }
            settle().await;
            let (ends, lives) = if first_ends { (one, two) } else { (two, one) };
            ends.fail("alone".into()).await.unwrap();
            settle().await;
            lives.ping().await.unwrap();
        }
    }
}

/// R83, R85: the loss of a node is an abnormal end of all that lived there, on both sides.
#[tokio::test(start_paused = true)]
async fn the_loss_of_a_node_ends_those_who_are_linked_over_it() {
    let network = Network::seeded(72);
    let [a, b] = network.nodes().await;
    let (one, two) = pair(&a, &b).await;
    let bystander = a.spawn(Peer::default());
    network.partition(&a, &b);
    sleep(Duration::from_secs(20)).await;
    for (actor, lost) in [(&one, &b), (&two, &a)] {
        let reason = failure(actor).await.unwrap();
        assert_eq!((reason.exit(), reason.root().exit()), (Exit::Linked, Exit::NodeLost));
        assert!(reason.to_string().contains(&lost.id().to_string()), "{reason}");
    }
    bystander.ping().await.unwrap();
}

/// R83: a link is between two states of actors.
#[tokio::test(start_paused = true)]
async fn an_actor_that_is_started_again_has_ended_for_those_who_are_linked_to_it() {
    for (a, b) in places().await {
        let mut keeper = Keeper::start(&a, &Peer::spawn_create(), SpawnOptions::new()).await.unwrap();
        let kept = keeper.actor_ref();
        let other = b.spawn(Peer::default());
        kept.link(a.resolve(other.id()).unwrap()).await.unwrap();
        settle().await;
        kept.panic().await.unwrap_err();
        keeper.restart(&Peer::spawn_create()).await.unwrap();
        settle().await;
        let reason = failure(&other).await.unwrap();
        assert_eq!(reason.root().why(), "`links::Peer::panic` panicked");
        // The next state has no link, and may make one.
        let other = b.spawn(Peer::default());
        kept.link(a.resolve(other.id()).unwrap()).await.unwrap();
        settle().await;
        other.fail("in turn".into()).await.unwrap();
        let reason = keeper.vacant().await;
        assert_eq!((reason.exit(), reason.root().why()), (Exit::Linked, "in turn"));
        keeper.restart(&Peer::spawn_create()).await.unwrap();
        kept.ping().await.unwrap();
    }
}

/// R83: a ring, and a chain that is longer than a stack is deep.
#[tokio::test(start_paused = true)]
async fn an_end_runs_through_all_that_are_linked() {
    let [a, b] = Network::seeded(73).nodes().await;
    let log = Log::default();
    let actors: Vec<_> = (0..2000).map(|number| a.spawn(Peer::named(&number.to_string(), &log))).collect();
    for (one, next) in actors.iter().zip(actors.iter().cycle().skip(1)) {
        one.link(next.clone()).await.unwrap();
    }
    let elsewhere = b.spawn(Peer::default());
    actors[1000].link(a.resolve(elsewhere.id()).unwrap()).await.unwrap();
    settle().await;
    actors[17].fail("the root".into()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(taken(&log).len(), 2000);
    assert_eq!((a.actor_count(), b.actor_count()), (0, 0));
    let reason = failure(&elsewhere).await.unwrap();
    assert_eq!((reason.exit(), reason.root().why()), (Exit::Linked, "the root"));
}

/// The method that runs ends first, and what waits is answered.
#[tokio::test(start_paused = true)]
async fn an_actor_that_ends_with_a_linked_one_ends_in_order() {
    for (a, b) in places().await {
        let log = Log::default();
        let one = a.spawn(Peer { stops_for: Duration::from_secs(1), ..Peer::named("one", &log) });
        let two = b.spawn(Peer::default());
        one.link(a.resolve(two.id()).unwrap()).await.unwrap();
        settle().await;
        two.fail("no more".into()).await.unwrap();
        settle().await;
        assert!(one.ping().await.is_err(), "nothing more is taken");
        one.terminated().await;
        assert_eq!(taken(&log), ["fall one"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_has_no_more_links_than_it_may() {
    let mut limits = Limits::default();
    limits.links_per_actor_max = 2;
    let network = Network::seeded(74);
    let a = network.node_with(|builder| builder.limits(limits)).await;
    let b = network.node().await;
    let hub = a.spawn(Peer::default());
    for node in [&a, &b] {
        for _ in 0..2 {
            let one = node.spawn(Peer::default());
            node.retain(&one).unwrap();
            one.link(node.resolve(hub.id()).unwrap()).await.unwrap();
            settle().await;
        }
    }
    // Two are linked, and two were told that they cannot be.
    assert_eq!((a.actor_count(), b.actor_count()), (3, 0));
    hub.ping().await.unwrap();
    // Beyond its own limit it ends itself, as if the other one had.
    hub.link(a.spawn(Peer::default())).await.unwrap();
    let reason = match hub.terminated().await {
        Terminated::Failed(reason) => reason,
        how => panic!("{how:?}"),
    };
    assert!(reason.to_string().contains("has 2 links, as many as it may"), "{reason}");
}

/// R86: whoever asks, and wherever they live.
#[tokio::test(start_paused = true)]
async fn a_server_outlives_its_clients() {
    for (a, b) in places().await {
        let log = Log::default();
        let server = b.spawn(Peer::named("server", &log));
        let mut clients = Vec::new();
        for (name, time) in [("slow", 3), ("quick", 1)] {
            let seen: ActorRef<Peer> = a.resolve(server.id()).unwrap();
            let stops_for = Duration::from_secs(time);
            let client = a.spawn(Peer { stops_for, calls_at_end: Some(seen.clone()), ..Peer::named(name, &log) });
            client.depend_on(seen).await.unwrap();
            clients.push(client);
        }
        // One that has left is not asked.
        let left = a.spawn(Peer::named("left", &log));
        left.depend_on(a.resolve(server.id()).unwrap()).await.unwrap();
        left.unlink(a.resolve(server.id()).unwrap()).await.unwrap();
        settle().await;
        let began = Instant::now();
        server.stop().await;
        assert_eq!(began.elapsed().as_secs(), 3);
        assert_eq!(taken(&log), ["served quick", "stop quick", "served slow", "stop slow", "stop server"]);
        left.ping().await.unwrap();
    }
}

/// R86: at the shutdown of the node.
#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_stops_clients_before_their_servers() {
    let [a, b] = Network::seeded(75).nodes().await;
    let log = Log::default();
    // In layers: the last one is a client of the one before, and so on; the outermost lives elsewhere.
    let layers: Vec<_> = (0..5)
        .map(|layer| {
            let node = if layer == 4 { &b } else { &a };
            let stops_for = Duration::from_millis(300);
            let actor = node.spawn(Peer { stops_for, ..Peer::named(&layer.to_string(), &log) });
            node.retain(&actor).unwrap();
            actor
        })
        .collect();
    for pair in layers.windows(2) {
        let node = if pair[1].id().node() == a.id() { &a } else { &b };
        pair[1].depend_on(node.resolve(pair[0].id()).unwrap()).await.unwrap();
    }
    settle().await;
    a.shutdown().await;
    assert_eq!(taken(&log), ["stop 4", "stop 3", "stop 2", "stop 1", "stop 0"]);
    assert_eq!((a.actor_count(), b.actor_count()), (0, 0));
}

/// R86: nothing waits for ever.
#[tokio::test(start_paused = true)]
async fn a_server_waits_for_its_clients_for_ten_seconds() {
    for (a, b) in places().await {
        let log = Log::default();
        // Each is a client of the other.
        let (one, two) = (a.spawn(Peer::named("one", &log)), b.spawn(Peer::named("two", &log)));
        one.depend_on(a.resolve(two.id()).unwrap()).await.unwrap();
        two.depend_on(b.resolve(one.id()).unwrap()).await.unwrap();
        settle().await;
        let began = Instant::now();
        one.stop().await;
        two.terminated().await;
        assert_eq!(began.elapsed().as_secs(), 10);
        // A server that fails does not wait, and its clients do not fail with it.
        let (server, client) = (a.spawn(Peer::default()), b.spawn(Peer::default()));
        client.depend_on(b.resolve(server.id()).unwrap()).await.unwrap();
        settle().await;
        server.fail("no more".into()).await.unwrap();
        timeout(Duration::from_secs(1), server.terminated()).await.unwrap();
        client.ping().await.unwrap();
    }
}

/// R83: on threads, whatever comes first: a link that is made while the other one ends is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_end_is_missed_that_races_with_the_link() {
    let node = Node::builder().start().await.unwrap();
    for round in 0..500 {
        let (one, two) = (node.spawn(Peer::default()), node.spawn(Peer::default()));
        let linking = tokio::spawn({
            let (one, two) = (one.clone(), two.clone());
            async move { one.link(two).await }
        });
        let also = tokio::spawn({
            let (one, two) = (one.clone(), two.clone());
            // It may have ended before.
            async move {
                if round % 2 == 0 {
                    drop(two.link(one).await)
                }
            }
        });
        let failing = tokio::spawn({
            let two = two.clone();
            async move { two.fail("no more".into()).await }
        });
        failing.await.unwrap().unwrap();
        also.await.unwrap();
        // What it was linked to may have ended it before it links itself.
        let _ = linking.await.unwrap();
        let how = timeout(Duration::from_secs(10), one.terminated()).await.expect("its end was missed");
        let Terminated::Failed(reason) = how else { panic!("{how:?}") };
        assert_eq!((reason.exit(), reason.root().why()), (Exit::Linked, "no more"));
    }
}

/// R83: an end that arrives late does not stop the next state.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_end_of_a_linked_actor_never_stops_the_next_state() {
    let node = Node::builder().start().await.unwrap();
    let mut keeper = Keeper::start(&node, &Peer::spawn_create(), SpawnOptions::new()).await.unwrap();
    let kept = keeper.actor_ref();
    for _ in 0..500 {
        let other = node.spawn(Peer::default());
        kept.link(other.clone()).await.unwrap();
        let ends = [
            tokio::spawn({
                let kept = kept.clone();
                async move { drop(kept.fail("of itself".into()).await) }
            }),
            tokio::spawn(async move { drop(other.fail("elsewhere".into()).await) }),
        ];
        let reason = keeper.vacant().await;
        assert!(["of itself", "elsewhere"].contains(&reason.root().why()), "{reason}");
        keeper.restart(&Peer::spawn_create()).await.unwrap();
        for end in ends {
            end.await.unwrap();
        }
        let vacant = tokio::select! {
            biased;
            reason = keeper.vacant() => Some(reason),
            pinged = kept.ping() => {
                pinged.unwrap();
                None
            }
        };
        if let Some(reason) = vacant {
            // Its own failure was asked of the next state: the call had waited for it.
            assert_eq!(reason.root().why(), "of itself");
            keeper.restart(&Peer::spawn_create()).await.unwrap();
            kept.ping().await.unwrap();
        }
    }
}

/// R78: a call that waited between two states may end the next one as soon as it has started; the restart has succeeded.
#[tokio::test(start_paused = true)]
async fn a_state_that_ends_as_soon_as_it_has_started_has_started() {
    let [node] = Network::seeded(76).nodes().await;
    let mut keeper = Keeper::start(&node, &Peer::spawn_create(), SpawnOptions::new()).await.unwrap();
    let kept = keeper.actor_ref();
    kept.panic().await.unwrap_err();
    keeper.vacant().await;
    let waiting = tokio::spawn(async move { kept.fail("at once".into()).await });
    settle().await;
    keeper.restart(&Peer::spawn_create()).await.unwrap();
    assert_eq!(keeper.vacant().await.why(), "at once");
    waiting.await.unwrap().unwrap();
}
