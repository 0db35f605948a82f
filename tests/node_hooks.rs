//! What a node's own hooks can do to it: nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{Limits, MethodInfo, Node, Outcome, SystemError};
use support::{Worker, system, until_in_time};

/// R62: in a destructor, and where the method has panicked, too.
#[tokio::test(start_paused = true)]
async fn a_hook_for_dead_letters_that_panics_harms_nobody() {
    let network = Network::seeded(1);
    let a = network.node_with(|builder| builder.on_dead_letter(|_| panic!("on purpose"))).await;
    let b = network.node().await;
    let [kept, ended, panics] = [(); 3].map(|()| a.spawn(Worker::default()));
    ended.stop().await;
    b.resolve::<Worker>(ended.id()).unwrap().seen().cast().await.unwrap();
    b.resolve::<Worker>(panics.id()).unwrap().panic("on purpose".into()).cast().await.unwrap();
    until_in_time(|| a.dead_letters() == 2).await;
    assert_eq!(b.resolve::<Worker>(kept.id()).unwrap().echo(vec![1]).await.unwrap(), [1]);
}

/// Who is refused is still told why.
#[tokio::test]
async fn a_hook_for_refused_connections_that_panics_harms_nobody() {
    let mut limits = Limits::default();
    limits.connections_per_listener_max = 1;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let hook = move |_: &_| {
        count.fetch_add(1, Ordering::SeqCst);
        panic!("on purpose");
    };
    let server = Node::builder().limits(limits).on_refused(hook).listen("tcp://127.0.0.1:0").start().await.unwrap();
    let [first, second] = [Node::builder().start().await.unwrap(), Node::builder().start().await.unwrap()];
    let worker = server.spawn(Worker::default());
    server.register("worker", &worker).unwrap();
    let remote = first.lookup::<Worker>(server.address(), "worker").await.unwrap();
    for refused in 1..=2 {
        let error = second.connect(server.address()).await.unwrap_err();
        assert!(error.to_string().contains("refused by the peer"), "{error}");
        assert_eq!(asked.load(Ordering::SeqCst), refused);
    }
    assert_eq!(remote.echo(vec![1]).await.unwrap(), [1]);
}

/// What is asked meanwhile, and afterwards, is not refused with it.
#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_where_it_is_asked_allows_nothing() {
    let network = Network::seeded(1);
    let hook = |_: &_, method: &MethodInfo| method.method() != "seen" || panic!("on purpose");
    let a = network.node_with(|builder| builder.authorize(hook)).await;
    let b = network.node().await;
    let (worker, other) = (a.spawn(Worker::default()), a.spawn(Worker::default()));
    let (remote, busy) = (b.resolve::<Worker>(worker.id()).unwrap(), b.resolve::<Worker>(other.id()).unwrap());
    let asks = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let error = system(remote.seen().await);
        assert!(matches!(&error, SystemError::Unauthorized { why } if why.contains("panicked")), "{error}");
        assert_eq!(error.outcome(), Outcome::NotExecuted);
        assert_eq!(remote.echo(vec![1]).await.unwrap(), [1]);
    };
    let begun = tokio::time::Instant::now();
    let (slept, ()) = tokio::join!(async { busy.sleep(Duration::from_millis(300)).await }, asks);
    slept.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
}
