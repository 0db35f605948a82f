//! Which of a peer's addresses is taken.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use actor_core::{ActorRef, distributed_actor};
use actor_transport::{Address, Node, NodeBuilder};
use tempfile::TempDir;
use transport_tcp::TcpTransport;
use transport_unix::UnixTransport;

struct Echo;

#[distributed_actor(system = Node, crate = actor_core)]
impl Echo {
    #[distributed]
    fn echo(&self, number: u32) -> u32 {
        number
    }
}

fn builder() -> NodeBuilder {
    Node::builder().transport(TcpTransport::new()).transport(UnixTransport::new())
}

async fn call(node: &Node, server: &Node, addresses: &[Address], echo: &ActorRef<Echo>) -> u32 {
    node.introduce(server.id(), addresses);
    let echo: ActorRef<Echo> = node.resolve(echo.id()).unwrap();
    echo.echo(7).await.unwrap()
}

/// R30: one actor, reached over two transports at once.
#[tokio::test]
async fn on_one_machine_unix_comes_before_tcp() {
    let directory = TempDir::new().unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = seen.clone();
    let server = builder()
        .listen("tcp://127.0.0.1:0")
        .listen(format!("unix://{}/socket", directory.path().display()))
        .authorize(move |peer, _| {
            log.lock().unwrap().push(peer.remote().into());
            true
        })
        .start()
        .await
        .unwrap();
    let echo = server.spawn(Echo);
    let (both, tcp) = (server.addresses(), &server.addresses()[..1]);
    assert_eq!(tcp[0].scheme(), "tcp");
    let (near, far) = (builder().start().await.unwrap(), builder().start().await.unwrap());
    assert_eq!(call(&near, &server, both, &echo).await + call(&far, &server, tcp, &echo).await, 14);
    let seen = seen.lock().unwrap();
    assert!(seen[0].contains("process") && seen[1] == "127.0.0.1", "{seen:?}");
}

/// The same path is another node's there.
#[tokio::test]
async fn a_unix_address_of_another_machine_does_not_stand_in_the_way() {
    let directory = TempDir::new().unwrap();
    let path: Address = format!("unix://{}/socket", directory.path().display()).parse().unwrap();
    let _here = builder().listen(&path).start().await.unwrap();
    let server = builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
    let echo = server.spawn(Echo);
    let client = builder().start().await.unwrap();
    let addresses = [path, server.address().clone()];
    assert_eq!(call(&client, &server, &addresses, &echo).await, 7);

    // Not even when it cannot be reached for a moment.
    let client = builder().start().await.unwrap();
    let nowhere: Address = "tcp://127.0.0.1:1".parse().unwrap();
    client.introduce(server.id(), &[addresses[0].clone(), nowhere]);
    let echo_there: ActorRef<Echo> = client.resolve(echo.id()).unwrap();
    let error = echo_there.echo(7).await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    client.introduce(server.id(), &addresses[1..]);
    assert_eq!(echo_there.echo(7).await.unwrap(), 7);
}
