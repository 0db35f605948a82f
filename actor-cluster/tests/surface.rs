//! The programs of the guide: what a user of a cluster writes first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use actor_testkit::Network;
use distributed_actor::{
    CallError, Node, SystemError,
    cluster::{ClusterEvent, ClusterView},
    distributed_actor,
};

struct PingWorker {
    name: String,
    served: u64,
}

#[distributed_actor]
impl PingWorker {
    #[distributed(spawn)]
    fn create(name: String) -> Self {
        PingWorker { name, served: 0 }
    }

    #[distributed]
    fn ping(&mut self, message: String) -> String {
        self.served += 1;
        format!("ack from {}, msg got: {message}", self.name)
    }

    #[distributed]
    fn served(&self) -> u64 {
        self.served
    }
}

/// What each of the two does.
async fn side(name: &str, listen: &str, peer: &str, contact: Option<&str>) -> Result<Node, Box<dyn std::error::Error>> {
    let node = Node::builder().name(name).listen(listen).join(contact).start().await?;
    let view = node.cluster().wait_until(|view| view.named(peer).is_some(), Duration::from_secs(5)).await?;
    let peer = view.named(peer).unwrap();

    let worker = node.spawn_on(peer.id(), PingWorker::spawn_create("Alice".into())).await?;
    assert_eq!(worker.ping("hello".into()).await?, "ack from Alice, msg got: hello");
    Ok(node)
}

/// R40, R41, R60, R107: the same program twice, in either order; the one that is named as the contact may be the later.
#[tokio::test]
async fn two_that_name_each_other_meet_in_either_order_and_start_actors_on_each_other() {
    for late in [0, 1] {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("tcp://127.0.0.1:{port}");
        let pause = async |number: u64| tokio::time::sleep(Duration::from_millis(700 * (number ^ late))).await;
        let (first, second) = tokio::join!(
            async {
                pause(1).await;
                side("node0", &address, "node1", None).await
            },
            async {
                pause(0).await;
                side("node1", "tcp://127.0.0.1:0", "node0", Some(&address)).await
            }
        );
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!((first.actor_count(), second.actor_count()), (1, 1));
        tokio::join!(first.shutdown(), second.shutdown());
    }
}

/// R46, R50: a node dies, its calls say so; wait for another node, start the actor again there: its state is another one.
#[tokio::test(start_paused = true)]
async fn what_was_lost_is_started_again_on_a_new_node_without_its_state() {
    let network = Network::seeded(1);
    let nothing: [&str; 0] = [];
    let node = network.node_with(|builder| builder.join(nothing)).await;
    let peer = network.node_with(|builder| builder.join([node.address()])).await;
    let is_there = |name: &'static str| move |view: &ClusterView| view.named(name).is_some();
    let view = node.cluster().wait_until(is_there("node1"), Duration::from_secs(5)).await.unwrap();
    let lost_node = view.named("node1").unwrap().id();
    let worker = node.spawn_on(lost_node, PingWorker::spawn_create("Alice".into())).await.unwrap();
    for _ in 0..3 {
        worker.ping("hello".into()).await.unwrap();
    }
    let mut events = node.cluster().events();
    let in_flight = {
        let worker = worker.clone();
        network.partition(&node, &peer);
        tokio::spawn(async move { worker.ping("are you there".into()).await })
    };
    match in_flight.await.unwrap() {
        Err(CallError::System(SystemError::Network(lost))) => {
            assert_eq!(lost.node(), lost_node);
            assert!(lost.to_string().contains("silent"), "which node, and why, in words: {lost}");
        }
        other => panic!("{other:?}"),
    }
    // Dead, or not yet: a call to it fails with a reason, and does not hang.
    let began = tokio::time::Instant::now();
    match worker.ping("are you there".into()).await {
        Err(CallError::System(error @ SystemError::Connect { .. })) => assert!(!error.to_string().is_empty()),
        other => panic!("{other:?}"),
    }
    assert!(began.elapsed() <= Duration::from_secs(5), "{:?}", began.elapsed());
    while !matches!(events.next().await.unwrap(), ClusterEvent::Departed(gone) if gone.id() == lost_node) {}
    let new = network.node_with(|builder| builder.join([node.address()])).await;
    let view = node.cluster().wait_until(is_there("node2"), Duration::from_secs(5)).await.unwrap();
    let worker =
        node.spawn_on(view.named("node2").unwrap().id(), PingWorker::spawn_create("Alice".into())).await.unwrap();
    assert_eq!(worker.served().await.unwrap(), 0);
    assert_eq!(worker.id().node(), new.id());
}
