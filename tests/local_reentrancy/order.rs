//! What begins when.

use std::time::Duration;

use distributed_actor::{ActorRef, Limits, Node, SpawnOptions, SystemError, distributed_actor};
use futures::future::join_all;

use crate::hub::{Hub, begin, hub, settled, system};

/// R6
#[tokio::test(start_paused = true)]
async fn shared_methods_interleave_at_their_awaits() {
    let (_node, actor, hub) = hub().await;
    // From the second round on they are inlined.
    for _ in 0..3 {
        let (one, two, three) = (begin!(actor.wait(1)), begin!(actor.wait(2)), begin!(actor.note(3)));
        assert_eq!(hub.written().await, [1, 2, 3]);
        three.await.unwrap().unwrap();
        hub.open(2);
        two.await.unwrap().unwrap();
        assert_eq!(hub.written().await, [-2]);
        let four = begin!(actor.wait(4));
        assert_eq!(hub.written().await, [4]);
        hub.open(1);
        one.await.unwrap().unwrap();
        hub.open(4);
        four.await.unwrap().unwrap();
        assert_eq!(hub.written().await, [-1, -4]);
    }
}

/// R6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interleaved_methods_run_one_at_a_time_on_any_number_of_threads() {
    let (_node, actor, hub) = hub().await;
    let rounds = 100;
    let calls = |actor: ActorRef<Hub>| async move {
        for round in 0..rounds {
            actor.stroll(round % 7).await.unwrap();
            actor.note(1).await.unwrap();
            actor.note_later(1).cast().await.unwrap();
            actor.change(1).await.unwrap();
            actor.march(round % 3).await.unwrap();
            join_all((0..4).map(|steps| actor.stroll(steps).into_future())).await;
        }
    };
    let tasks: Vec<_> = (0..6).map(|_| tokio::spawn(calls(actor.clone()))).collect();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let future = calls(actor.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(future);
            })
        })
        .collect();
    join_all(tasks).await.into_iter().for_each(|ended| ended.unwrap());
    tokio::task::spawn_blocking(|| threads.into_iter().for_each(|ended| ended.join().unwrap())).await.unwrap();
    actor.change(1).await.unwrap();
    assert_eq!(hub.log().len(), 8 * 3 * usize::try_from(rounds).unwrap() + 1);
}

/// R6
#[tokio::test(start_paused = true)]
async fn an_exclusive_method_waits_for_what_is_pending_and_what_comes_later_waits_for_it() {
    let (_node, actor, hub) = hub().await;
    for _ in 0..3 {
        let calls = [
            begin!(actor.wait(1)),
            begin!(actor.wait(2)),
            begin!(actor.change_slowly(3)),
            begin!(actor.note(4)),
            begin!(actor.wait(5)),
        ];
        let other = actor.clone();
        let log = hub.clone();
        let local = tokio::spawn(async move { other.when_local(move |_| log.log()).await });
        let last = begin!(actor.note(6));
        assert_eq!(hub.written().await, [1, 2]);
        hub.open(1);
        assert_eq!(hub.written().await, [-1]);
        hub.open(2);
        assert_eq!(hub.written().await, [-2, 3]);
        hub.open(3);
        assert_eq!(hub.written().await, [-3, 4, 5]);
        hub.open(5);
        assert_eq!(local.await.unwrap().unwrap(), [-5]);
        assert_eq!(hub.written().await, [-5, 6]);
        join_all(calls).await.into_iter().for_each(|ended| ended.unwrap().unwrap());
        last.await.unwrap().unwrap();
    }
}

/// R6
#[tokio::test(start_paused = true)]
async fn methods_begin_in_the_order_of_their_calls() {
    let (_node, actor, hub) = hub().await;
    let order: Vec<i32> = (1..=300).collect();
    for _ in 0..2 {
        // Some wait, some end at once, some have the actor for themselves, and none needs a gate of its own.
        for number in &order {
            hub.open(*number);
        }
        let calls = join_all(order.iter().map(|&number| {
            let actor = &actor;
            async move {
                match number % 4 {
                    0 => actor.wait(number).await.unwrap(),
                    1 => actor.change(number).await.unwrap(),
                    2 => actor.note(number).await.unwrap(),
                    _ => actor.complete(number).await.unwrap(),
                }
            }
        }));
        calls.await;
        let begun: Vec<i32> = hub.written().await.into_iter().filter(|entry| *entry > 0).collect();
        assert_eq!(begun, order);
        for number in order.iter().filter(|number| matches!(*number % 4, 1 | 2)) {
            hub.close(*number);
        }
    }
}

