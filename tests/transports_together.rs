//! One node on all transports at once.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use actor_testkit::Ledger;
use distributed_actor::{ActorRef, Address, MemoryTransport, Node, NodeBuilder, TcpTransport, distributed_actor};
use tempfile::TempDir;
use tokio::task::JoinSet;
use transport_quic::QuicTransport;
use transport_security::DevelopmentCa;
use transport_tls::TlsTransport;
use transport_unix::UnixTransport;
use transport_websocket::WebSocketTransport;

struct Clerk {
    ledger: Ledger,
    friends: Vec<ActorRef<Clerk>>,
}

#[distributed_actor]
impl Clerk {
    #[distributed]
    fn note(&mut self, call: u64) -> u64 {
        self.ledger.executed(call);
        call
    }

    #[distributed]
    fn join(&mut self, friend: ActorRef<Clerk>) -> Vec<ActorRef<Clerk>> {
        self.friends.push(friend);
        self.friends.clone()
    }
}

const SCHEMES: [&str; 7] = ["mem", "unix", "tcp", "tls", "quic", "ws", "wss"];
const TIME: std::time::Duration = std::time::Duration::from_secs(20);

struct Place {
    ca: DevelopmentCa,
    memory: MemoryTransport,
    directory: TempDir,
}

impl Place {
    /// With all transports; the certificates say the name.
    fn builder(&self, name: &str) -> NodeBuilder {
        let tls = self.ca.tls(name).unwrap();
        Node::builder()
            .name(name)
            .transport(self.memory.clone())
            .transport(UnixTransport::new())
            .transport(TcpTransport::new())
            .transport(TlsTransport::new(tls.clone()))
            .transport(QuicTransport::new(tls.clone()))
            .transport(WebSocketTransport::new())
            .transport(WebSocketTransport::secure(tls))
    }

    fn address(&self, scheme: &str, name: &str) -> String {
        match scheme {
            "mem" => format!("mem://{name}"),
            "unix" => format!("unix://{}/{name}", self.directory.path().display()),
            scheme => format!("{scheme}://localhost:0"),
        }
    }
}

/// R30: an actor is served over all of them, at once, and references to clients of each travel to those of the others.
#[tokio::test]
async fn one_actor_is_served_over_seven_transports_at_once() {
    let place =
        Place { ca: DevelopmentCa::new().unwrap(), memory: MemoryTransport::new(), directory: TempDir::new().unwrap() };
    let ledger = Ledger::new();
    let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let log = seen.clone();
    let mut builder = place.builder("server").authorize(move |peer, _| {
        log.lock().unwrap().insert(peer.claimed_name().to_owned());
        true
    });
    for scheme in SCHEMES {
        builder = builder.listen(place.address(scheme, "server"));
    }
    let server = builder.start().await.unwrap();
    assert_eq!(server.addresses().iter().map(Address::scheme).collect::<Vec<_>>(), SCHEMES);
    let clerk = server.spawn(Clerk { ledger: ledger.clone(), friends: Vec::new() });
    server.register("clerk", &clerk).unwrap();

    let mut calls = JoinSet::new();
    let mut clients = Vec::new();
    for address in server.addresses() {
        let (scheme, ledger) = (address.scheme().to_owned(), ledger.clone());
        let client = place.builder(&scheme).listen(place.address(&scheme, &scheme)).start().await.unwrap();
        clients.push(client.clone());
        let address = address.clone();
        calls.spawn(async move {
            let remote: ActorRef<Clerk> = client.lookup(&address, "clerk").await.unwrap();
            for _ in 0..50 {
                let noted = async |call| remote.note(call).timeout(TIME).await;
                ledger.call(&scheme, TIME, noted).await.unwrap();
            }
            let own = client.spawn(Clerk { ledger: ledger.clone(), friends: Vec::new() });
            client.register("own", &own).unwrap();
            for friend in remote.join(own).await.unwrap() {
                // Those of other transports are reached over theirs.
                let noted = async |call| friend.note(call).timeout(TIME).await;
                ledger.call(&format!("{scheme} to {}", friend.id()), TIME, noted).await.unwrap();
            }
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), SCHEMES.map(str::to_owned).into());
    let tally = ledger.check().unwrap();
    assert_eq!((tally.acknowledged, tally.executed), (7 * 50 + 28, 7 * 50 + 28));
    for node in clients.iter().chain([&server]) {
        node.shutdown().await;
    }
}
