//! The contract of an actor system, run on nodes that are connected over QUIC.
#![allow(clippy::expect_used, reason = "helpers of tests")]

use actor_core::SystemError;
use actor_testkit::SystemUnderTest;
use actor_transport::Node;
use transport_quic::QuicTransport;
use transport_security::DevelopmentCa;

struct Subject {
    ca: DevelopmentCa,
}

impl Default for Subject {
    fn default() -> Self {
        Self { ca: DevelopmentCa::new().expect("there are random bits") }
    }
}

impl Subject {
    fn transport(&self, name: &str) -> QuicTransport {
        QuicTransport::new(self.ca.tls(name).expect("it is a name"))
    }

    async fn node(&self, name: &str) -> Node {
        let builder = Node::builder().name(name).transport(self.transport(name));
        builder.listen("quic://127.0.0.1:0").start().await.expect("a port is free")
    }
}

impl SystemUnderTest for Subject {
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
        let builder = Node::builder().name("stranger").transport(self.transport("stranger"));
        builder.start().await.expect("it needs no address")
    }

    fn cause(error: &SystemError) -> Option<SystemError> {
        Some(error.clone())
    }
}

// R25, R32
actor_testkit::system_contract!(Subject);
