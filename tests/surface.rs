//! The programs of the public surface, as a user writes them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{cell::Cell, time::Duration};

use actor_testkit::Network;
use distributed_actor::{ActorRef, CallError, Context, Node, Outcome, SystemError, distributed_actor};
use serde::{Deserialize, Serialize};

struct Greeter {
    greeting: String,
    served: u64,
}

#[distributed_actor]
impl Greeter {
    /// Runs on whichever node the greeter lives on.
    #[distributed]
    fn hello(&mut self, name: String) -> String {
        self.served += 1;
        format!("{}, {name}!", self.greeting)
    }

    #[allow(dead_code)]
    fn reset(&mut self) {
        self.served = 0;
    }
}

/// R1, R4, R5, R107
#[tokio::test]
async fn an_actor_is_called_from_another_node() -> Result<(), Box<dyn std::error::Error>> {
    let server = Node::builder().listen("tcp://127.0.0.1:0").start().await?;
    let greeter: ActorRef<Greeter> = server.spawn(Greeter { greeting: "Hello".into(), served: 0 });
    server.register("greeter", &greeter)?;

    let client = Node::builder().start().await?;
    let greeter: ActorRef<Greeter> = client.lookup(server.address(), "greeter").await?;
    assert_eq!(greeter.hello("world".into()).await?, "Hello, world!");
    assert!(!greeter.is_local());
    assert_eq!(greeter.when_local(|greeter| greeter.served).await, None);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("missing {missing} cents")]
struct InsufficientFunds {
    missing: u64,
}

type Answer<T> = Result<T, InsufficientFunds>;

struct Account {
    balance: u64,
    notes: Vec<String>,
    _not_sync: Cell<u8>,
}

#[distributed_actor]
impl Account {
    #[distributed]
    async fn withdraw(&mut self, cents: u64) -> Result<u64, InsufficientFunds> {
        if cents > self.balance {
            return Err(InsufficientFunds { missing: cents - self.balance });
        }
        self.balance -= cents;
        Ok(self.balance)
    }

    #[distributed]
    fn balance(&self) -> u64 {
        self.balance
    }

    #[distributed]
    fn checked(&self) -> Answer<u64> {
        Ok(self.balance)
    }

    #[distributed]
    fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    #[distributed]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    #[distributed]
    async fn forever(&mut self) {
        std::future::pending().await
    }
}

fn account() -> Account {
    Account { balance: 100, notes: Vec::new(), _not_sync: Cell::new(0) }
}

