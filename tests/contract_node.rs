//! The contract of an actor system, run on nodes that are connected over the memory transport.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use actor_testkit::SystemUnderTest;
use distributed_actor::{MemoryTransport, Node, SystemError};

/// Nodes in a place of their own.
#[derive(Default)]
struct OverMemory {
    memory: MemoryTransport,
}

impl OverMemory {
    async fn node(&self, name: &str) -> Node {
        let builder = Node::builder().name(name).transport(self.memory.clone());
        builder.listen(format!("mem://{name}")).start().await.expect("the name is free")
    }
}

impl SystemUnderTest for OverMemory {
    type System = Node;

    async fn pair(&self) -> (Node, Node) {
        let (near, far) = (self.node("near").await, self.node("far").await);
        far.connect(near.address()).await.expect("near listens");
        (near, far)
    }

    async fn beyond(&self, second: &Node) -> Node {
        let beyond = self.node("beyond").await;
        beyond.connect(second.address()).await.expect("the second listens");
        beyond
    }

    async fn stranger(&self) -> Node {
        Node::builder().name("stranger").transport(self.memory.clone()).start().await.expect("it needs no address")
    }

    fn cause(error: &SystemError) -> Option<SystemError> {
        Some(error.clone())
    }
}

// R25: the same suite runs on every actor system.
actor_testkit::system_contract!(OverMemory);
