//! This project over its other transports: the same actor, another address.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use distributed_actor::{
    ActorRef, Limits, Node, NodeBuilder, QuicTransport, TlsTransport, WebSocketTransport,
    security::{DevelopmentCa, Identity, Tls, Trust},
};

use super::distributed_actor::Echo;
use crate::{
    contender::{Kept, Remote},
    process::OVER,
};

/// One for small calls, and one for each of eight transfers.
const CALLEES: usize = 9;

#[derive(Clone)]
pub(crate) struct Over {
    callee: ActorRef<Echo>,
    callees: Arc<[ActorRef<Echo>]>,
    tls: Tls,
    address: String,
}

fn builder(tls: Tls) -> NodeBuilder {
    // As they are by default, but for the length of messages, and what goes with it.
    let mut limits = Limits::default();
    limits.message_length_max = 17 << 20;
    limits.inbound_bytes_max = 512 << 20;
    limits.inbound_bytes_per_node_max = 512 << 20;
    limits.calls_waiting_bytes_max = 512 << 20;
    Node::builder()
        .limits(limits)
        .transport(TlsTransport::new(tls.clone()))
        .transport(QuicTransport::new(tls))
        .transport(WebSocketTransport::new())
}

fn client(directory: &Path) -> Tls {
    let file = |name: &str| PathBuf::from(directory).join(name);
    let identity = Identity::from_pem_files(file("client.pem"), file("client.key")).unwrap();
    Tls::mutual(identity, Trust::from_pem_file(file("ca.pem")).unwrap()).unwrap()
}

impl Remote for Over {
    async fn serve() -> (String, Kept) {
        let scheme = env::var(OVER).unwrap();
        let directory = env::temp_dir().join(format!("peers-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let ca = DevelopmentCa::new().unwrap();
        ca.write_to(&directory).unwrap();
        ca.issue("client").unwrap().write_to(&directory).unwrap();
        let address = match &*scheme {
            "unix" => format!("unix://{}/socket", directory.display()),
            scheme => format!("{scheme}://127.0.0.1:0"),
        };
        let node = builder(ca.tls("server").unwrap()).listen(address).start().await.unwrap();
        for number in 0..CALLEES {
            node.register(format!("{number}"), &node.spawn(Echo)).unwrap();
        }
        (format!("{} {}", node.address(), directory.display()), Box::new(node))
    }

    async fn connect(address: String) -> [Self; 2] {
        let (address, directory) = address.split_once(' ').unwrap();
        let tls = client(Path::new(directory));
        let node = builder(tls.clone()).start().await.unwrap();
        let mut callees: Vec<ActorRef<Echo>> = Vec::new();
        for number in 0..CALLEES {
            callees.push(node.lookup(address, &number.to_string()).await.unwrap());
        }
        // All is connected, and the other process will be killed.
        fs::remove_dir_all(directory).unwrap();
        let callees: Arc<[_]> = callees.into();
        [0, 1].map(|number| Self {
            callee: callees[number].clone(),
            callees: callees.clone(),
            tls: tls.clone(),
            address: address.to_owned(),
        })
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        self.callee.echo(body).await.unwrap()
    }

    async fn transfer(&self, callee: usize, body: Bytes) {
        self.callees[callee].take(body).timeout(Duration::from_secs(60)).await.unwrap();
    }

    /// As a node that knows whom it connects to: one that knows an address only asks first, over a connection of its own.
    async fn connect_again(&self) {
        let node = builder(self.tls.clone()).start().await.unwrap();
        node.introduce(self.callee.id().node(), &[self.address.parse().unwrap()]);
        let callee: ActorRef<Echo> = node.resolve(self.callee.id()).unwrap();
        callee.echo(Bytes::new()).await.unwrap();
        node.shutdown().await;
    }
}
