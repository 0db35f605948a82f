use std::time::Duration;

use distributed_actor::{
    ActorRef, Exit, Terminated,
    supervision::{ChildState, Restart, Strategy, Supervisor},
};
use tokio::time::{Instant, sleep};

use crate::worker::{Test, Worker, crash, worker};

/// R83: a link goes across trees; the linked child is started again by its own supervisor, and the link is over.
#[tokio::test(start_paused = true)]
async fn a_child_that_is_linked_to_another_trees_child_is_started_again_with_it() {
    let test = Test::new("linked_children").await;
    let builder = || Supervisor::builder(Strategy::OneForOne).intensity(9, Duration::from_secs(60));
    let one = test.start(builder().child(test.child("a"))).await;
    let two = test.start(builder().child(test.child("b"))).await;
    worker(&one, "a").link(worker(&two, "b")).await.unwrap();
    test.log().await;
    crash(&one, "a").await;
    let mut log = test.log().await;
    log.sort();
    assert_eq!(log, ["crash a", "start a", "start b", "stop b"]);
    let exit = two.children().await[0].last_exit.clone().unwrap();
    assert_eq!(exit.exit(), Exit::Linked);
    assert_eq!(
        (exit.root().exit(), exit.root().why()),
        (Exit::Panicked, "`supervision::worker::Worker::crash` panicked")
    );
    // The states of now are not linked.
    crash(&one, "a").await;
    assert_eq!(test.log().await, ["crash a", "start a"]);
}

/// R83, R76: who is linked to a supervisor ends when it gives up.
#[tokio::test(start_paused = true)]
async fn who_is_linked_to_a_supervisor_ends_when_that_gives_up_and_not_when_it_is_stopped() {
    for gives_up in [true, false] {
        let test = Test::new("linked_to_supervisor").await;
        let builder = Supervisor::builder(Strategy::OneForOne).intensity(0, Duration::from_secs(60));
        let tree = test.start(builder.child(test.child("a"))).await;
        let single = test.start(Supervisor::builder(Strategy::OneForOne).intensity(1, Duration::from_secs(60))).await;
        let child = test.child("outside").restart(Restart::Transient);
        single.add(child).await.unwrap();
        let outside = worker(&single, "outside");
        let supervisor = tree.actor().clone();
        outside.link_to_tree(supervisor).await.unwrap();
        if gives_up {
            crash(&tree, "a").await;
            tree.ended().await;
        } else {
            tree.stop().await;
        }
        sleep(Duration::from_millis(10)).await;
        let info = single.children().await;
        assert_eq!((info[0].state, info[0].restarts), (ChildState::Running, u64::from(gives_up)));
        if gives_up {
            let exit = info[0].last_exit.clone().unwrap();
            let text = exit.to_string();
            assert!(text.contains("has ended: more than 0 restarts within 60 s: child `a`: `supervision"), "{text}");
        }
        single.stop().await;
    }
}

/// R86: over two trees of one node that shuts down; the time of a child covers its clients.
#[tokio::test(start_paused = true)]
async fn a_child_is_stopped_after_its_clients_in_other_trees() {
    let test = Test::new("clients").await;
    let builder = || Supervisor::builder(Strategy::OneForOne).intensity(9, Duration::from_secs(60));
    let store = test.start(builder().child(test.child("store"))).await;
    let shop = test.start(builder().child(test.child("shop"))).await;
    worker(&shop, "shop").depend_on(worker(&store, "store")).await.unwrap();
    test.log().await;
    // The client comes back, for a server that comes back.
    store.restart_child("store").await.unwrap();
    let mut log = test.log().await;
    assert_eq!((&*log[0], log.iter().position(|line| line == "stop store") > Some(0)), ("stop shop", true));
    log.sort();
    assert_eq!(log, ["start shop", "start store", "stop shop", "stop store"]);
    worker(&shop, "shop").depend_on(worker(&store, "store")).await.unwrap();
    test.node.shutdown().await;
    assert_eq!(test.log().await, ["stop shop", "stop store"]);
    // A client that does not stop holds its server up for no longer than that one's supervisor allows.
    let test = Test::new("stubborn_client").await;
    test.stubborn("shop");
    let store = test.start(builder().child(test.child("store").shutdown(Duration::from_secs(2)))).await;
    let shop: ActorRef<Worker> = test.node.spawn_on(test.node.id(), test.worker("shop")).await.unwrap();
    shop.depend_on(worker(&store, "store")).await.unwrap();
    let began = Instant::now();
    store.stop().await;
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(shop.terminated().await, Terminated::Stopped);
}
