//! Children in other processes, one of which is killed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use distributed_actor::{
    ActorRef, Exit, Node, NodeId, distributed_actor,
    supervision::{Child, Strategy, Supervisor},
};

const LISTEN: &str = "TEST_LISTEN";

struct Counter {
    count: u64,
}

#[distributed_actor]
impl Counter {
    #[distributed(spawn)]
    fn create(from: u64) -> Self {
        Counter { count: from }
    }

    #[distributed]
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

/// The other process: does nothing unless it was started by one of the tests.
#[test]
fn the_other_process() {
    let Ok(listen) = env::var(LISTEN) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let node = Node::builder().listen(listen).start().await.unwrap();
        println!("\nlistens {}", node.address());
        std::io::stdout().flush().unwrap();
        // Until the test's process ends, or closes the pipe.
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()).unwrap()).await.unwrap();
        node.shutdown().await;
    });
}

struct Other {
    process: std::process::Child,
    id: NodeId,
}

impl Other {
    async fn start(node: &Node) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["the_other_process", "--exact", "--nocapture"])
            .env(LISTEN, "tcp://127.0.0.1:0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| Some(line.unwrap().strip_prefix("listens ")?.to_owned())).unwrap();
        let id = node.connect(address.as_str()).await.unwrap();
        Self { process, id }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// R50, R85: the loss of a process counts as an exit, and the policy says where to start again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_whose_process_is_killed_is_started_again_in_another_one() {
    let node = Node::builder().start().await.unwrap();
    let (mut first, second) = (Other::start(&node).await, Other::start(&node).await);
    let alive = Arc::new(Mutex::new(vec![first.id, second.id]));
    let place = {
        let alive = alive.clone();
        move || alive.lock().unwrap().first().copied()
    };
    let tree = Supervisor::builder(Strategy::OneForOne)
        .intensity(5, Duration::from_secs(60))
        .child(Child::wherever(place, "counter", Counter::spawn_create(10)))
        .child(Child::new("bystander", Counter::spawn_create(0)))
        .start(&node)
        .await
        .unwrap();
    let counter: ActorRef<Counter> = tree.child("counter").unwrap();
    assert_eq!((counter.id().node(), counter.next().await.unwrap()), (first.id, 11));
    alive.lock().unwrap().remove(0);
    let ended = counter.terminated();
    first.kill();
    let began = Instant::now();
    ended.await;
    let counter = loop {
        match tree.child::<Counter>("counter") {
            Ok(counter) if counter.id().node() == second.id => break counter,
            _ => tokio::task::yield_now().await,
        }
        assert!(began.elapsed() < Duration::from_secs(10), "it was not started again");
    };
    // Its state is not carried over.
    assert_eq!(counter.next().await.unwrap(), 11);
    let children = tree.children().await;
    assert_eq!(children[0].restarts, 1);
    assert_eq!(children[0].last_exit.as_ref().unwrap().exit(), Exit::NodeLost);
    assert_eq!(children[1].restarts, 0);
    tree.stop().await;
    // Nobody owns it any more.
    assert!(counter.next().await.is_err());
    node.shutdown().await;
}
