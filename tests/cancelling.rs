//! Every public future, dropped at each of its polls: before the first one, after the first, and so on until it ends.
//! After each, the invariants hold, and the next one works.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_testkit::{Invariants, Ledger, Network, alone, alone_in_virtual_time, at_every_poll, poll_then_drop};
use distributed_actor::{ActorRef, CallError, Context, Node, SystemError, Terminated, distributed_actor};

actor_testkit::count_heap!();

/// What the process keeps from the first use of things, in bytes.
const HEAP_SLACK: usize = 512 * 1024;
const TIME: Duration = Duration::from_secs(2);

/// Writes down what it executes.
struct Clerk {
    ledger: Ledger,
    alive: Arc<()>,
}

#[distributed_actor]
impl Clerk {
    #[distributed]
    fn note(&mut self, call: u64, ballast: Vec<u8>) -> usize {
        self.ledger.executed(call);
        ballast.len()
    }

    #[distributed]
    async fn note_slowly(&mut self, call: u64) -> Result<u64, String> {
        self.ledger.executed(call);
        tokio::time::sleep(Duration::from_millis(2)).await;
        tokio::task::yield_now().await;
        if call.is_multiple_of(2) { Ok(call) } else { Err("odd".into()) }
    }

    /// Waits for the end of another one.
    #[distributed]
    async fn watch(&mut self, #[ctx] ctx: &Context<Self>, other: ActorRef<Clerk>) -> bool {
        matches!(ctx.watch(&other).await, Terminated::Stopped)
    }
}

/// Two nodes, and a clerk on the first.
struct Office {
    invariants: Invariants,
    network: Network,
    a: Node,
    b: Node,
}

impl Office {
    async fn open() -> Self {
        let invariants = Invariants::begin();
        let network = Network::seeded(11);
        network.latency(Duration::from_millis(3));
        let [a, b] = network.nodes().await;
        Self { invariants, network, a, b }
    }

    fn clerk(&self) -> (ActorRef<Clerk>, ActorRef<Clerk>) {
        let clerk = Clerk { ledger: self.invariants.ledger().clone(), alive: Arc::default() };
        let local = self.a.spawn(clerk);
        let remote = self.b.resolve(local.id()).unwrap();
        (local, remote)
    }

