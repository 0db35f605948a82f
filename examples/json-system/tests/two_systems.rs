//! One actor for two systems: other ids, another codec, another way to reach it.

use distributed_actor::{ActorRef, CallError, Node, SystemError, distributed_actor, spawn};
use json_system::{JsonSystem, Wire};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SoldOut {
    left: u64,
}

/// Lives on a node: in postcard, over TCP.
struct Stock {
    left: u64,
}

#[distributed_actor]
impl Stock {
    #[distributed]
    fn take(&mut self, count: u64) -> Result<u64, SoldOut> {
        self.left = self.left.checked_sub(count).ok_or(SoldOut { left: self.left })?;
        Ok(self.left)
    }
}

/// Its other face: in JSON, over a wire. It keeps no state, so there is one actor, whose calls have one order.
struct Counter {
    stock: ActorRef<Stock>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Refusal {
    SoldOut(SoldOut),
    Unreachable(String),
}

#[distributed_actor(system = JsonSystem)]
impl Counter {
    #[distributed]
    async fn take(&mut self, count: u64) -> Result<u64, Refusal> {
        // What is left of the caller's time bounds this call, too.
        self.stock.take(count).await.map_err(|error| match error {
            CallError::Actor(sold_out) => Refusal::SoldOut(sold_out),
            CallError::System(error) => Refusal::Unreachable(error.to_string()),
        })
    }
}

/// R30
#[tokio::test]
async fn one_actor_is_served_in_two_codecs_at_once() {
    let server = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
    let stock = server.spawn(Stock { left: 10 });
    server.register("stock", &stock).unwrap();
    let wire = Wire::new();
    let (shop, customer) = (JsonSystem::start("shop", &wire).unwrap(), JsonSystem::start("customer", &wire).unwrap());
    let counter = spawn(&shop, Counter { stock: stock.clone() });

    let client = Node::builder().start().await.unwrap();
    let in_postcard: ActorRef<Stock> = client.lookup(server.address(), "stock").await.unwrap();
    let in_json = ActorRef::<Counter>::resolve(&customer, counter.id().clone()).unwrap();
    assert!(!in_postcard.is_local() && !in_json.is_local());
    assert_eq!(in_postcard.take(3).await.unwrap(), 7);
    assert_eq!(in_json.take(3).await.unwrap(), 4);
    let sold_out = SoldOut { left: 4 };
    assert_eq!(in_json.take(5).await.unwrap_err(), CallError::Actor(Refusal::SoldOut(sold_out.clone())));
    assert_eq!(in_postcard.take(5).await.unwrap_err(), CallError::Actor(sold_out));
    let (postcard, json) = tokio::join!(in_postcard.take(1), in_json.take(1));
    assert_eq!(postcard.unwrap() + json.unwrap(), 3 + 2);
    stock.stop().await;
    let gone = in_postcard.take(1).await;
    assert!(matches!(gone, Err(CallError::System(SystemError::UnknownActor { .. }))), "{gone:?}");
    let gone = in_json.take(1).await;
    assert!(matches!(gone, Err(CallError::Actor(Refusal::Unreachable(_)))), "{gone:?}");
}