/// R15, R33
#[tokio::test]
async fn errors_are_the_methods_own_or_the_systems() -> Result<(), Box<dyn std::error::Error>> {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let account = a.spawn(account());
    for account in [account.clone(), b.resolve(account.id())?] {
        match account.withdraw(500).await {
            Err(CallError::Actor(InsufficientFunds { missing })) => assert_eq!(missing, 400),
            other => panic!("{other:?}"),
        }
        let answer: Result<u64, CallError<InsufficientFunds>> = account.checked().await;
        assert_eq!(answer?, 100);
        let balance = account.balance().timeout(Duration::from_millis(500)).await?;
        assert_eq!(balance, 100);
        account.note("audited".into()).cast().await?;
        assert!(account.notes().await?.contains(&"audited".to_owned()));
    }
    account.stop().await;
    match account.balance().await {
        Err(CallError::System(error @ SystemError::UnknownActor { .. })) => {
            assert_eq!(error.outcome(), Outcome::NotExecuted);
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

struct Member {
    name: String,
}

#[distributed_actor]
impl Member {
    #[distributed]
    fn name(&self) -> String {
        self.name.clone()
    }
}

#[derive(Serialize, Deserialize)]
struct Party {
    host: ActorRef<Member>,
    guests: Vec<ActorRef<Member>>,
    missing: Option<ActorRef<Member>>,
}

#[derive(Default)]
struct Room {
    members: Vec<ActorRef<Member>>,
}

#[distributed_actor]
impl Room {
    #[distributed]
    async fn join(&mut self, member: ActorRef<Member>) -> Vec<ActorRef<Member>> {
        self.members.push(member);
        self.members.clone()
    }

    #[distributed]
    async fn welcome(&mut self, party: Party) -> Vec<String> {
        let mut names = vec![party.host.name().await.unwrap()];
        for guest in party.guests.iter().chain(&party.missing) {
            names.push(guest.name().await.unwrap());
        }
        names
    }

    #[distributed]
    async fn run(&mut self, #[ctx] ctx: &Context<Self>, rounds: u32) -> u32 {
        let me: ActorRef<Self> = ctx.actor_ref();
        assert!(me.is_local() && ctx.deadline().is_some());
        let child = ctx.spawn(Member { name: "child".into() });
        assert_eq!(child.name().await.unwrap(), "child");
        let watched = ctx.watch(&child);
        child.stop();
        watched.await;
        assert!(ctx.system().actor_count() >= 1);
        if rounds > 1 {
            // A call to oneself would wait for itself.
            match me.run(rounds - 1).await {
                Err(CallError::System(SystemError::Deadlock { chain })) => assert_eq!(chain.len(), 2, "{chain:?}"),
                other => panic!("{other:?}"),
            }
        }
        rounds
    }
}

/// R21
#[tokio::test]
async fn references_are_arguments_and_results_over_several_hops() -> Result<(), Box<dyn std::error::Error>> {
    let network = Network::seeded(1);
    let [a, b, c] = network.nodes().await;
    let member = a.spawn(Member { name: "anna".into() });
    let room = b.spawn(Room::default());
    let from_a: ActorRef<Room> = a.resolve(room.id())?;
    let members = from_a.join(member.clone()).await?;
    assert_eq!(members, std::slice::from_ref(&member));
    assert!(members[0].is_local());
    let from_c: ActorRef<Room> = c.resolve(room.id())?;
    let host = c.spawn(Member { name: "carl".into() });
    let guests = from_c.join(host.clone()).await?;
    assert_eq!(guests[0].name().await?, "anna");
    let party = Party { host, guests, missing: None };
    assert_eq!(from_c.welcome(party).await?, ["carl", "anna", "carl"]);
    Ok(())
}

#[tokio::test]
async fn a_method_sees_its_surroundings() -> Result<(), Box<dyn std::error::Error>> {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let room = a.spawn(Room::default());
    assert_eq!(room.run(2).await?, 2);
    let room: ActorRef<Room> = b.resolve(room.id())?;
    assert_eq!(room.run(2).await?, 2);
    Ok(())
}

struct Counter {
    value: u64,
}

impl Counter {
    fn new() -> Self {
        Self { value: 0 }
    }
}

#[distributed_actor]
impl Counter {
    #[distributed]
    fn add(&mut self, n: u64) -> u64 {
        self.value += n;
        self.value
    }
}

/// R93
#[tokio::test(start_paused = true)]
async fn the_reply_is_lost() -> Result<(), Box<dyn std::error::Error>> {
    let network = Network::seeded(7);
    let [a, b] = network.nodes().await;
    let counter = a.spawn(Counter::new());
    let remote: ActorRef<Counter> = b.resolve(counter.id())?;
    remote.add(1).await?;
    network.partition(&a, &b);
    let error = remote.add(1).timeout(Duration::from_secs(1)).await.unwrap_err();
    let CallError::System(error) = error;
    assert_eq!(error.outcome(), Outcome::Unknown);
    network.heal();
    assert!(remote.add(1).await? >= 2);
    Ok(())
}

/// R93
#[tokio::test(start_paused = true)]
async fn a_long_partition_loses_the_node_and_healing_brings_it_back() -> Result<(), Box<dyn std::error::Error>> {
    let network = Network::seeded(7);
    let [a, b] = network.nodes().await;
    let counter = a.spawn(Counter::new());
    let remote: ActorRef<Counter> = b.resolve(counter.id())?;
    remote.add(1).await?;
    network.partition(&a, &b);
    match remote.add(1).await.unwrap_err() {
        CallError::System(SystemError::Network(lost)) => assert_eq!(lost.node(), a.id()),
        CallError::System(other) => panic!("{other:?}"),
    }
    network.heal();
    assert!(remote.add(1).await? >= 2);
    Ok(())
}
