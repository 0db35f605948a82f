//! References, over any number of nodes.

use std::time::Duration;

use actor_core::{ActorRef, CallError, SystemError};

use super::{
    calls::failure,
    ground::{Ground, place, sessions, until},
    worker::{Team, Worker, pattern},
};

/// R21
pub async fn a_reference_that_comes_home_is_local(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    let (mine, _) = ground.worker(&client, &server);
    let back = remote.same(mine.clone()).await.unwrap();
    assert_eq!(back, mine);
    assert!(back.is_local());
    let there = remote.me().await.unwrap();
    assert_eq!(there, remote);
    assert!(!there.is_local());
    there.nothing().await.unwrap();
}

/// R21
pub async fn references_travel_in_lists_options_and_structures(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    let mine: Vec<_> = (0..4).map(|_| client.spawn(Worker::new(ground.ledger()))).collect();
    let team = Team { first: mine[0].clone(), others: mine[1..3].to_vec(), missing: Some(mine[3].clone()) };
    let back = remote.mixed(team).await.unwrap();
    assert_eq!(back, [mine[3].clone(), mine[1].clone(), mine[2].clone(), mine[0].clone()]);
    assert!(back.iter().all(ActorRef::is_local));
}

/// R21, R22: who gets a reference learns where its node is.
pub async fn a_reference_to_a_third_node_can_be_called_by_whoever_gets_it(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let third = ground.node("third").await;
    let (_there, there) = ground.worker(&third, &client);
    let (_kept, remote) = ground.worker(&server, &client);
    // The server has never heard of the third node.
    assert_eq!(server.peers().iter().filter(|peer| peer.id == third.id()).count(), 0);
    let (_, from_elsewhere) = remote.surroundings_of(there.clone()).await.unwrap().expect("it can be called");
    assert!(from_elsewhere);
    assert_eq!(remote.same(there.clone()).await.unwrap(), there);
}

/// R21
pub async fn a_call_is_relayed_over_four_nodes(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (third, fourth) = (ground.node("third").await, ground.node("fourth").await);
    let nodes = [&server, &third, &fourth];
    let workers: Vec<_> =
        nodes.iter().flat_map(|node| [ground.worker(node, &client), ground.worker(node, &client)]).collect();
    // Round twice, over another actor of each node, as none may wait for itself.
    let hops: Vec<_> = [2, 4, 1, 3, 5].map(|at: usize| workers[at].1.clone()).into();
    let ledger = ground.ledger();
    let relayed =
        ledger.call("client", Duration::from_secs(10), async |call| workers[0].1.relay(call, hops).await).await;
    assert!(relayed.is_ok(), "{relayed:?}");
    assert_eq!(workers[5].0.seen().await.unwrap(), [relayed.unwrap()]);
}

/// R21
pub async fn a_reference_to_an_actor_that_has_ended_fails_on_its_first_call(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (local, remote) = ground.worker(&server, &client);
    let (_kept, other) = ground.worker(&server, &client);
    local.stop().await;
    let back = other.same(remote.clone()).await.unwrap();
    assert_eq!(back, remote);
    assert!(matches!(failure(back.nothing().await), SystemError::UnknownActor { .. }));
}

/// R23: references on other nodes keep nobody alive.
pub async fn only_local_references_keep_an_actor(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (local, remote) = ground.worker(&server, &client);
    remote.nothing().await.unwrap();
    drop(local);
    server.all_actors_ended().await;
    assert!(matches!(failure(remote.nothing().await), SystemError::UnknownActor { .. }));
}

/// R22
pub async fn a_stale_reference_never_reaches_a_new_actor(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (local, remote) = ground.worker(&server, &client);
    remote.nothing().await.unwrap();
    let address = server.address().clone();
    server.shutdown().await;
    drop((server, local));
    // What is asked before the news has come is lost with it.
    until(|| sessions(&client) == 0).await;
    let (again, _) = ground.plan("server").at(&address).start().await;
    let _other = again.spawn(Worker::new(ground.ledger()));
    let found = client.connect(&address).await.unwrap();
    assert_eq!(found, again.id());
    match remote.nothing().await {
        Err(CallError::System(SystemError::NodeReplaced { new, .. })) => assert_eq!(new, again.id()),
        other => panic!("{other:?}"),
    }
}

/// Many references in one message, each of which can be called.
pub async fn a_hundred_references_travel_in_one_message(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = place(&server, &client, Worker::new(ground.ledger()));
    let mine: Vec<_> = (0..100).map(|_| client.spawn(Worker::new(ground.ledger()))).collect();
    let team = Team { first: mine[0].clone(), others: mine[1..].to_vec(), missing: None };
    let back = remote.mixed(team).await.unwrap();
    assert_eq!(back.len(), 100);
    for (number, worker) in back.iter().enumerate() {
        worker.mark(number as u64, pattern(0, 0)).await.unwrap();
    }
}
