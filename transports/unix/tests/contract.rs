//! The contract of an actor system, run on nodes that are connected over Unix domain sockets.
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "helpers of tests")]

use actor_core::SystemError;
use actor_testkit::SystemUnderTest;
use actor_transport::Node;
use tempfile::TempDir;
use transport_unix::UnixTransport;

struct OverUnix {
    directory: TempDir,
}

impl Default for OverUnix {
    fn default() -> Self {
        Self { directory: TempDir::new().expect("a directory can be made") }
    }
}

impl OverUnix {
    async fn node(&self, name: &str) -> Node {
        let address = format!("unix://{}/{name}", self.directory.path().display());
        let builder = Node::builder().name(name).transport(UnixTransport::new());
        builder.listen(address).start().await.expect("the path is free")
    }
}

impl SystemUnderTest for OverUnix {
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
        Node::builder().name("stranger").transport(UnixTransport::new()).start().await.expect("it needs no address")
    }

    fn cause(error: &SystemError) -> Option<SystemError> {
        Some(error.clone())
    }
}

// R25, R32
actor_testkit::system_contract!(OverUnix);
