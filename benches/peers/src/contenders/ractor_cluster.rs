//! ractor_cluster: nodes that see one another's process groups.

use std::net::{Ipv4Addr, TcpListener};

use bytes::Bytes;
use ractor::{Actor, ActorProcessingErr, ActorRef, BytesConvertable, RpcReplyPort, pg};
use ractor_cluster::{NodeServer, NodeServerMessage, RactorClusterMessage, client_connect};

use crate::contender::{Kept, Remote};

struct Echo;

/// Bytes as they are: the ready-made encoding of `Vec<u8>` goes byte by byte.
struct Body(Vec<u8>);

impl BytesConvertable for Body {
    fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

#[derive(RactorClusterMessage)]
enum Message {
    #[rpc]
    Echo(Body, RpcReplyPort<Body>),
}

impl Actor for Echo {
    type Msg = Message;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        Message::Echo(body, reply_to): Message,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let _ = reply_to.send(body);
        Ok(())
    }
}

const GROUPS: [&str; 2] = ["first", "second"];

#[derive(Clone)]
pub(crate) struct Far(ActorRef<Message>);

impl Remote for Far {
    async fn serve() -> (String, Kept) {
        for group in GROUPS {
            let (actor, _task) = Actor::spawn(None, Echo, ()).await.unwrap();
            pg::join(group.into(), vec![actor.get_cell()]);
        }
        // The node does not tell the port that it was given.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let node = node("server", port).await;
        (format!("127.0.0.1:{port}"), Box::new(node))
    }

    async fn connect(address: String) -> [Self; 2] {
        let node = node("client", 0).await;
        while client_connect(&node, &address).await.is_err() {
            tokio::task::yield_now().await;
        }
        let mut actors = Vec::new();
        for group in GROUPS {
            let actor = loop {
                match pg::get_members(&group.into()).pop() {
                    Some(actor) => break actor,
                    None => tokio::task::yield_now().await,
                }
            };
            actors.push(Self(actor.into()));
        }
        actors.try_into().unwrap_or_else(|_| unreachable!("one actor for each group"))
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        let body = Body(body.to_vec());
        self.0.call(|port| Message::Echo(body, port), None).await.unwrap().unwrap().0.into()
    }
}

async fn node(name: &str, port: u16) -> ActorRef<NodeServerMessage> {
    let node = NodeServer::new(port, "cookie".into(), name.into(), "localhost".into(), None, None)
        .with_listen_addr(Ipv4Addr::LOCALHOST.into());
    let (node, _task) = Actor::spawn(None, node, ()).await.unwrap();
    node
}
