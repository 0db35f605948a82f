//! What a reference is: an id, wherever it is held and whatever it refers to.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    cell::Cell,
    collections::{BTreeSet, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
};

use actor_testkit::Network;
use distributed_actor::{ActorId, ActorRef, DecodeContext, Node, SystemError, Terminated, WeakRef, distributed_actor};
use serde::{Serialize, de::DeserializeOwned};

/// Neither `Sync` nor anything that could be compared, printed or sent.
struct Counter<T> {
    value: T,
    calls: Cell<u32>,
}

#[distributed_actor]
impl<T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static> Counter<T> {
    #[distributed]
    fn replace(&mut self, value: T) -> T {
        self.calls.set(self.calls.get() + 1);
        std::mem::replace(&mut self.value, value)
    }

    #[distributed]
    async fn calls(&mut self) -> u32 {
        tokio::task::yield_now().await;
        self.calls.get()
    }

    #[distributed]
    async fn pass(&mut self, value: T, others: Vec<ActorRef<Counter<T>>>) -> Vec<T> {
        let mut replaced = vec![self.replace(value.clone())];
        if let Some((next, others)) = others.split_first() {
            replaced.extend(next.pass(value, others.to_vec()).await.unwrap());
        }
        replaced
    }
}

fn counter<T>(value: T) -> Counter<T> {
    Counter { value, calls: Cell::new(0) }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// R17
#[tokio::test(start_paused = true)]
async fn a_reference_is_compared_ordered_hashed_printed_and_serialized_as_its_id() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let local: Vec<_> = (0..3).map(|value| a.spawn(counter(value))).collect();
    let remote: Vec<ActorRef<Counter<i32>>> = local.iter().map(|local| b.resolve(local.id()).unwrap()).collect();
    for (local, remote) in local.iter().zip(&remote) {
        assert_eq!(local, remote);
        assert_eq!(local.cmp(remote), std::cmp::Ordering::Equal);
        assert_eq!(hash(local), hash(remote));
        assert_eq!(hash(local), hash(local.id()));
        assert_eq!(local.to_string(), local.id().to_string());
        assert_eq!(local.to_string().parse::<ActorId>().unwrap(), *local.id());
        assert_eq!(format!("{remote:?}"), format!("ActorRef({})", remote.id()));
        assert_eq!(serde_json::to_value(remote).unwrap(), serde_json::to_value(local.id()).unwrap());
        assert!(local.is_local() && !remote.is_local());
    }
    assert!(local[0] != local[1] && local[0] < local[1] && local[1] < local[2]);
    let all = || local.iter().chain(&remote).cloned();
    assert_eq!(all().collect::<HashSet<_>>().len(), 3);
    assert!(all().collect::<BTreeSet<_>>().iter().eq(&local));
}

/// There may be many of them: what else is known of an actor stands in one place for all.
#[test]
fn a_reference_is_two_words() {
    assert_eq!(size_of::<ActorRef<Counter<u8>>>(), 2 * size_of::<usize>());
}

/// R21
#[tokio::test(start_paused = true)]
async fn a_reference_is_not_read_outside_a_system() {
    let node = Node::builder().start().await.unwrap();
    let actor = node.spawn(counter(1));
    let text = serde_json::to_string(&actor).unwrap();
    let read = || serde_json::from_str::<ActorRef<Counter<i32>>>(&text);
    assert!(read().is_err());
    // Of scopes within one another the inner one counts, and none that is over, however it ended.
    let (context, other) = (DecodeContext::new(node), DecodeContext::new(Node::builder().start().await.unwrap()));
    assert!(context.scope(|| other.scope(|| read().is_ok_and(|read| !read.is_local()))));
    let panics = AssertUnwindSafe(|| other.scope(|| panic!("as planned")));
    assert!(context.scope(|| catch_unwind(panics).is_err() && read().is_ok_and(|read| read.is_local())));
    assert!(read().is_err());
}

