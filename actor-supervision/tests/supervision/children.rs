use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use distributed_actor::{
    ActorRef, Node,
    supervision::{Child, ChildError, ChildState, Restart, Strategy, Supervisor},
};
use tokio::time::sleep;

use crate::worker::{Test, Worker, crash, worker};

/// R72: start, stop, restart and remove a child, from any node.
#[tokio::test(start_paused = true)]
async fn a_supervisor_is_called_as_any_actor_from_any_node() {
    let test = Test::new("remote").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(0, Duration::from_secs(1));
    let tree = test.start(builder.child(test.child("a")).child(test.child("b"))).await;
    let other = test.network.node().await;
    let supervisor: ActorRef<Supervisor<Node>> = other.resolve(tree.actor().id()).unwrap();
    test.log().await;
    let children = supervisor.children().await.unwrap();
    assert_eq!(children.len(), 2);
    assert_eq!(children[0].actor.as_deref(), Some(worker(&tree, "a").id().to_string().as_str()));
    assert_eq!(supervisor.count().await.unwrap().running, 2);
    supervisor.restart_child("a".into()).await.unwrap();
    assert_eq!(test.log().await, ["stop a", "start a"]);
    supervisor.stop_child("a".into()).await.unwrap();
    assert_eq!(test.log().await, ["stop a"]);
    let error = supervisor.remove_child("b".into()).await.unwrap_err();
    assert!(error.to_string().contains("child `b` runs"), "{error}");
    let error = supervisor.start_child("b".into()).await.unwrap_err();
    assert!(error.to_string().contains("child `b` runs"), "{error}");
    supervisor.start_child("a".into()).await.unwrap();
    supervisor.stop_child("a".into()).await.unwrap();
    supervisor.remove_child("a".into()).await.unwrap();
    let error = supervisor.start_child("a".into()).await.unwrap_err();
    assert!(error.to_string().contains("there is no child `a`"), "{error}");
    assert_eq!(supervisor.picture().await.unwrap(), "supervisor\n`-- b (running)\n");
    assert!(supervisor.dot().await.unwrap().contains("label=\"b\\nrunning\""));
}

/// R72, count_children, 2,000 of them; added while it runs.
#[tokio::test(start_paused = true)]
async fn two_thousand_children_are_added_counted_and_stopped() {
    let test = Test::new("many").await;
    let tree = test.start(Supervisor::builder(Strategy::OneForOne)).await;
    for number in 0..2000 {
        tree.add(test.child(&number.to_string()).restart(Restart::Temporary)).await.unwrap();
    }
    let count = tree.count().await;
    assert_eq!((count.specified, count.running, count.supervisors), (2000, 2000, 0));
    for number in (0..2000).step_by(2) {
        worker(&tree, &number.to_string()).leave().await.unwrap();
    }
    sleep(Duration::from_millis(10)).await;
    assert_eq!(tree.count().await.running, 1000);
    assert!(matches!(tree.add(test.child("1")).await, Err(ChildError::NameTaken { .. })));
    test.lame("lame", true);
    assert!(matches!(tree.add(test.child("lame")).await, Err(ChildError::NotStarted { .. })));
    assert_eq!(tree.count().await.specified, 1000);
    tree.stop().await;
    assert_eq!(test.node.actor_count(), 0);
    assert!(matches!(tree.add(test.child("late")).await, Err(ChildError::Ended)));
}

/// R85: a child on another node; its loss is an exit.
#[tokio::test(start_paused = true)]
async fn a_child_on_another_node_is_started_again_when_it_crashes_or_its_node_is_lost() {
    let test = Test::new("elsewhere").await;
    let other = test.network.node().await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(20, Duration::from_secs(60));
    let backoff = distributed_actor::supervision::Backoff::exponential();
    let child = Child::on(other.id(), "far", test.worker("far")).backoff(backoff);
    let tree = test.start(builder.child(child).child(test.child("near"))).await;
    let first = worker(&tree, "far");
    assert_eq!((first.id().node(), first.is_local()), (other.id(), false));
    crash(&tree, "far").await;
    sleep(Duration::from_secs(1)).await;
    let second = worker(&tree, "far");
    assert_ne!(first, second);
    assert_eq!(second.call().await.unwrap(), 1);
    test.network.partition(&test.node, &other);
    sleep(Duration::from_secs(20)).await;
    // Owned: without its owner it ends there.
    assert_eq!(other.actor_count(), 0);
    let info = tree.children().await;
    assert_eq!(info[0].state, ChildState::Waiting);
    test.network.heal();
    sleep(Duration::from_secs(40)).await;
    assert_eq!(worker(&tree, "far").call().await.unwrap(), 1);
    assert_eq!(other.actor_count(), 1);
    assert_eq!(worker(&tree, "near").call().await.unwrap(), 1);
    tree.stop().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!((test.node.actor_count(), other.actor_count()), (0, 0));
}

/// R50, R85: the policy says where it is started again.
#[tokio::test(start_paused = true)]
async fn a_child_whose_node_is_lost_is_started_again_on_another_one() {
    let test = Test::new("placed").await;
    let (first, second) = (test.network.node().await, test.network.node().await);
    // What a cluster's view would say.
    let alive = Arc::new(Mutex::new(vec![first.id(), second.id()]));
    let known = alive.clone();
    let place = move || known.lock().unwrap().first().copied();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(5, Duration::from_secs(60));
    let tree = test.start(builder.child(Child::wherever(place, "far", test.worker("far")))).await;
    assert_eq!(worker(&tree, "far").id().node(), first.id());
    assert_eq!(worker(&tree, "far").call().await.unwrap(), 1);
    alive.lock().unwrap().remove(0);
    drop(first);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(worker(&tree, "far").id().node(), second.id());
    // Its state is not carried over.
    assert_eq!(worker(&tree, "far").call().await.unwrap(), 1);
    let info = tree.children().await;
    assert_eq!(info[0].restarts, 1);
    alive.lock().unwrap().clear();
    drop(second);
    assert_eq!(tree.ended().await.root().why(), "there is no node for it");
}

/// A child is asked for in its type.
#[tokio::test(start_paused = true)]
async fn a_child_of_another_type_or_name_is_said_so() {
    let test = Test::new("types").await;
    let inner = Supervisor::builder(Strategy::OneForOne);
    let builder = Supervisor::builder(Strategy::OneForOne).child(test.child("a")).child(Child::new("inner", inner));
    let tree = test.start(builder).await;
    assert!(matches!(tree.child::<Supervisor<Node>>("a"), Err(ChildError::WrongType { .. })));
    assert!(matches!(tree.child::<Worker>("b"), Err(ChildError::Unknown { .. })));
    assert_eq!(tree.supervisor("inner").unwrap().count().await.specified, 0);
}
