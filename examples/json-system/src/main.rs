//! `cargo run` prints, over JSON texts between two nodes:
//!
//! ```text
//! Hello, world!
//! worker 1 on node-b was introduced to worker 2 on node-a
//! ```

use distributed_actor::{ActorRef, distributed_actor, spawn};
use json_system::{JsonSystem, Wire};

struct Greeter;

#[distributed_actor(system = JsonSystem)]
impl Greeter {
    #[distributed]
    fn hello(&self, name: String) -> String {
        format!("Hello, {name}!")
    }
}

struct Worker {
    name: String,
}

#[distributed_actor(system = JsonSystem)]
impl Worker {
    #[distributed]
    fn name(&self) -> String {
        self.name.clone()
    }

    /// `another` may live anywhere.
    #[distributed]
    async fn introduce(&mut self, another: ActorRef<Worker>) -> String {
        match another.name().await {
            Ok(other) => format!("{} was introduced to {other}", self.name),
            Err(error) => format!("{} cannot reach the other one: {error}", self.name),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wire = Wire::new();
    let node_a = JsonSystem::start("node-a", &wire)?;
    let node_b = JsonSystem::start("node-b", &wire)?;

    let local = spawn(&node_a, Greeter);
    // Resolving the same id on another node gives a remote reference.
    let remote = ActorRef::<Greeter>::resolve(&node_b, local.id().clone())?;
    println!("{}", remote.hello("world".into()).await?);

    let worker = spawn(&node_b, Worker { name: "worker 1 on node-b".into() });
    let remote_worker = ActorRef::<Worker>::resolve(&node_a, worker.id().clone())?;
    // A call that forwards a reference to a local worker to the other node.
    let charlie = spawn(&node_a, Worker { name: "worker 2 on node-a".into() });
    println!("{}", remote_worker.introduce(charlie).await?);
    Ok(())
}
