//! Who calls.

use std::time::Duration;

use actor_core::{ActorRef, Bytes};
use tokio::time::{sleep, timeout};

use super::{
    clerk::{Clerk, pair},
    world::World,
};
use crate::{network::Random, poll_then_drop};

/// Makes some calls, one after the other, from whatever node there is at its place.
pub(super) async fn calls(world: World, number: u64, mut random: Random) {
    let home = usize::try_from(number).unwrap_or(0);
    for _ in 0..4 + random.below(16) {
        sleep(Duration::from_millis(random.below(3) * random.below(120))).await;
        act(&world, home, &mut random).await;
    }
}

async fn act(world: &World, home: usize, random: &mut Random) {
    let (target, other) = (world.any_clerk(random), world.any_clerk(random));
    let (step, length) = (random.below(14), random.below(60_000));
    let time = Duration::from_millis([20, 300, 2000, 6000][random.below(4) as usize]);
    let polls = 1 + random.below(3) as usize;
    let Some(node) = world.node(home) else { return };
    let found: Option<ActorRef<Clerk>> = if step == 0 {
        let address = world.address(random);
        timeout(time, node.lookup(address.as_str(), "clerk")).await.ok().and_then(Result::ok)
    } else {
        target.and_then(|target| node.resolve(&target).ok())
    };
    let Some(clerk) = found else { return };
    let (ledger, pair) = (world.ledger(), pair(&node, clerk.id()));
    let load = |length: u64| Bytes::from(vec![7; usize::try_from(length).unwrap_or(0)]);
    let small = async |call| clerk.note(call, load(length % 60)).timeout(time).await;
    let large = async |call| clerk.note(call, load(length)).timeout(time).await;
    match step {
        0..=4 => drop(ledger.call(&pair, time, small).await),
        5 | 6 => drop(ledger.call(&pair, time, large).await),
        7 => {
            // Nobody hears what becomes of a cast; executed twice or out of order it must not be.
            let entry = ledger.begin(&pair, time);
            let _ = timeout(time, clerk.note(entry.call(), load(length / 3)).cast()).await;
        }
        8 => {
            drop(ledger.call(&pair, time, async |call| clerk.note_slowly(call, length % 400).timeout(time).await).await)
        }
        9 => drop(ledger.call(&pair, time, async |call| clerk.note_in_any_case(call).timeout(time).await).await),
        10 => drop(poll_then_drop(polls, ledger.call(&pair, time, large)).await),
        11 => {
            let slow = async |call| clerk.note_slowly(call, length % 400).timeout(time).await;
            let _ = timeout(Duration::from_millis(length % 100), ledger.call(&pair, time, slow)).await;
        }
        12 => {
            if let Some(other) = other.and_then(|other| node.resolve::<Clerk>(&other).ok()) {
                let relayed = async |call| clerk.relay(call, other).timeout(time).await;
                let _ = ledger.call(&pair, time, relayed).await;
            }
        }
        _ => drop(timeout(time, clerk.terminated()).await),
    }
}
