//! Connections that break, end, stall or lose what goes over them, at every stage: whatever a caller is told is true, and
//! the next connection is as good as the first.

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use actor_core::{ActorRef, CallError, SystemError};
use actor_transport::Node;
use tokio::time::{Instant, sleep};

use super::{
    ground::{Ground, place, sessions, until},
    worker::{Worker, pattern},
};
use crate::{Fault, Faults, Way};

/// What each call is given: more than a silent peer is.
const TIME: Duration = Duration::from_secs(4);
/// A busy machine may take its time for a handshake, and each attempt has a second.
const RECOVERY: Duration = Duration::from_secs(30);
/// Bytes of the larger call: several chunks.
const LOAD: usize = 50_000;

/// Where a connection can be hit: at the first byte, within a greeting, behind it, in a call, in its reply, within a large
/// one. Greetings have some 150 bytes, as far as names and addresses go.
const STAGES: [u64; 14] = [0, 1, 3, 9, 60, 130, 170, 200, 240, 300, 400, 10_000, 30_000, u64::MAX];
/// The last one: so many bytes before the end of what goes over a connection, more or less: numbers of calls have
/// different lengths, and credit is given back now or later.
const BEFORE_THE_END: u64 = 20;

struct Office {
    server: Node,
    client: Node,
    at_server: Faults,
    at_client: Faults,
    remote: ActorRef<Worker>,
    _local: ActorRef<Worker>,
    pair: String,
}

impl Office {
    async fn open(ground: &Ground, number: usize) -> Self {
        let (server, client) = (format!("server{number}"), format!("client{number}"));
        let (server, at_server) = ground.plan(&server).impatient().start().await;
        let (client, at_client) = ground.plan(&client).impatient().start().await;
        let (local, remote) = place(&server, &client, Worker::new(ground.ledger()));
        Self { server, client, at_server, at_client, remote, _local: local, pair: format!("client {number}") }
    }

    /// A call, a large one, and another call; how many were acknowledged.
    async fn calls(&self, ground: &Ground) -> usize {
        let mut acknowledged = 0;
        for load in [0, LOAD, 0] {
            acknowledged += usize::from(self.call(ground, load).await);
        }
        acknowledged
    }

    /// Whether a call was acknowledged. It may fail, as calls over bad connections do.
    async fn call(&self, ground: &Ground, load: usize) -> bool {
        let load = pattern(load, 7);
        let carried = async |call| self.remote.carry(call, load.clone()).timeout(TIME).await;
        match ground.ledger().call(&self.pair, TIME, carried).await {
            Ok(back) => {
                assert!(back == load, "what was carried was changed");
                true
            }
            Err(CallError::System(
                SystemError::Network(_) | SystemError::Connect { .. } | SystemError::Deadline { .. },
            )) => false,
            Err(error) => panic!("{}: {error:?}", self.pair),
        }
    }

    /// One of the calls has to fail, unless that may happen behind the last of them.
    async fn must_fail(&self, ground: &Ground, stage: u64) {
        let acknowledged = self.calls(ground).await;
        assert!(acknowledged < 3 || stage > LOAD as u64, "{} did not notice at byte {stage}", self.pair);
    }

