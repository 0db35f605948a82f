//! Actors that are told things together.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{ActorRef, Group, Node, SpawnOptions, SystemError, distributed_actor};
use futures::FutureExt;
use tokio::{sync::Semaphore, time::sleep};

struct Guest {
    heard: Arc<Mutex<Vec<(u32, u32)>>>,
    gate: Arc<Semaphore>,
    number: u32,
}

#[distributed_actor]
impl Guest {
    #[distributed]
    fn hears(&mut self, what: u32) {
        self.heard.lock().unwrap().push((self.number, what));
    }

    #[distributed]
    async fn waits(&mut self) {
        let _permit = self.gate.acquire().await.unwrap();
    }
}

struct Party {
    node: Node,
    heard: Arc<Mutex<Vec<(u32, u32)>>>,
    gate: Arc<Semaphore>,
    room: Group<Guest>,
}

impl Party {
    async fn new() -> Self {
        let [node] = Network::seeded(1).nodes().await;
        Self { node, heard: Arc::default(), gate: Arc::new(Semaphore::new(0)), room: Group::new() }
    }

    fn guest(&self, number: u32) -> ActorRef<Guest> {
        let guest = Guest { heard: self.heard.clone(), gate: self.gate.clone(), number };
        self.node.spawn_with(guest, SpawnOptions::new().mailbox(1))
    }

    fn guests(&self, count: u32) -> Vec<ActorRef<Guest>> {
        let guests: Vec<_> = (1..=count).map(|number| self.guest(number)).collect();
        guests.iter().for_each(|guest| self.room.join(guest).unwrap());
        guests
    }

    async fn say(&self, what: u32) -> usize {
        self.room.broadcast(|guest| async move { guest.hears(what).cast().await }).await
    }

    fn heard(&self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn each_member_of_a_group_is_told_once_and_in_order() {
    let party = Party::new().await;
    let guests = party.guests(3);
    party.room.join(&guests[0]).unwrap();
    assert_eq!((party.say(1).await, party.say(2).await), (3, 3));
    for guest in &guests {
        guest.when_local(|_| ()).await.unwrap();
    }
    let mut heard = party.heard();
    heard.sort_by_key(|(guest, _)| *guest);
    assert_eq!(heard, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]);
    // As often as it has joined it has to leave.
    assert_eq!(party.room.members().len(), 4);
    assert!(party.room.leave(&guests[0]) && party.room.leave(&guests[0]) && !party.room.leave(&guests[0]));
    assert_eq!(party.say(3).await, 2);
    assert_eq!(party.room.members(), guests[1..]);
}

#[tokio::test(start_paused = true)]
async fn a_group_keeps_nobody_alive_and_forgets_those_that_have_ended() {
    let party = Party::new().await;
    let mut guests = party.guests(3);
    guests[0].stop().await;
    drop(guests.pop());
    assert_eq!(party.node.actor_count(), 1);
    assert_eq!(party.say(1).await, 1);
    assert_eq!(party.room.members(), guests[1..]);
    let refused = party.room.join(&guests[0]);
    assert!(matches!(refused, Err(SystemError::UnknownActor { .. })), "{refused:?}");
    // However many come and go.
    for number in 0..1_000 {
        party.room.join(&party.guest(number)).unwrap();
    }
    assert!(format!("{:?}", party.room).matches(',').count() < 64);
    assert_eq!(party.room.members().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_member_without_room_holds_up_no_other() {
    let party = Party::new().await;
    let guests = party.guests(3);
    let busy = guests[1].clone();
    busy.waits().cast().await.unwrap();
    busy.hears(0).cast().await.unwrap();
    let mut saying = pin!(party.say(1));
    assert!(saying.as_mut().now_or_never().is_none());
    for guest in [&guests[0], &guests[2]] {
        guest.when_local(|_| ()).await.unwrap();
    }
    assert_eq!(party.heard(), [(1, 1), (3, 1)]);
    party.gate.add_permits(1);
    assert_eq!(saying.await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_group_of_thousands_is_told_and_can_be_stopped_together() {
    let party = Party::new().await;
    let guests = party.guests(2_000);
    assert_eq!(party.say(1).await, 2_000);
    let stopped = party.room.broadcast(|guest| async move {
        guest.stop().await;
        Ok::<_, SystemError>(())
    });
    assert_eq!(stopped.await, 2_000);
    assert_eq!(party.heard().len(), 2_000);
    assert!(party.room.members().is_empty() && party.node.actor_count() == 0);
    drop(guests);
}

#[tokio::test(start_paused = true)]
async fn members_of_a_group_may_live_on_other_nodes() {
    let network = Network::seeded(2);
    let [here, there] = network.nodes().await;
    let (heard, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let guest = |number| Guest { heard: Arc::clone(&heard), gate: gate.clone(), number };
    let (near, far) = (here.spawn(guest(1)), there.spawn(guest(2)));
    let room = Group::new();
    room.join(&near).unwrap();
    room.join(&here.resolve(far.id()).unwrap()).unwrap();
    let told = room.broadcast(|guest| async move { guest.hears(7).await });
    assert_eq!(told.await, 2);
    let mut heard = heard.lock().unwrap().clone();
    heard.sort_unstable();
    assert_eq!(heard, [(1, 7), (2, 7)]);
    network.partition(&here, &there);
    let told = room.broadcast(|guest| async move { guest.hears(8).timeout(Duration::from_secs(1)).await });
    assert_eq!(told.await, 1);
}

#[tokio::test(start_paused = true)]
async fn members_on_other_nodes_that_have_ended_or_are_lost_are_none_any_more() {
    let network = Network::seeded(3);
    let [here, there] = network.nodes().await;
    let (heard, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let guest = |number| there.spawn(Guest { heard: Arc::clone(&heard), gate: gate.clone(), number });
    let mut guests: Vec<_> = (0..4).map(guest).collect();
    let far = |guest: &ActorRef<Guest>| here.resolve::<Guest>(guest.id()).unwrap();
    let room = Group::new();
    guests.iter().for_each(|guest| room.join(&far(guest)).unwrap());
    let say = async |what| room.broadcast(|guest| async move { guest.hears(what).await }).await;
    assert_eq!(say(1).await, 4);
    guests[0].stop().await;
    drop(guests.remove(1));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(room.members(), guests[1..]);
    // Of one elsewhere that has ended before it is known a moment later.
    room.join(&far(&guests[0])).unwrap();
    sleep(Duration::from_millis(100)).await;
    assert_eq!((room.members().len(), say(2).await), (2, 2));
    room.join(&far(&guests[1])).unwrap();
    assert!(room.leave(&far(&guests[1])) && room.leave(&far(&guests[1])) && !room.leave(&far(&guests[1])));
    network.partition(&here, &there);
    sleep(Duration::from_secs(20)).await;
    assert!(room.members().is_empty());
    network.heal();
    sleep(Duration::from_secs(20)).await;
    // It lives, and joins again.
    room.join(&far(&guests[2])).unwrap();
    assert_eq!(say(3).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_group_has_room_for_65536_members() {
    let party = Party::new().await;
    let mut guests = party.guests(65_536);
    let late = party.guest(0);
    let refused = party.room.join(&late);
    assert!(matches!(refused, Err(SystemError::Overloaded { .. })), "{refused:?}");
    // One more membership is no other member.
    party.room.join(&guests[0]).unwrap();
    // Those that have ended make room.
    drop(guests.pop());
    party.room.join(&late).unwrap();
}
