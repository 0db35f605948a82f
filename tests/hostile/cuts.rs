//! Connections through a proxy that cuts, stalls and loses: whatever a caller is told is true.

use std::time::Duration;

use actor_testkit::{Direction, Invariants, Ledger, TcpProxy, alone};
use distributed_actor::{ActorRef, CallError, Limits, Node, SystemError, distributed_actor};

const TIME: Duration = Duration::from_secs(3);
const HEAP_SLACK: usize = 512 * 1024;

struct Clerk {
    ledger: Ledger,
}

#[distributed_actor]
impl Clerk {
    #[distributed]
    fn note(&mut self, call: u64) -> u64 {
        self.ledger.executed(call);
        call
    }
}

/// A clerk behind a proxy.
async fn office(invariants: &Invariants, limits: Limits) -> (Node, ActorRef<Clerk>, TcpProxy) {
    let server = Node::builder().listen("tcp://127.0.0.1:0").limits(limits).start().await.unwrap();
    let clerk = server.spawn(Clerk { ledger: invariants.ledger().clone() });
    let proxy = TcpProxy::start(server.address()).await.unwrap();
    (server, clerk, proxy)
}

/// Three calls of a client of its own, one after another; how many were acknowledged.
async fn call(invariants: &Invariants, clerk: &ActorRef<Clerk>, server: &Node, proxy: &TcpProxy, who: &str) -> usize {
    let client = Node::builder().start().await.unwrap();
    client.introduce(server.id(), std::slice::from_ref(proxy.address()));
    let remote: ActorRef<Clerk> = client.resolve(clerk.id()).unwrap();
    let mut acknowledged = 0;
    for _ in 0..3 {
        let noted = async |call| remote.note(call).timeout(TIME).await;
        match invariants.ledger().call(who, TIME, noted).await {
            Ok(_) => acknowledged += 1,
            Err(CallError::System(SystemError::Network(_) | SystemError::Connect { .. })) => break,
            Err(error) => panic!("{who}: {error}"),
        }
    }
    client.shutdown().await;
    acknowledged
}

/// At each byte of the handshakes and of three calls, in either direction.
#[test]
fn a_connection_that_is_cut_at_any_byte_leaves_its_callers_with_the_truth() {
    alone(async {
        let invariants = Invariants::begin();
        let (server, clerk, proxy) = office(&invariants, Limits::default()).await;
        assert_eq!(call(&invariants, &clerk, &server, &proxy, "nobody cuts").await, 3);
        let directions = [Direction::ToServer, Direction::ToClient];
        for (direction, all) in directions.map(|direction| (direction, proxy.passed(direction))) {
            assert!(all > 100, "{all}");
            let (mut none, mut some) = (0, 0);
            for byte in 0..all {
                proxy.cut_after(direction, byte);
                match call(&invariants, &clerk, &server, &proxy, &format!("{direction:?} {byte}")).await {
                    0 => none += 1,
                    _ => some += 1,
                }
                proxy.heal();
            }
            assert!(none > 30 && some > 5, "{direction:?}: {none} {some}");
        }
        invariants.at_rest(&[&server]).await;
        server.shutdown().await;
        drop((server, clerk, proxy));
        invariants.ended(HEAP_SLACK).await;
    });
}

/// A direction that stalls and goes on in time costs time; one that loses what goes through it, the connection.
#[test]
fn a_stalled_connection_goes_on_and_one_that_loses_bytes_is_given_up() {
    alone(async {
        let invariants = Invariants::begin();
        let mut limits = Limits::default();
        limits.ping_interval = Duration::from_millis(200);
        limits.silence_max = Duration::from_millis(800);
        let (server, clerk, proxy) = office(&invariants, limits.clone()).await;
        let client = Node::builder().limits(limits).start().await.unwrap();
        client.introduce(server.id(), std::slice::from_ref(proxy.address()));
        let remote: ActorRef<Clerk> = client.resolve(clerk.id()).unwrap();
        let noted = async |call| remote.note(call).timeout(TIME).await;
        let ledger = invariants.ledger();
        for direction in [Direction::ToServer, Direction::ToClient] {
            ledger.call("client", TIME, noted).await.unwrap();
            proxy.stall(direction);
            let going_on = async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                proxy.heal();
            };
            tokio::join!(ledger.call("client", TIME, noted), going_on).0.unwrap();
            proxy.lose(direction);
            match ledger.call("client", TIME, noted).await {
                Err(CallError::System(SystemError::Network(lost))) => {
                    // The side that hears nothing says so first, to the other one too, where that can hear it.
                    assert!(lost.to_string().contains("silent"), "{direction:?}: {lost}");
                }
                other => panic!("{direction:?}: {other:?}"),
            }
            proxy.heal();
        }
        ledger.call("client", TIME, noted).await.unwrap();
        proxy.delay(Direction::ToServer, Duration::from_millis(50));
        proxy.throttle(Direction::ToClient, 20_000);
        for _ in 0..10 {
            ledger.call("client", TIME, noted).await.unwrap();
        }
        invariants.at_rest(&[&server, &client]).await;
        client.shutdown().await;
        server.shutdown().await;
        drop((server, client, clerk, remote, proxy));
        invariants.ended(HEAP_SLACK).await;
    });
}
