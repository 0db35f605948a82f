//! kameo: near over its mailbox, far over libp2p. A swarm as its `bootstrap` makes it, but without the discovery of
//! other processes in the network, with TCP alone, and with room for more calls.

use bytes::Bytes;
use futures::StreamExt;
use kameo::{
    Actor, RemoteActor, Reply,
    actor::{ActorRef, RemoteActorRef, Spawn},
    mailbox,
    message::{Context, Message},
    remote::{self, messaging},
    remote_message,
};
use libp2p::{Multiaddr, Swarm, SwarmBuilder, noise, swarm::SwarmEvent, tcp, yamux};
use serde::{Deserialize, Serialize};

use crate::{
    contender::{self, Kept, Remote, Service},
    local,
};

const MAILBOX: usize = 1024;
/// Each call is a stream, and yamux closes a connection with more of them.
pub(crate) const IN_FLIGHT_MAX: usize = 512;
const BODY_MAX: u64 = 8 << 20;

#[derive(Actor)]
struct Counter(local::Counter);

struct Add(u64);

impl Message<Add> for Counter {
    type Reply = u64;

    async fn handle(&mut self, Add(n): Add, _: &mut Context<Self, u64>) -> u64 {
        self.0.add(n)
    }
}

#[derive(Clone)]
pub(crate) struct Near(ActorRef<Counter>);

impl Service for Near {
    type Host = ();

    async fn host() {}

    async fn spawn((): &()) -> Self {
        Self(Counter::spawn_with_mailbox(Counter(local::Counter::new()), mailbox::bounded(MAILBOX)))
    }

    async fn call(&self, n: u64) -> u64 {
        self.0.ask(Add(n)).await.unwrap()
    }
}

impl contender::Actor for Near {
    async fn send(&self, n: u64) {
        self.0.tell(Add(n)).await.unwrap();
    }

    fn stop(self) {}
}

#[derive(Actor, RemoteActor)]
struct Echo;

#[derive(Reply, Serialize, Deserialize)]
struct Body(Bytes);

#[remote_message]
impl Message<Body> for Echo {
    type Reply = Body;

    async fn handle(&mut self, body: Body, _: &mut Context<Self, Body>) -> Body {
        body
    }
}

#[derive(Clone)]
pub(crate) struct Far(RemoteActorRef<Echo>);

impl Remote for Far {
    async fn serve() -> (String, Kept) {
        let mut swarm = swarm();
        swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let address = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        run(swarm);
        let actors = [Echo::spawn(Echo), Echo::spawn(Echo)];
        actors[0].register("first").await.unwrap();
        actors[1].register("second").await.unwrap();
        (address.to_string(), Box::new(actors))
    }

    async fn connect(address: String) -> [Self; 2] {
        let mut swarm = swarm();
        let address: Multiaddr = address.parse().unwrap();
        swarm.dial(address.clone()).unwrap();
        let server = loop {
            if let SwarmEvent::ConnectionEstablished { peer_id, .. } = swarm.select_next_some().await {
                break peer_id;
            }
        };
        swarm.add_peer_address(server, address);
        run(swarm);
        [Self(look_up("first").await), Self(look_up("second").await)]
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        self.0.ask(&Body(body)).await.unwrap().0
    }
}

fn swarm() -> Swarm<remote::Behaviour> {
    let config = messaging::Config::default()
        .with_max_concurrent_streams(IN_FLIGHT_MAX)
        .with_request_size_maximum(BODY_MAX)
        .with_response_size_maximum(BODY_MAX);
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|key| remote::Behaviour::new(key.public().to_peer_id(), config))
        .unwrap()
        .build();
    swarm.behaviour().init_global();
    swarm
}

fn run(mut swarm: Swarm<remote::Behaviour>) {
    tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
}

/// A node that has just connected does not find all names at once.
async fn look_up(name: &str) -> RemoteActorRef<Echo> {
    loop {
        if let Ok(Some(actor)) = RemoteActorRef::lookup(name).await {
            return actor;
        }
    }
}
