//! What goes wrong.

use std::time::Duration;

use tokio::time::sleep;

use super::world::World;
use crate::network::Random;

/// Makes trouble for a while, then ends all of it. How often something went wrong.
pub(super) async fn make(world: &World, mut random: Random) -> usize {
    let troubles = 2 + random.below(9) as usize;
    for _ in 0..troubles {
        sleep(Duration::from_millis(random.below(40) * random.below(40))).await;
        once(world, &mut random).await;
    }
    sleep(Duration::from_millis(random.below(9000))).await;
    world.heal().await;
    troubles
}

async fn once(world: &World, random: &mut Random) {
    let network = world.network();
    let kind = random.below(16);
    let amount = random.below(2000);
    let Some((one, other)) = world.two_nodes(random) else { return };
    let names = format!("{} and {}", one.name(), other.name());
    match kind {
        0 | 1 => {
            network.partition(&one, &other);
            world.say(format!("partition between {names}"));
        }
        2 | 3 => {
            network.cut(&one, &other);
            world.say(format!("cut from {} to {}", one.name(), other.name()));
        }
        4 | 5 => {
            network.heal();
            world.say("heal".into());
        }
        6 | 7 => {
            network.reset(&one, &other);
            world.say(format!("reset between {names}"));
        }
        8 | 9 => {
            network.break_after(&one, &other, amount);
            world.say(format!("break from {} to {} after {amount} bytes", one.name(), other.name()));
        }
        10 => {
            network.pause(&one);
            world.say(format!("pause {}", one.name()));
        }
        11 => {
            network.resume(&one);
            world.say(format!("resume {}", one.name()));
        }
        12 | 13 => {
            world.say(format!("crash {}", one.name()));
            world.crash(&one);
            sleep(Duration::from_millis(amount * 2)).await;
            world.restart(&one).await;
            world.say(format!("restart {}", one.name()));
        }
        14 => {
            network.latency(Duration::from_millis(amount % 200));
            network.jitter(Duration::from_millis(amount % 70));
            world.say(format!("latency {} ms, jitter {} ms", amount % 200, amount % 70));
        }
        _ => {
            let bandwidth = 5_000 + amount * 20;
            network.bandwidth(&one, &other, Some(bandwidth));
            world.say(format!("{bandwidth} bytes per second from {} to {}", one.name(), other.name()));
        }
    }
}