    /// Nothing is in the way any more: after a moment calls go through.
    async fn recovers(&self, ground: &Ground) {
        for faults in [&self.at_client, &self.at_server] {
            faults.heal();
        }
        let began = Instant::now();
        while self.calls(ground).await < 3 {
            assert!(began.elapsed() < RECOVERY, "{} does not recover: {:?}", self.pair, self.client.peers());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends the connection that there is.
    async fn disconnect(&self) {
        self.at_client.reset();
        until(|| sessions(&self.client) == 0 && sessions(&self.server) == 0).await;
    }

    async fn close(self) {
        self.client.shutdown().await;
        self.server.shutdown().await;
    }
}

/// All of them at once, on this task.
async fn together<F: Future<Output = ()>>(futures: impl IntoIterator<Item = F>) {
    let mut futures: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Hits the connections of a pair of nodes at each stage, each way, as seen from one side.
async fn at_every_stage(
    ground: &Ground,
    side: impl Fn(&Office) -> &Faults,
    fault: Fault,
    meanwhile: impl AsyncFn(&Office, u64),
) {
    let whole = Office::open(ground, STAGES.len() * 2).await;
    assert_eq!(whole.calls(ground).await, 3);
    let ways = [Way::Out, Way::In].map(|way| (way, side(&whole).passed(way) - BEFORE_THE_END));
    whole.close().await;
    let stages = ways.into_iter().flat_map(|(way, last)| STAGES.map(|stage| (way, stage.min(last))));
    let stages: Vec<_> = stages.enumerate().collect();
    // What takes time is waited for together, what takes work is done in turn.
    let at_once = if matches!(fault, Fault::Lose | Fault::Stall) { STAGES.len() } else { 4 };
    for stages in stages.chunks(at_once) {
        together(stages.iter().map(|&(number, (way, stage))| {
            let (side, meanwhile) = (&side, &meanwhile);
            async move {
                let office = Office::open(ground, number).await;
                side(&office).set(way, stage, fault);
                meanwhile(&office, stage).await;
                office.recovers(ground).await;
                office.close().await;
            }
        }))
        .await;
    }
}

/// R33, R55
pub async fn a_connection_that_is_reset_at_any_stage_leaves_its_callers_with_the_truth(ground: &Ground) {
    let fail = async |office: &Office, stage| office.must_fail(ground, stage).await;
    at_every_stage(ground, |office| &office.at_client, Fault::Reset, fail).await;
}

/// R33, R55
pub async fn a_connection_that_the_server_loses_at_any_stage_leaves_its_callers_with_the_truth(ground: &Ground) {
    let fail = async |office: &Office, stage| office.must_fail(ground, stage).await;
    at_every_stage(ground, |office| &office.at_server, Fault::Reset, fail).await;
}

/// R33, R55
pub async fn a_connection_that_ends_at_any_stage_leaves_its_callers_with_the_truth(ground: &Ground) {
    let fail = async |office: &Office, stage| office.must_fail(ground, stage).await;
    at_every_stage(ground, |office| &office.at_client, Fault::End, fail).await;
}

/// R33, R56
pub async fn a_half_open_connection_is_given_up_at_any_stage(ground: &Ground) {
    let fail = async |office: &Office, stage| office.must_fail(ground, stage).await;
    at_every_stage(ground, |office| &office.at_client, Fault::Lose, fail).await;
}

/// R56
pub async fn a_connection_that_stalls_at_any_stage_goes_on_or_is_given_up(ground: &Ground) {
    let going_on = async |office: &Office, stage: u64| {
        // Less than what ends a connection, and more.
        let time = Duration::from_millis(if stage.is_multiple_of(2) { 100 } else { 1500 });
        let heal = async {
            sleep(time).await;
            office.at_client.heal();
        };
        tokio::join!(office.calls(ground), heal);
    };
    at_every_stage(ground, |office| &office.at_client, Fault::Stall, going_on).await;
}

/// R33, R53
pub async fn a_handshake_can_be_cut_at_any_byte(ground: &Ground) {
    let office = Office::open(ground, 0).await;
    assert_eq!(office.calls(ground).await, 3);
    for way in [Way::Out, Way::In] {
        for byte in (0..220).step_by(4) {
            office.disconnect().await;
            office.at_client.set(way, byte, Fault::Reset);
            office.call(ground, 0).await;
            office.at_client.heal();
        }
        office.recovers(ground).await;
    }
    office.close().await;
}

/// Whatever pieces the bytes come in.
pub async fn bytes_that_trickle_in_one_by_one_make_a_session(ground: &Ground) {
    let office = Office::open(ground, 0).await;
    for length in [1, 2, 3, 7, 1000] {
        for way in [Way::Out, Way::In] {
            office.at_client.fragment(way, length);
        }
        let load = pattern(if length < 10 { 300 } else { LOAD }, 1);
        for _ in 0..3 {
            assert_eq!(office.remote.echo(load.clone()).timeout(TIME * 5).await.unwrap(), load);
        }
        office.at_client.heal();
        office.disconnect().await;
    }
    office.recovers(ground).await;
    office.close().await;
}

/// R55: who hangs up on nodes that come again and again does not keep them out for ever.
pub async fn a_node_that_is_refused_comes_back_when_it_may(ground: &Ground) {
    let office = Office::open(ground, 0).await;
    for _ in 0..2 {
        office.at_client.refuse_connecting();
        assert!(!office.call(ground, 0).await && !office.call(ground, 0).await);
        office.recovers(ground).await;
        office.disconnect().await;
        office.at_client.stall_connecting();
        assert!(!office.call(ground, 0).await);
        office.recovers(ground).await;
        office.disconnect().await;
    }
    office.close().await;
}

/// Under way are calls of all kinds, and the connection is cut again and again.
pub async fn calls_of_many_callers_hold_through_twenty_resets(ground: &Ground) {
    let office = Office::open(ground, 0).await;
    let end = Instant::now() + Duration::from_millis(600);
    let callers = (0..8).map(|caller| {
        let office = &office;
        async move {
            let pair = format!("caller {caller}");
            let mut number = 0_usize;
            while Instant::now() < end {
                number += 1;
                let load = pattern(if number.is_multiple_of(7) { LOAD } else { number % 100 }, caller);
                let call = ground
                    .ledger()
                    .call(&pair, TIME, async |call| office.remote.carry(call, load.clone()).timeout(TIME).await);
                if number.is_multiple_of(5) {
                    crate::poll_then_drop(1 + number % 3, call).await;
                } else if let Ok(back) = call.await {
                    assert!(back == load);
                }
            }
        }
    });
    let cutting = async {
        for _ in 0..20 {
            sleep(Duration::from_millis(28)).await;
            office.at_client.reset();
        }
    };
    tokio::join!(together(callers), cutting);
    office.recovers(ground).await;
    office.close().await;
}
