//! The hook that decides who may call what.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use actor_core::{ActorRef, CallError, NodeId, SystemError, Terminated};
use actor_transport::Node;
use serde::{Deserialize, Deserializer};
use transport_security::Tls;

use super::{Key, Vault, authority, builder, serve};

static DECODED: AtomicU32 = AtomicU32::new(0);

pub(crate) fn decoded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    DECODED.fetch_add(1, Ordering::SeqCst);
    u32::deserialize(deserializer)
}

fn is_unauthorized<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::System(SystemError::Unauthorized { .. })))
}

/// R100
#[tokio::test]
async fn the_hook_sees_who_calls_what_before_an_argument_is_decoded() {
    let ca = authority();
    let hook = |peer: &actor_transport::PeerIdentity, method: &actor_core::MethodInfo| match peer.proven_name() {
        Some("admin") => true,
        Some("guest") => method.method() != "open",
        _ => false,
    };
    let server = serve(builder(ca.tls("server").unwrap()).authorize(hook)).await;
    let connect = async |name: &str| {
        let node = builder(ca.tls(name).unwrap()).start().await.unwrap();
        let vault = node.lookup::<Vault>(server.address(), "vault").await;
        (node, vault)
    };

    let (_guest, vault) = connect("guest").await;
    let vault = vault.unwrap();
    assert_eq!(vault.look().await.unwrap(), 7);
    assert!(is_unauthorized(&vault.open(Key(1)).await));
    assert_eq!(DECODED.load(Ordering::SeqCst), 0);

    let (_admin, vault) = connect("admin").await;
    assert_eq!(vault.unwrap().open(Key(2)).await.unwrap(), 2);
    assert_eq!(DECODED.load(Ordering::SeqCst), 1);

    // A guest may not even look up.
    let (_nobody, vault) = connect("nobody").await;
    assert!(matches!(vault, Err(SystemError::Unauthorized { .. })), "{vault:?}");
}

#[tokio::test]
async fn looking_up_stopping_and_watching_are_asked_for_like_calls() {
    let ca = authority();
    let server = serve(builder(ca.tls("server").unwrap()).authorize(|_, method| {
        !matches!(method.name(), "distributed_actor::Node::stop" | "distributed_actor::Node::watch")
    }))
    .await;
    let client = builder(ca.tls("client").unwrap()).start().await.unwrap();
    let vault: ActorRef<Vault> = client.lookup(server.address(), "vault").await.unwrap();
    assert!(matches!(vault.terminated().await, Terminated::NoSuchActor));
    vault.stop().await;
    assert_eq!(vault.look().await.unwrap(), 7);
}

#[tokio::test]
async fn a_cast_that_is_not_allowed_is_a_dead_letter() {
    let ca = authority();
    let server = serve(builder(ca.tls("server").unwrap()).authorize(|_, method| method.method() != "open")).await;
    let client = builder(ca.tls("client").unwrap()).start().await.unwrap();
    let vault: ActorRef<Vault> = client.lookup(server.address(), "vault").await.unwrap();
    vault.open(Key(1)).cast().await.unwrap();
    // To the same actor, and so behind it.
    vault.look().await.unwrap();
    assert_eq!(server.dead_letters(), 1);
}

#[tokio::test]
async fn strangers_call_a_public_service_and_are_known_as_such() {
    let ca = authority();
    let seen = Arc::new(Mutex::new(Vec::<(NodeId, Option<String>)>::new()));
    let log = seen.clone();
    let tls = ca.tls("server").unwrap().allow_anonymous().unwrap();
    let server = serve(builder(tls).authorize(move |peer, _| {
        log.lock().unwrap().push((peer.node(), peer.proven_name().map(String::from)));
        true
    }))
    .await;
    let stranger: Node = builder(Tls::client(ca.trust().unwrap()).unwrap()).name("server").start().await.unwrap();
    let member = builder(ca.tls("member").unwrap()).start().await.unwrap();
    for node in [&stranger, &member] {
        node.lookup::<Vault>(server.address(), "vault").await.unwrap();
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, [(stranger.id(), None), (member.id(), Some("member".into()))]);
}
