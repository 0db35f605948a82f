//! A tree of supervisors, a worker that fails four times, and what comes of it.
//!
//!     cargo run --features supervision --example supervision
//!
//! You will see the tree as it was, each failure, the reasons with which the worker's supervisor gave up, and the tree
//! as it is then: that branch was started anew, and the rest has noticed nothing.

use std::time::Duration;

use distributed_actor::{
    ActorRef, Context, ExitReason, Node, distributed_actor,
    supervision::{Child, Restart, Strategy, Supervisor},
};

#[derive(Debug)]
struct IndexError(std::num::ParseIntError);

impl std::fmt::Display for IndexError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the index is damaged")
    }
}

impl std::error::Error for IndexError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

struct Service {
    name: String,
    served: u64,
}

#[distributed_actor]
impl Service {
    #[distributed(spawn)]
    fn create(name: String) -> Self {
        Service { name, served: 0 }
    }

    #[on_stop]
    fn flush(&mut self, reason: &ExitReason) {
        println!("    {} stops after {} requests: {reason}", self.name, self.served);
    }

    #[distributed]
    fn serve(&mut self, #[ctx] ctx: &Context<Self>, request: String) -> u64 {
        self.served += 1;
        if let Err(error) = request.parse::<u32>() {
            ctx.fail(IndexError(error));
        }
        self.served
    }
}

/// One thread, so that it prints the same each time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let node = Node::builder().start().await?;
    let service = |name: &str| Child::new(name, Service::spawn_create(name.into()));
    let search = Supervisor::builder(Strategy::RestForOne)
        .intensity(3, Duration::from_secs(60)) // the fourth failure in any 60 s escalates
        .child(service("index"))
        .child(service("cache").shutdown(Duration::from_secs(1)));
    let tree = Supervisor::builder(Strategy::OneForOne)
        .intensity(3, Duration::from_secs(60))
        .child(service("accounts").restart(Restart::Permanent))
        .child(Child::new("search", search))
        .start(&node)
        .await?;
    println!("{}", tree.picture().await?);

    let accounts: ActorRef<Service> = tree.child("accounts")?;
    let search = tree.supervisor("search")?;
    let index: ActorRef<Service> = search.child("index")?;
    for failure in 1..=4 {
        // The same reference each time: what it refers to was started again.
        let served = index.serve("1".into()).await?;
        println!("failure {failure}, after {served} request in this life:");
        index.serve("one".into()).await?;
        accounts.serve("7".into()).await?;
    }
    println!("\nsearch gave up:\n    {}\n", search.ended().await);
    println!("{}", tree.picture().await?);
    println!("accounts has served {} requests", accounts.serve("7".into()).await?);
    tree.stop().await;
    Ok(())
}
