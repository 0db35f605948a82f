//! A real child, over its standard input and output.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::process::Stdio;

use distributed_actor::{ActorRef, CallError, Node, SystemError, distributed_actor};
use pipe_transport::{PipeTransport, start};
use tokio::{process::Command, sync::mpsc};

struct Office {
    workers: mpsc::UnboundedSender<ActorRef<Worker>>,
}

/// The names are those of the program's, which is another crate: so its methods are found.
#[distributed_actor]
impl Office {
    #[distributed(name = "pipe_transport::Office::join")]
    fn join(&self, worker: ActorRef<Worker>) -> String {
        self.workers.send(worker).unwrap();
        "welcome".into()
    }
}

struct Worker;

#[distributed_actor]
impl Worker {
    #[distributed(name = "pipe_transport::Worker::add")]
    fn add(&self, one: u64, other: u64) -> u64 {
        one + other
    }
}

async fn office(name: &str) -> (Node, ActorRef<Office>, ActorRef<Worker>) {
    let node = Node::builder().transport(PipeTransport).listen(format!("pipe://{name}")).start().await.unwrap();
    let (workers, mut joined) = mpsc::unbounded_channel();
    let office = node.spawn(Office { workers });
    let mut program = Command::new(env!("CARGO_BIN_EXE_pipe-transport"));
    program.arg(office.id().to_string()).stderr(Stdio::null());
    start(program, node.address()).await.unwrap();
    let worker = joined.recv().await.unwrap();
    (node, office, worker)
}

#[tokio::test]
async fn a_child_is_called_over_its_standard_input_and_output() {
    let (node, _office, worker) = office("calls").await;
    for number in 0..100 {
        assert_eq!(worker.add(number, 1).await.unwrap(), number + 1);
    }
    node.shutdown().await;
}

#[tokio::test]
async fn a_worker_that_was_stopped_is_known_to_be_gone() {
    let (node, _office, worker) = office("stops").await;
    worker.stop().await;
    let gone = worker.add(1, 1).await;
    assert!(matches!(gone, Err(CallError::System(SystemError::UnknownActor { .. }))), "{gone:?}");
    node.shutdown().await;
}
