//! What the programs on a node do to it: panics, and methods that block.

use std::{
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

use actor_testkit::alone;
use distributed_actor::{ActorRef, Limits, Node, SystemError, distributed_actor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    scene::{BLOCK, NUMBER, Scene, varint},
    support::{self, Worker, system},
};

/// Where it panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touchy {
    Serialize,
    Deserialize,
    Fine,
}

impl Serialize for Touchy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Serialize => panic!("in Serialize, on purpose"),
            Self::Deserialize => serializer.serialize_u8(1),
            Self::Fine => serializer.serialize_u8(0),
        }
    }
}

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            0 => Ok(Self::Fine),
            _ => panic!("in Deserialize, on purpose"),
        }
    }
}

struct Explosive {
    in_drop: bool,
}

impl Drop for Explosive {
    fn drop(&mut self) {
        assert!(!self.in_drop || std::thread::panicking(), "in Drop, on purpose");
    }
}

#[distributed_actor]
impl Explosive {
    #[distributed]
    fn now(&mut self) {
        panic!("in a method, on purpose");
    }

    #[distributed]
    async fn later(&mut self) {
        tokio::task::yield_now().await;
        panic!("in an async method, on purpose");
    }

    #[distributed]
    fn take(&mut self, touchy: Touchy) -> bool {
        touchy == Touchy::Fine
    }

    #[distributed]
    fn give(&mut self) -> Touchy {
        Touchy::Serialize
    }

    #[distributed]
    fn give_what_cannot_be_read(&mut self) -> Touchy {
        Touchy::Deserialize
    }
}

/// Panics wherever user code runs, each many times: the call that met it is told, and nobody else notices.
#[test]
fn panics_in_methods_drop_serialize_and_deserialize_stay_with_their_call() {
    alone(async {
        const ROUNDS: usize = 30;
        let mut scene = Scene::begin().await;
        let client = Node::builder().start().await.unwrap();
        client.introduce(scene.server.id(), scene.server.addresses());
        let place = |in_drop| {
            let local = scene.server.spawn(Explosive { in_drop });
            let remote: ActorRef<Explosive> = client.resolve(local.id()).unwrap();
            (local, remote)
        };
        for _ in 0..ROUNDS {
            let (_local, remote) = place(false);
            assert!(matches!(system(remote.now().await), SystemError::Panicked { .. }));
            let (_local, remote) = place(false);
            assert!(matches!(system(remote.later().await), SystemError::Panicked { .. }));
            // The caller's own code panics on the caller's own task; nothing is sent, and the session goes on.
            let (_local, remote) = place(false);
            let calling = tokio::spawn({
                let remote = remote.clone();
                async move { remote.take(Touchy::Serialize).await }
            });
            assert!(calling.await.unwrap_err().is_panic());
            match system(remote.take(Touchy::Deserialize).await) {
                // What a panic says stays on its node.
                SystemError::BadArguments { why, .. } => assert_eq!(&*why, "a `Deserialize` impl panicked"),
                other => panic!("{other:?}"),
            }
            assert!(remote.take(Touchy::Fine).await.unwrap());
            assert!(matches!(system(remote.give_what_cannot_be_read().await), SystemError::BadReply { .. }));
            assert!(remote.take(Touchy::Fine).await.unwrap(), "the actor goes on");
            assert!(matches!(system(remote.give().await), SystemError::Panicked { .. }));
            let (local, remote) = place(true);
            assert!(remote.take(Touchy::Fine).await.unwrap());
            drop(local);
            support::until(|| scene.server.actor_count() == 2).await;
        }
        client.shutdown().await;
        drop(client);
        // In each round: two in methods, one in each of four codecs, one in Drop.
        scene.invariants.expect_panics(ROUNDS * 7);
        scene.end().await;
    });
}

/// A method that blocks its thread: the node's other actors, its pings and its answers to pings go on.
#[test]
fn a_method_that_blocks_its_thread_holds_up_nobody_else() {
    alone(async {
        let mut limits = Limits::default();
        limits.ping_interval = Duration::from_millis(100);
        limits.silence_max = Duration::from_millis(500);
        let scene = Scene::with(limits.clone()).await;
        // The same connection: another actor is called, and the peer is pinged, while one of its calls blocks.
        let client = Node::builder().limits(limits).start().await.unwrap();
        client.introduce(scene.server.id(), scene.server.addresses());
        let worker = scene.server.spawn(Worker::default());
        let remote: ActorRef<Worker> = client.resolve(worker.id()).unwrap();
        remote.seen().await.unwrap();
        let blocked: ActorRef<crate::scene::Victim> = client.resolve(scene.victim.id()).unwrap();
        // tokio does not hand its driver over when a worker blocks: sockets and timers of the whole runtime wait until some
        // other thread has work for it. In a process that does more than this test there always is one.
        let runtime = tokio::runtime::Handle::current();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let other_thread = std::thread::spawn(move || {
            while ended.recv_timeout(Duration::from_millis(20)).is_err_and(|error| error == RecvTimeoutError::Timeout) {
                runtime.spawn(async {});
            }
        });
        let blocking = tokio::spawn(async move { blocked.block(1500).await });
        let started = Instant::now();
        let (mut calls, mut slowest) = (0, Duration::ZERO);
        while started.elapsed() < Duration::from_millis(1200) {
            let call = Instant::now();
            remote.halve(2).await.unwrap();
            slowest = slowest.max(call.elapsed());
            calls += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(!blocking.is_finished());
        assert!(calls > 5 && slowest < Duration::from_millis(700), "{calls} calls, the slowest took {slowest:?}");
        blocking.await.unwrap().unwrap();
        assert_eq!(support::sessions(&client), 1);
        client.shutdown().await;
        drop((client, remote, worker));
        drop(end);
        other_thread.join().unwrap();
        // By hand, too: many calls that block, one after another, are the business of their actor alone.
        let mut peer = scene.peer(1).await;
        let time = varint(20);
        for slot in 0..30 {
            peer.send(&scene.call(slot, 0, BLOCK, &time)).await.unwrap();
        }
        peer.send(&scene.call(30, 0, NUMBER, &[1])).await.unwrap();
        scene.goes_on().await;
        drop(peer);
        scene.end().await;
    });
}
