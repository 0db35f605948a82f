//! The article's actors, and what only this system does: names for nodes, texts on a wire, an end that others hear of.

use distributed_actor::{
    ActorRef, CallError, MethodInfo, Outcome, SystemError, SystemFailure, distributed_actor, spawn,
};
use json_system::{JsonSystem, SampleError, Wire};
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;

#[derive(Default)]
struct Greeter {
    friends: Vec<ActorRef<Greeter>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Refusal {
    Unknown { name: String },
}

#[distributed_actor(system = JsonSystem)]
impl Greeter {
    #[distributed]
    fn hello(&self, name: String) -> String {
        format!("Hello, {name}!")
    }

    /// Fails in its own way.
    #[distributed]
    fn hello_friend(&self, name: String) -> Result<String, Refusal> {
        if name == "charlie" { Ok(self.hello(name)) } else { Err(Refusal::Unknown { name }) }
    }

    #[distributed]
    fn introduce(&mut self, another: ActorRef<Greeter>) {
        self.friends.push(another);
    }

    #[distributed]
    fn friends(&self) -> Vec<ActorRef<Greeter>> {
        self.friends.clone()
    }

    #[distributed]
    fn panic(&self) {
        panic!("the greeter was asked to");
    }
}

fn pair() -> (JsonSystem, JsonSystem) {
    let wire = Wire::new();
    (JsonSystem::start("node-a", &wire).unwrap(), JsonSystem::start("node-b", &wire).unwrap())
}

/// R107
#[tokio::test]
async fn hello_world_through_a_remote_reference() {
    let (a, b) = pair();
    let local = spawn(&a, Greeter::default());
    let remote = ActorRef::<Greeter>::resolve(&b, local.id().clone()).unwrap();
    assert!(!remote.is_local());
    assert_eq!(remote.hello("world".into()).await.unwrap(), "Hello, world!");
}

/// R21
#[tokio::test]
async fn a_reference_to_a_local_actor_is_forwarded_to_another_node() {
    let (a, b) = pair();
    let worker = spawn(&a, Greeter::default());
    let remote = ActorRef::<Greeter>::resolve(&b, worker.id().clone()).unwrap();
    let charlie = spawn(&b, Greeter::default());
    remote.introduce(charlie.clone()).await.unwrap();
    let friends = worker.friends().await.unwrap();
    assert_eq!(friends, std::slice::from_ref(&charlie));
    assert!(!friends[0].is_local());
    assert_eq!(friends[0].hello("charlie".into()).await.unwrap(), "Hello, charlie!");
    assert!(remote.friends().await.unwrap()[0].is_local());
}

/// R33
#[tokio::test]
async fn a_methods_own_error_and_the_systems_can_be_told_apart() {
    let (a, b) = pair();
    let local = spawn(&a, Greeter::default());
    let remote = ActorRef::<Greeter>::resolve(&b, local.id().clone()).unwrap();
    let own = remote.hello_friend("mallory".into()).await.unwrap_err();
    assert_eq!(own, CallError::Actor(Refusal::Unknown { name: "mallory".into() }));
    drop(local);
    let system = remote.hello_friend("mallory".into()).await.unwrap_err();
    assert!(matches!(&system, CallError::System(SampleError::Runtime(SystemError::UnknownActor { .. }))), "{system:?}");
}

/// R20
#[tokio::test]
async fn a_node_that_is_not_on_the_wire_is_unknown() {
    let (a, _b) = pair();
    let stranger = JsonSystem::start("node-c", &Wire::new()).unwrap();
    let actor = spawn(&stranger, Greeter::default());
    let error = ActorRef::<Greeter>::resolve(&a, actor.id().clone()).unwrap_err();
    assert_eq!(error, SampleError::UnknownNode("node-c".into()));
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

#[tokio::test]
async fn two_nodes_of_one_name_cannot_be_on_a_wire() {
    let wire = Wire::new();
    let first = JsonSystem::start("node", &wire).unwrap();
    let taken = JsonSystem::start("node", &wire).map(drop).unwrap_err();
    assert_eq!(taken, SampleError::NodeNameTaken("node".into()));
    drop(first);
    JsonSystem::start("node", &wire).unwrap();
}

/// R23
#[tokio::test]
async fn a_reference_does_not_reach_actors_of_a_node_that_was_started_again() {
    let wire = Wire::new();
    let a = JsonSystem::start("node-a", &wire).unwrap();
    let b = JsonSystem::start("node-b", &wire).unwrap();
    let actor = spawn(&a, Greeter::default());
    let (stale, ended) = (actor.id().clone(), actor.terminated());
    drop((actor, a));
    // Until its state has been dropped an actor holds its system.
    ended.await;
    let again = JsonSystem::start("node-a", &wire).unwrap();
    let _successor = spawn(&again, Greeter::default());
    let error = ActorRef::<Greeter>::resolve(&b, stale).unwrap().hello("you".into()).await.unwrap_err();
    assert!(matches!(error, CallError::System(SampleError::Runtime(SystemError::UnknownActor { .. }))), "{error}");
}

/// R46
#[tokio::test]
async fn calls_of_a_node_that_ends_fail_at_once() {
    let wire = Wire::new();
    let b = JsonSystem::start("node-b", &wire).unwrap();
    // A node that never gets to read what it is sent.
    let frozen = Builder::new_current_thread().build().unwrap();
    let (a, local) = {
        let _runtime = frozen.enter();
        let a = JsonSystem::start("node-a", &wire).unwrap();
        let local = spawn(&a, Greeter::default());
        (a, local)
    };
    let remote = ActorRef::<Greeter>::resolve(&b, local.id().clone()).unwrap();
    let mut call = Box::pin(remote.hello("you".into()).into_future());
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
    drop((a, local));
    frozen.shutdown_background();
    let error = call.await.unwrap_err();
    assert_eq!(error, CallError::System(SampleError::ProcessTerminated("node-a".into())));
    let CallError::System(error) = error;
    assert_eq!(error.outcome(), Outcome::Unknown);
}

/// R8, R62
#[tokio::test]
async fn a_one_way_call_that_fails_is_counted() {
    let (a, b) = pair();
    let local = spawn(&a, Greeter::default());
    let remote = ActorRef::<Greeter>::resolve(&b, local.id().clone()).unwrap();
    let ended = local.terminated();
    remote.panic().cast().await.unwrap();
    ended.await;
    // The answer to a later call comes from the same task.
    remote.hello("you".into()).await.unwrap_err();
    assert_eq!((a.dead_letters(), b.dead_letters()), (1, 0));
}

/// R105
#[tokio::test]
async fn a_method_is_found_by_its_name() {
    let info = MethodInfo::find("greeter::Greeter::hello").unwrap();
    assert_eq!((info.method(), info.result()), ("hello", "String"));
    assert_eq!(info.parameters().iter().map(|parameter| parameter.name).collect::<Vec<_>>(), ["name"]);
    assert!(MethodInfo::find("greeter::Greeter::goodbye").is_none());
}
