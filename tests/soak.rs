//! The soak: calls, cancels, casts, connects and disconnects over TCP, in rounds, for three seconds or as long as
//! `SOAK_SECONDS` says. Memory, tasks and sockets have to end where they began, and the invariants to hold in each round.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use actor_testkit::{Baseline, Direction, Heap, Invariants, Ledger, Tally, TcpProxy, alone, poll_then_drop};
use distributed_actor::{ActorRef, Address, CallError, Limits, Node, distributed_actor};
use futures::future::join_all;

actor_testkit::count_heap!();

/// Rounds before memory is compared: buffers and tables have grown by then.
const WARM_UP: usize = 2;
const ROUND: Duration = Duration::from_millis(500);
/// How much more may be on the heap after a round, in bytes, than after the warm-up: a buffer that has grown.
const GROWTH_MAX: usize = 512 * 1024;
const TIME: Duration = Duration::from_secs(5);

struct Clerk {
    ledger: Ledger,
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
        tokio::time::sleep(Duration::from_millis(1)).await;
        if call.is_multiple_of(2) { Ok(call) } else { Err("odd".into()) }
    }
}

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What all rounds have come to.
#[derive(Debug, Default)]
struct Sum {
    calls: AtomicU64,
    casts: AtomicU64,
    dropped: AtomicU64,
    connects: AtomicU64,
    cuts: AtomicU64,
}

/// One client, until the round ends: it calls one after the other, and comes again as another node now and then.
async fn client(seed: u64, address: &Address, name: &str, ledger: &Ledger, sum: &Sum, end: Instant) {
    let mut random = Random(seed | 1);
    let mut incarnation = 0;
    while Instant::now() < end {
        let node = Node::builder().start().await.unwrap();
        incarnation += 1;
        let pair = format!("client {seed}.{incarnation}");
        // It may be cut while it connects.
        let Ok(remote) = node.lookup::<Clerk>(address, name).await else { continue };
        sum.connects.fetch_add(1, Ordering::Relaxed);
        for _ in 0..random.below(300) {
            if Instant::now() > end {
                break;
            }
            act(&mut random, &remote, &pair, ledger, sum).await;
        }
        if random.below(2) == 0 {
            node.shutdown().await;
        }
    }
}

/// One call or cast of one kind or another.
async fn act(random: &mut Random, remote: &ActorRef<Clerk>, pair: &str, ledger: &Ledger, sum: &Sum) {
    let length = if random.below(20) == 0 { 200_000 } else { random.below(200) } as usize;
    let quick = async |call| remote.note(call, vec![1; length]).timeout(TIME).await;
    let slow = async |call| remote.note_slowly(call).timeout(TIME).await;
    match random.below(8) {
        0 => {
            let entry = ledger.begin(pair, TIME);
            let _ = remote.note(entry.call(), vec![1; length]).cast().await;
            sum.casts.fetch_add(1, Ordering::Relaxed);
        }
        1 => {
            let _ = poll_then_drop(1 + random.below(2) as usize, ledger.call(pair, TIME, quick)).await;
            sum.dropped.fetch_add(1, Ordering::Relaxed);
        }
        2 => {
            let time = Duration::from_micros(random.below(2000));
            let _ = tokio::time::timeout(time, ledger.call(pair, TIME, slow)).await;
            sum.dropped.fetch_add(1, Ordering::Relaxed);
        }
        3 => {
            let result = ledger.call(pair, TIME, slow).await;
            assert!(!matches!(result, Err(CallError::Actor(error)) if error != "odd"));
        }
        _ => {
            if let Ok(noted) = ledger.call(pair, TIME, quick).await {
                assert_eq!(noted, length);
            }
        }
    }
    sum.calls.fetch_add(1, Ordering::Relaxed);
}

/// A round with a clerk of its own: clients that connect straight, and others through a proxy that cuts them off.
async fn round(number: u64, server: &Node, through: &TcpProxy, lasting: &Node, sum: &Sum) -> Tally {
    // The ledger of one round: that of all would be a heap that grows.
    let invariants = Invariants::begin();
    let ledger = invariants.ledger();
    let name = format!("clerk {number}");
    let clerk = server.spawn(Clerk { ledger: ledger.clone() });
    server.register(&name, &clerk).unwrap();
    drop(clerk);
    let end = Instant::now() + ROUND;
    let seed = number * 100;
    let direct = join_all((0..3).map(|n| client(seed + n, server.address(), &name, ledger, sum, end)));
    let proxied = join_all((10..12).map(|n| client(seed + n, through.address(), &name, ledger, sum, end)));
    let stays = async {
        let remote: ActorRef<Clerk> = lasting.lookup(server.address(), &name).await.unwrap();
        let mut random = Random(seed + 77);
        while Instant::now() < end {
            act(&mut random, &remote, "the one that stays", ledger, sum).await;
        }
    };
    let cutting = async {
        let mut random = Random(seed + 99);
        while Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(20 + random.below(100))).await;
            match random.below(3) {
                0 => through.cut(),
                1 => through.cut_after(Direction::ToServer, random.below(100_000)),
                _ => through.cut_after(Direction::ToClient, random.below(20_000)),
            }
            sum.cuts.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            through.heal();
        }
        through.heal();
    };
    tokio::join!(direct, proxied, stays, cutting);
    server.unregister(&name);
    let tally = invariants.at_rest(&[server, lasting]).await;
    server.all_actors_ended().await;
    tally
}

#[test]
fn a_soak_ends_where_it_began() {
    let time = env::var("SOAK_SECONDS").map_or(3, |seconds| seconds.parse().expect("a number of seconds"));
    alone(soak(Duration::from_secs(time)));
}

async fn soak(time: Duration) {
    let outer = Invariants::begin();
    let mut limits = Limits::default();
    limits.connections_per_address_max = 1000;
    let server = Node::builder().listen("tcp://127.0.0.1:0").limits(limits).start().await.unwrap();
    let through = TcpProxy::start(server.address()).await.unwrap();
    let lasting = Node::builder().start().await.unwrap();
    let sum = Sum::default();
    let mut all = Tally::default();
    let mut warm: Option<Baseline> = None;
    let (started, mut rounds, mut most) = (Instant::now(), 0, 0);
    while rounds <= WARM_UP || started.elapsed() < time {
        let tally = round(rounds as u64, &server, &through, &lasting, &sum).await;
        all.executed += tally.executed;
        all.acknowledged += tally.acknowledged;
        all.not_executed += tally.not_executed;
        all.unknown += tally.unknown;
        all.dropped += tally.dropped;
        rounds += 1;
        match &warm {
            None if rounds > WARM_UP => {
                settle(&server, &through).await;
                warm = Some(Baseline::take());
            }
            None => {}
            Some(warm) => {
                if let Err(left) = warm.regained(GROWTH_MAX).await {
                    panic!("round {rounds} has left something: {left}");
                }
                most = most.max(Heap::now().bytes);
            }
        }
    }
    let (warm, now) = (warm.unwrap(), Baseline::take());
    println!("{rounds} rounds in {:?}: {sum:?}", started.elapsed());
    println!("{all:?}");
    println!("after the warm-up {warm:?}");
    println!("at the end        {now:?}, at most {most} bytes after a round");
    server.shutdown().await;
    lasting.shutdown().await;
    drop((server, lasting, through));
    outer.ended(GROWTH_MAX).await;
}

/// Waits until the connections of the round's clients have gone: one stays.
async fn settle(server: &Node, through: &TcpProxy) {
    let connected = || server.peers().iter().filter(|peer| peer.connected).count();
    while through.connections() > 0 || connected() > 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