/// R24
#[tokio::test(start_paused = true)]
async fn the_state_is_seen_where_it_is_and_nowhere_else() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let local = a.spawn(counter(1));
    let remote: ActorRef<Counter<i32>> = b.resolve(local.id()).unwrap();
    assert_eq!(local.when_local(|counter| counter.value).await, Some(1));
    assert_eq!(remote.when_local(|counter| counter.value).await, None);
    local.stop().await;
    assert_eq!(local.when_local(|counter| counter.value).await, None);
}

/// R22
#[tokio::test(start_paused = true)]
async fn a_remote_reference_keeps_nothing_alive_and_its_end_ends_nothing() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let local = a.spawn(counter(1));
    let remote: ActorRef<Counter<i32>> = b.resolve(local.id()).unwrap();
    let weak: WeakRef<_> = remote.downgrade();
    assert_eq!(remote.replace(2).await.unwrap(), 1);
    drop(remote);
    let remote = weak.upgrade().unwrap();
    assert_eq!(remote.replace(3).await.unwrap(), 2);
    let ended = remote.terminated();
    drop(local);
    assert!(matches!(ended.await, Terminated::Stopped | Terminated::NoSuchActor));
    let again = weak.upgrade().unwrap();
    assert!(matches!(
        again.replace(4).await,
        Err(distributed_actor::CallError::System(SystemError::UnknownActor { .. }))
    ));
}

/// R103
#[tokio::test(start_paused = true)]
async fn many_nodes_live_in_one_process() {
    let network = Network::seeded(1);
    let nodes: [Node; 12] = network.nodes().await;
    let kept: Vec<_> = (0..).zip(&nodes).map(|(value, node)| node.spawn(counter(value))).collect();
    let others: Vec<_> = kept[1..].iter().map(|actor| nodes[0].resolve(actor.id()).unwrap()).collect();
    assert_eq!(kept[0].pass(100, others).await.unwrap(), (0..12).collect::<Vec<_>>());
    for actor in &kept {
        assert_eq!(actor.calls().await.unwrap(), 1);
        assert_eq!(actor.system().actor_count(), 1);
    }
    // One goes, and the others do not notice.
    nodes[5].shutdown().await;
    assert!(matches!(
        kept[5].calls().await,
        Err(distributed_actor::CallError::System(SystemError::UnknownActor { .. }))
    ));
    let last: ActorRef<Counter<i32>> = nodes[0].resolve(kept[11].id()).unwrap();
    assert_eq!(last.replace(0).await.unwrap(), 100);
}

/// R5
#[tokio::test]
async fn what_a_reference_gives_out_can_be_sent_to_another_thread() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    fn send_and_sync<T: Send + Sync>(_: &T) {}

    let node = Node::builder().start().await.unwrap();
    let actor = node.spawn(counter(String::new()));
    send_and_sync(&actor);
    send_and_sync(&actor.downgrade());
    send(actor.replace("call".into()).into_future()).await.unwrap();
    send(actor.replace("cast".into()).cast()).await.unwrap();
    send(actor.calls().into_future()).await.unwrap();
    assert_eq!(send(actor.when_local(|counter| counter.value.clone())).await.as_deref(), Some("cast"));
    let moved = tokio::spawn(async move { actor.replace(String::new()).await });
    assert_eq!(moved.await.unwrap().unwrap(), "cast");
    let actor = node.spawn(counter(1));
    assert_eq!(send(actor.stop()).await, Terminated::Stopped);
    assert_eq!(send(actor.terminated()).await, Terminated::Stopped);
}

/// R29
#[tokio::test(start_paused = true)]
async fn actors_may_be_generic() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let numbers = a.spawn(counter(1_u8));
    let texts = a.spawn(counter("one".to_owned()));
    for _ in 0..3 {
        assert_eq!(numbers.replace(1).await.unwrap(), 1);
        assert_eq!(texts.replace("one".into()).await.unwrap(), "one");
        assert_eq!(b.resolve::<Counter<String>>(texts.id()).unwrap().replace("one".into()).await.unwrap(), "one");
    }
    // An id does not say of which type its actor is; the node that has it does.
    assert!(matches!(a.resolve::<Counter<u8>>(texts.id()), Err(SystemError::WrongType { .. })));
}
