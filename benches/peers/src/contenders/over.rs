//! This project over its other transports: the same actor, another address.

use std::{env, fs, path::PathBuf};

use bytes::Bytes;
use distributed_actor::{
    Node, NodeBuilder, QuicTransport, TlsTransport, WebSocketTransport,
    security::{DevelopmentCa, Identity, Tls, Trust},
};

use super::distributed_actor::{Echo, Far};
use crate::{
    contender::{Kept, Remote},
    process::OVER,
};

#[derive(Clone)]
pub(crate) struct Over(Far);

fn builder(tls: Tls) -> NodeBuilder {
    Node::builder()
        .transport(TlsTransport::new(tls.clone()))
        .transport(QuicTransport::new(tls))
        .transport(WebSocketTransport::new())
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
        node.register("first", &node.spawn(Echo)).unwrap();
        node.register("second", &node.spawn(Echo)).unwrap();
        (format!("{} {}", node.address(), directory.display()), Box::new(node))
    }

    async fn connect(address: String) -> [Self; 2] {
        let (address, directory) = address.split_once(' ').unwrap();
        let file = |name: &str| PathBuf::from(directory).join(name);
        let identity = Identity::from_pem_files(file("client.pem"), file("client.key")).unwrap();
        let tls = Tls::mutual(identity, Trust::from_pem_file(file("ca.pem")).unwrap()).unwrap();
        let node = builder(tls).start().await.unwrap();
        let first = node.lookup(address, "first").await.unwrap();
        let second = node.lookup(address, "second").await.unwrap();
        // All is connected, and the other process will be killed.
        fs::remove_dir_all(directory).unwrap();
        [Self(Far(first)), Self(Far(second))]
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        self.0.echo(body).await
    }
}