    /// Breaks the connection, and waits until both sides have noticed.
    async fn disconnect(&self) {
        self.network.reset(&self.a, &self.b);
        while [&self.a, &self.b].iter().any(|node| node.peers().iter().any(|peer| peer.connected)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn at_rest(&self) {
        self.invariants.at_rest(&[&self.a, &self.b]).await;
    }

    async fn close(self) {
        self.at_rest().await;
        self.a.shutdown().await;
        self.b.shutdown().await;
        drop((self.a, self.b, self.network));
        self.invariants.ended(HEAP_SLACK).await;
    }
}

/// A call in the ledger, dropped after so many polls.
async fn called<T, E>(
    polls: usize,
    ledger: &Ledger,
    call: impl AsyncFnOnce(u64) -> Result<T, CallError<E>>,
) -> Option<()> {
    poll_then_drop(polls, ledger.call("b to clerk", TIME, call)).await.map(drop)
}

#[test]
fn a_call_can_be_dropped_at_every_poll() {
    alone_in_virtual_time(async {
        let office = Office::open().await;
        let (local, remote) = office.clerk();
        let ledger = office.invariants.ledger();
        for (large, to) in [(false, &local), (false, &remote), (true, &remote)] {
            let (polls, ()) = at_every_poll(async |polls| {
                let ballast = vec![0; if large { 100_000 } else { 0 }];
                let ended = called(polls, ledger, async |call| to.note(call, ballast).timeout(TIME).await).await;
                office.at_rest().await;
                ledger.call("b to clerk", TIME, async |call| to.note(call, vec![]).timeout(TIME).await).await.unwrap();
                ended
            })
            .await;
            assert!(polls >= 1);
            at_every_poll(async |polls| {
                let ended = called(polls, ledger, async |call| to.note_slowly(call).timeout(TIME).await).await;
                office.at_rest().await;
                ended
            })
            .await;
        }
        drop((local, remote));
        office.close().await;
    });
}

#[test]
fn a_cast_can_be_dropped_at_every_poll() {
    alone_in_virtual_time(async {
        let office = Office::open().await;
        let (local, remote) = office.clerk();
        let noted = Arc::new(AtomicUsize::new(0));
        for to in [&local, &remote] {
            for length in [0, 100_000] {
                at_every_poll(async |polls| {
                    let entry = office.invariants.ledger().begin("b to clerk", TIME);
                    let cast = to.note(entry.call(), vec![0; length]).cast();
                    let ended = poll_then_drop(polls, cast).await;
                    noted.fetch_add(usize::from(ended.is_some()), Ordering::SeqCst);
                    // Nobody is told what became of it: at most once is all that is promised.
                    drop(entry);
                    let call = async |call| to.note(call, vec![]).timeout(TIME).await;
                    office.invariants.ledger().call("b to clerk", TIME, call).await.unwrap();
                    office.at_rest().await;
                    ended.map(Result::unwrap)
                })
                .await;
            }
        }
        assert_eq!(noted.load(Ordering::SeqCst), 4);
        drop((local, remote));
        office.close().await;
    });
}

/// The first call of a connection waits for it.
#[test]
fn a_call_that_waits_for_a_connection_can_be_dropped_at_every_poll() {
    alone_in_virtual_time(async {
        let office = Office::open().await;
        let (local, remote) = office.clerk();
        at_every_poll(async |polls| {
            office.disconnect().await;
            let note = async |call| remote.note(call, vec![]).timeout(TIME).await;
            let ended = called(polls, office.invariants.ledger(), note).await;
            office.invariants.ledger().call("b to clerk", TIME, note).await.unwrap();
            office.at_rest().await;
            ended
        })
        .await;
        drop((local, remote));
        office.close().await;
    });
}

#[test]
fn a_lookup_or_connect_can_be_dropped_at_every_poll() {
    alone_in_virtual_time(async {
        let office = Office::open().await;
        let (local, remote) = office.clerk();
        office.a.register("clerk", &local).unwrap();
        let address = office.a.address().clone();
        at_every_poll(async |polls| {
            office.disconnect().await;
            let ended = poll_then_drop(polls, office.b.lookup::<Clerk>(&address, "clerk")).await;
            let found: ActorRef<Clerk> = office.b.lookup(&address, "clerk").await.unwrap();
            assert_eq!(found, local);
            office.at_rest().await;
            ended
        })
        .await
        .1
        .unwrap();
        at_every_poll(async |polls| {
            office.disconnect().await;
            let ended = poll_then_drop(polls, office.b.connect(&address)).await;
            assert_eq!(office.b.connect(&address).await.unwrap(), office.a.id());
            office.at_rest().await;
            ended
        })
        .await
        .1
        .unwrap();
        drop((local, remote));
        office.close().await;
    });
}

/// `stop()` acts when it is made: its future only waits.
#[test]
fn a_stop_can_be_dropped_at_every_poll_and_stops() {
    alone_in_virtual_time(async {
        let office = Office::open().await;
        for from_afar in [false, true] {
            at_every_poll(async |polls| {
                let (local, remote) = office.clerk();
                remote.note_slowly(0).cast().await.unwrap();
                let ended = poll_then_drop(polls, if from_afar { remote.stop() } else { local.stop() }).await;
                assert!(matches!(remote.terminated().await, Terminated::Stopped | Terminated::NoSuchActor));
                assert_eq!(office.a.actor_count(), 0);
                ended
            })
            .await;
        }
        // Call 0 is in nobody's ledger.
        drop(office);
    });
}

#[test]
fn waiting_for_an_end_can_be_dropped_at_every_poll() {
    alone_in_virtual_time(async {
        let office = Office::open().await;
        for from_afar in [false, true] {
            at_every_poll(async |polls| {
                let (local, remote) = office.clerk();
                let stopping = local.clone();
                let later = tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    stopping.stop().await;
                });
                let of = if from_afar { &remote } else { &local };
                let ended = poll_then_drop(polls, of.terminated()).await;
                later.await.unwrap();
                office.at_rest().await;
                assert_eq!(office.a.actor_count(), 0);
                ended
            })
            .await;
            // Within a method, whose own call is dropped.
            at_every_poll(async |polls| {
                let (watching, watched) = (office.clerk().0, office.clerk());
                let other = if from_afar { watched.1.clone() } else { watched.0.clone() };
                let stopping = watched.0.clone();
                let later = tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    stopping.stop().await;
                });
                let remote: ActorRef<Clerk> = office.b.resolve(watching.id()).unwrap();
                let ended = poll_then_drop(polls, remote.watch(other).timeout(TIME)).await;
                later.await.unwrap();
                office.at_rest().await;
                ended
            })
            .await
            .1
            .unwrap();
        }
        office.close().await;
    });
}

