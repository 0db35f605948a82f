//! Nodes that know one another by certificates and secrets.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod authorization;
mod names;
mod peer;
mod refusals;
mod secrets;

use actor_core::distributed_actor;
use actor_transport::{Node, NodeBuilder};
use serde::{Deserialize, Serialize};
use transport_security::{DevelopmentCa, Tls};
use transport_tls::TlsTransport;

/// What the nodes of these tests offer.
struct Vault;

#[distributed_actor(system = Node, crate = actor_core)]
impl Vault {
    #[distributed]
    fn look(&self) -> u32 {
        7
    }

    #[distributed]
    fn open(&self, key: Key) -> u32 {
        key.0
    }
}

/// An argument that tells whether it was decoded.
#[derive(Serialize, Deserialize)]
struct Key(#[serde(deserialize_with = "authorization::decoded")] u32);

fn authority() -> DevelopmentCa {
    DevelopmentCa::new().unwrap()
}

fn builder(tls: Tls) -> NodeBuilder {
    Node::builder().transport(TlsTransport::new(tls))
}

/// A node with a vault, by the name of `vault`.
async fn serve(builder: NodeBuilder) -> Node {
    let node = builder.listen("tls://127.0.0.1:0").start().await.unwrap();
    node.register("vault", &node.spawn(Vault)).unwrap();
    node
}
