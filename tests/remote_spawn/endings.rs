use std::time::Duration;

use actor_testkit::Network;
use distributed_actor::{ActorRef, Node, Orphan, Terminated};

use super::{support::until_in_time, worker::PingWorker};

/// Three actors that `owner` has had started on `at`: tied to it, tied to it as long as it is known to live, and free.
async fn three(owner: &Node, at: &Node) -> [ActorRef<PingWorker>; 3] {
    let tied = PingWorker::spawn_create("tied".into()).owned();
    let loose = PingWorker::spawn_create("loose".into()).orphan(Orphan::LeaveRunning);
    let free = PingWorker::spawn_create("free".into());
    let [tied, loose, free] = [
        owner.spawn_on(at.id(), tied).await.unwrap(),
        owner.spawn_on(at.id(), loose).await.unwrap(),
        owner.spawn_on(at.id(), free).await.unwrap(),
    ];
    [tied, loose, free].map(|remote| at.resolve(remote.id()).unwrap())
}

async fn lives(actor: &ActorRef<PingWorker>) -> bool {
    actor.name().await.is_ok()
}

/// R2, R16: an owner that ends takes with it what it owns.
#[tokio::test(start_paused = true)]
async fn an_owner_that_ends_takes_what_it_owns_with_it() {
    for in_order in [true, false] {
        let network = Network::seeded(21);
        let [a, b] = network.nodes().await;
        let [tied, loose, free] = three(&a, &b).await;
        assert_eq!(b.actor_count(), 3);
        if in_order {
            a.shutdown().await;
        }
        drop(a);
        until_in_time(|| b.actor_count() == 1).await;
        assert_eq!(tied.terminated().await, Terminated::Stopped);
        assert_eq!(loose.terminated().await, Terminated::Stopped);
        assert!(lives(&free).await);
    }
}

/// R2, R85: an owner that is lost may live: what becomes of the orphans was asked for.
#[tokio::test(start_paused = true)]
async fn an_owner_that_is_lost_leaves_orphans_as_was_asked() {
    let network = Network::seeded(22);
    let [a, b] = network.nodes().await;
    let [tied, loose, free] = three(&a, &b).await;
    network.partition(&a, &b);
    assert_eq!(tied.terminated().await, Terminated::Stopped);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(lives(&loose).await && lives(&free).await);
    // It comes back, and ends in order.
    network.heal();
    let seen: ActorRef<PingWorker> = a.resolve(loose.id()).unwrap();
    assert!(lives(&seen).await);
    a.shutdown().await;
    assert_eq!(loose.terminated().await, Terminated::Stopped);
    assert!(lives(&free).await);
}

/// R16
#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_ends_what_is_tied_to_it_and_not_what_is_started_later() {
    let network = Network::seeded(23);
    let [a, b] = network.nodes().await;
    for _ in 0..3 {
        let [tied, loose, free] = three(&a, &b).await;
        network.reset(&a, &b);
        assert_eq!(tied.terminated().await, Terminated::Stopped);
        let [next, ..] = three(&a, &b).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(lives(&next).await && lives(&loose).await && lives(&free).await);
        next.stop();
    }
}

/// R19
#[tokio::test(start_paused = true)]
async fn what_was_started_from_elsewhere_can_be_released_and_stopped_like_any_other() {
    let network = Network::seeded(24);
    let [a, b] = network.nodes().await;
    let [tied, loose, free] = three(&a, &b).await;
    b.release(&tied);
    drop(tied);
    until_in_time(|| b.actor_count() == 2).await;
    loose.stop().await;
    let remote: ActorRef<PingWorker> = a.resolve(free.id()).unwrap();
    assert!(remote.panic().await.is_err());
    assert_eq!(remote.terminated().await, Terminated::NoSuchActor);
    assert_eq!(b.actor_count(), 0);
    // The node that started them ends; there is nothing left to stop.
    a.shutdown().await;
    b.shutdown().await;
}
