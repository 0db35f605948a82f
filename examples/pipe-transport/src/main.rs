//! Starts itself again as a child; the child calls its parent, and the parent calls back.

use std::{env, error::Error};

use distributed_actor::{ActorId, ActorRef, Node, distributed_actor};
use pipe_transport::{PipeTransport, start};
use tokio::{process::Command, sync::mpsc};

/// The parent's.
struct Office {
    workers: mpsc::UnboundedSender<ActorRef<Worker>>,
}

#[distributed_actor]
impl Office {
    #[distributed]
    fn join(&self, worker: ActorRef<Worker>) -> String {
        match self.workers.send(worker) {
            Ok(()) => "welcome".into(),
            Err(_) => "too late".into(),
        }
    }
}

/// The child's.
struct Worker;

#[distributed_actor]
impl Worker {
    #[distributed]
    fn add(&self, one: u64, other: u64) -> u64 {
        one + other
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        Some(office) => child(office.parse()?).await,
        None => parent().await,
    }
}

async fn parent() -> Result<(), Box<dyn Error>> {
    let node = Node::builder().transport(PipeTransport).listen("pipe://office").start().await?;
    let (workers, mut joined) = mpsc::unbounded_channel();
    let office = node.spawn(Office { workers });
    let mut program = Command::new(env::current_exe()?);
    program.arg(office.id().to_string());
    start(program, node.address()).await?;
    let worker = joined.recv().await.ok_or("nobody has joined")?;
    println!("2 + 3 = {}, says a worker in another process", worker.add(2, 3).await?);
    node.shutdown().await;
    Ok(())
}

/// The office's id says which node and which actor; where that node is, a child knows.
async fn child(office: ActorId) -> Result<(), Box<dyn Error>> {
    let node = Node::builder().transport(PipeTransport).start().await?;
    node.introduce(office.node(), &["pipe://parent".parse()?]);
    let office: ActorRef<Office> = node.resolve(&office)?;
    let worker = node.spawn(Worker);
    eprintln!("the office says: {}", office.join(worker.clone()).await?);
    // Until the parent has gone.
    office.terminated().await;
    Ok(())
}
