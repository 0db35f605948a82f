//! This project, with a node's defaults.

use bytes::Bytes;
use distributed_actor::{ActorRef, Node, distributed_actor};

use crate::{
    contender::{Actor, Kept, Remote, Service},
    local,
};

struct Counter(local::Counter);

#[distributed_actor]
impl Counter {
    #[distributed]
    fn add(&mut self, n: u64) -> u64 {
        self.0.add(n)
    }
}

#[derive(Clone)]
pub(crate) struct Near(ActorRef<Counter>);

impl Service for Near {
    type Host = Node;

    async fn host() -> Node {
        Node::builder().start().await.unwrap()
    }

    async fn spawn(node: &Node) -> Self {
        Self(node.spawn(Counter(local::Counter::new())))
    }

    async fn call(&self, n: u64) -> u64 {
        self.0.add(n).await.unwrap()
    }
}

impl Actor for Near {
    async fn send(&self, n: u64) {
        self.0.add(n).cast().await.unwrap();
    }

    fn stop(self) {}
}

pub(super) struct Echo;

#[distributed_actor]
impl Echo {
    #[distributed]
    pub(super) fn echo(&mut self, body: Bytes) -> Bytes {
        body
    }

    #[distributed]
    pub(super) fn take(&mut self, body: Bytes) {
        drop(body);
    }
}

#[derive(Clone)]
pub(crate) struct Far(ActorRef<Echo>);

impl Remote for Far {
    async fn serve() -> (String, Kept) {
        let node = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
        node.register("first", &node.spawn(Echo)).unwrap();
        node.register("second", &node.spawn(Echo)).unwrap();
        (node.address().to_string(), Box::new(node))
    }

    async fn connect(address: String) -> [Self; 2] {
        let node = Node::builder().start().await.unwrap();
        let first = node.lookup(&address, "first").await.unwrap();
        let second = node.lookup(&address, "second").await.unwrap();
        [Self(first), Self(second)]
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        self.0.echo(body).await.unwrap()
    }
}