/// R6, R67
#[tokio::test(start_paused = true)]
async fn no_more_methods_interleave_than_the_mailbox_has_room_for() {
    let node = Node::builder().start().await.unwrap();
    let hub = Hub::default();
    let actor = node.spawn_with(hub.clone(), SpawnOptions::new().mailbox(2));
    let calls: Vec<_> = (1..=5).map(|number| begin!(actor.wait(number))).collect();
    assert_eq!(hub.written().await, [1, 2]);
    hub.open(2);
    assert_eq!(hub.written().await, [-2, 3]);
    for number in [1, 3, 4, 5] {
        hub.open(number);
    }
    join_all(calls).await.into_iter().for_each(|ended| ended.unwrap().unwrap());
    assert_eq!(hub.written().await, [-1, -3, 4, -4, 5, -5]);
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_call_that_leaves_the_front_of_the_queue_lets_what_is_behind_it_begin() {
    let (_node, actor, hub) = hub().await;
    let one = begin!(actor.wait(1));
    settled().await;
    let exclusive = begin!(actor.change(2));
    let timed = begin!(actor.change(3).timeout(Duration::from_millis(50)));
    let behind = begin!(actor.note(4));
    assert_eq!(hub.written().await, [1]);
    exclusive.abort();
    assert_eq!(hub.written().await, []);
    assert!(matches!(system(timed.await.unwrap()), SystemError::Deadline { .. }));
    assert_eq!(hub.written().await, [4]);
    behind.await.unwrap().unwrap();
    hub.open(1);
    one.await.unwrap().unwrap();
}

/// R6
#[tokio::test(start_paused = true)]
async fn an_actor_with_many_pending_methods_lets_others_of_its_thread_run() {
    let mut limits = Limits::default();
    limits.mailbox_length_max = 10_000;
    let node = Node::builder().limits(limits).start().await.unwrap();
    let hub = Hub::default();
    let actor = node.spawn(hub.clone());
    let strolling: Vec<_> = (0..500).map(|_| begin!(actor.stroll(u32::MAX))).collect();
    settled_among_others().await;
    // Another task's turn comes though hundreds of methods are always ready to go on.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    actor.note(1).await.unwrap();
    assert_eq!(hub.log(), [1]);
    for call in &strolling {
        call.abort();
    }
    drop(node);
    for call in strolling {
        assert!(call.await.is_err());
    }
}

async fn settled_among_others() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// The same without the switch.
#[derive(Default)]
struct Plain {
    pending: tokio::sync::Mutex<()>,
}

#[distributed_actor]
impl Plain {
    #[distributed]
    async fn wait(&self) {
        let _only = self.pending.try_lock().expect("another one is pending");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    #[distributed]
    async fn call(&self, other: ActorRef<Plain>) -> Result<(), String> {
        other.wait().await.map_err(|error| error.to_string())
    }
}

/// R6
#[tokio::test(start_paused = true)]
async fn an_actor_without_the_switch_is_not_reentrant() {
    let node = Node::builder().start().await.unwrap();
    let actor = node.spawn(Plain::default());
    for _ in 0..3 {
        let started = tokio::time::Instant::now();
        let calls = join_all((0..5).map(|_| actor.wait().into_future())).await;
        assert!(calls.into_iter().all(|ended| ended.is_ok()));
        assert!(started.elapsed() >= Duration::from_millis(50));
        let cycle = actor.call(actor.clone()).await.unwrap_err();
        assert!(cycle.to_string().contains("wait for itself"), "{cycle}");
    }
}

/// R6
#[tokio::test(start_paused = true)]
async fn each_interleaved_method_sees_the_surroundings_of_its_own_call() {
    let (node, actor, hub) = hub().await;
    let [one, two] = [1, 2].map(|_| node.spawn(hub.sibling()));
    let (of, seconds) = (actor.clone(), Duration::from_secs);
    for _ in 0..3 {
        let (target, other) = (of.clone(), of.clone());
        let first = begin!(one.ask_for_caller(target, 1).timeout(seconds(1)));
        let second = begin!(two.ask_for_caller(other, 2).timeout(seconds(2)));
        let third = begin!(of.caller(3).timeout(seconds(3)));
        settled().await;
        for number in [2, 1, 3] {
            hub.open(number);
            settled().await;
        }
        assert_eq!(first.await.unwrap().unwrap(), (Some(one.to_string()), Some(1000)));
        assert_eq!(second.await.unwrap().unwrap(), (Some(two.to_string()), Some(2000)));
        assert_eq!(third.await.unwrap().unwrap(), (None, Some(3000)));
    }
}