#[test]
fn looking_at_a_local_actor_can_be_dropped_at_every_poll() {
    alone_in_virtual_time(async {
        let office = Office::open().await;
        let (local, remote) = office.clerk();
        at_every_poll(async |polls| {
            // It waits behind this one.
            local.note_slowly(0).cast().await.unwrap();
            let looked = local.when_local(|clerk| Arc::strong_count(&clerk.alive));
            let ended = poll_then_drop(polls, looked).await;
            assert_eq!(local.when_local(|clerk| Arc::strong_count(&clerk.alive)).await, Some(1));
            ended
        })
        .await;
        drop((local, remote, office));
    });
}

#[test]
fn waiting_for_all_actors_to_end_can_be_dropped_at_every_poll() {
    alone_in_virtual_time(async {
        let office = Office::open().await;
        at_every_poll(async |polls| {
            let (local, _remote) = office.clerk();
            let later = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                drop(local);
            });
            let ended = poll_then_drop(polls, office.a.all_actors_ended()).await;
            later.await.unwrap();
            office.a.all_actors_ended().await;
            assert_eq!(office.a.actor_count(), 0);
            ended
        })
        .await;
        office.close().await;
    });
}

/// A start that is dropped leaves no listener, and a shutdown that is dropped goes on with the next one.
#[test]
fn a_start_and_a_shutdown_can_be_dropped_at_every_poll() {
    alone(async {
        let invariants = Invariants::begin();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("tcp://127.0.0.1:{port}");
        at_every_poll(async |polls| {
            let start = Node::builder().listen(&*address).listen("tcp://127.0.0.1:0").start();
            let ended = poll_then_drop(polls, start).await.map(|node| drop(node.unwrap()));
            // The address is free again, as soon as tasks that were aborted have gone.
            invariants.ended(HEAP_SLACK).await;
            ended
        })
        .await;
        at_every_poll(async |polls| {
            let server = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
            let client = Node::builder().start().await.unwrap();
            let clerk = Clerk { ledger: invariants.ledger().clone(), alive: Arc::default() };
            let local = server.spawn(clerk);
            server.register("clerk", &local).unwrap();
            let remote: ActorRef<Clerk> = client.lookup(server.address(), "clerk").await.unwrap();
            let ledger = invariants.ledger();
            let slow = ledger.call("client to clerk", TIME, async |call| remote.note_slowly(call).timeout(TIME).await);
            let (ended, called) = tokio::join!(poll_then_drop(polls, server.shutdown()), slow);
            if let Err(CallError::System(error)) = &called {
                let expected =
                    matches!(error, SystemError::ShuttingDown | SystemError::Network(_) | SystemError::Connect { .. });
                assert!(expected, "{error}");
            }
            server.shutdown().await;
            assert!(remote.note(0, vec![]).timeout(TIME).await.is_err());
            client.shutdown().await;
            drop((server, client, local, remote));
            invariants.at_rest(&[]).await;
            invariants.ended(HEAP_SLACK).await;
            ended
        })
        .await;
    });
}
