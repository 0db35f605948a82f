//! Two processes: one is this test, the other the same binary started again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    env,
    io::{BufRead, BufReader, Lines, Read, Write},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use distributed_actor::{ActorRef, Limits, Node, Outcome, SystemError, Terminated};
use support::{Worker, system};
use tokio::time::timeout;

const LISTEN: &str = "TEST_LISTEN";

/// The other process: does nothing unless it was started by one of the tests.
#[test]
fn the_other_process() {
    let Ok(listen) = env::var(LISTEN) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let node = Node::builder().listen(listen).start().await.unwrap();
        let worker = node.spawn(Worker::default());
        node.register("worker", &worker).unwrap();
        println!("\nlistens {} {}", node.address(), node.id());
        std::io::stdout().flush().unwrap();
        // Until the test's process ends, or closes the pipe.
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()).unwrap()).await.unwrap();
        node.shutdown().await;
    });
}

struct Other {
    process: Child,
    /// Kept open: the process writes to it when it ends.
    _output: Lines<BufReader<ChildStdout>>,
    address: String,
    id: String,
}

impl Other {
    fn start(listen: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["the_other_process", "--exact", "--nocapture"])
            .env(LISTEN, listen)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.find_map(|line| Some(line.unwrap().strip_prefix("listens ")?.to_owned())).unwrap();
        let (address, id) = line.split_once(' ').unwrap();
        Self { process, _output: lines, address: address.into(), id: id.into() }
    }

    fn signal(&self, signal: &str) {
        // The shell's own: not every machine has the program.
        let command = format!("kill {signal} {}", self.process.id());
        let status = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(status.success());
    }

    /// Stops all threads, and waits until they have stopped.
    fn freeze(&self) {
        self.signal("-STOP");
        let tasks = || std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let runs = |status: &str| status.lines().any(|line| line.starts_with("State:") && !line.contains("stopped"));
        while tasks().any(|task| runs(&std::fs::read_to_string(task.unwrap().path().join("status")).unwrap())) {
            std::thread::yield_now();
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// R46, R47, R51: the death of a process is noticed at once, and what is started again in its place is another node.
#[tokio::test]
async fn a_process_that_is_killed_is_lost_at_once_and_its_successor_is_another_node() {
    let mut other = Other::start("tcp://127.0.0.1:0");
    let client = Node::builder().start().await.unwrap();
    let remote: ActorRef<Worker> = client.lookup(&other.address, "worker").await.unwrap();
    assert_eq!(remote.halve(8).await.unwrap(), 4);
    assert_eq!(remote.id().node().to_string(), other.id);
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.hang().await }
    });
    let watch = tokio::spawn(remote.terminated());
    // A call waits behind it: it runs.
    while remote.halve(8).timeout(Duration::from_millis(50)).await.is_ok() {}
    let started = Instant::now();
    other.process.kill().unwrap();
    match system(call.await.unwrap()) {
        error @ SystemError::Network(_) => {
            assert_eq!(error.outcome(), Outcome::Unknown);
            assert!(error.to_string().contains(&other.id), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(watch.await.unwrap(), Terminated::NodeLost(lost) if lost.node().to_string() == other.id));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let error = system(timeout(Duration::from_secs(2), remote.halve(8)).await.unwrap());
    assert!(matches!(&error, SystemError::Connect { .. }), "{error:?}");
    other.process.wait().unwrap();

    let again = Other::start(&other.address);
    assert_eq!(again.address, other.address);
    match system(timeout(Duration::from_secs(2), remote.halve(8)).await.unwrap()) {
        SystemError::NodeReplaced { old, new } => {
            assert_eq!((old.to_string(), new.to_string()), (other.id.clone(), again.id.clone()));
        }
        other => panic!("{other:?}"),
    }
    let new: ActorRef<Worker> = client.lookup(&again.address, "worker").await.unwrap();
    assert_eq!(new.seen().await.unwrap(), []);
    assert!(matches!(system(remote.seen().await), SystemError::NodeReplaced { .. }));
}

/// R52: a process that ends in order says so.
#[tokio::test]
async fn a_process_that_shuts_down_says_so() {
    let mut other = Other::start("tcp://127.0.0.1:0");
    let client = Node::builder().start().await.unwrap();
    let remote: ActorRef<Worker> = client.lookup(&other.address, "worker").await.unwrap();
    let watch = tokio::spawn(remote.terminated());
    tokio::task::yield_now().await;
    remote.seen().await.unwrap();
    drop(other.process.stdin.take());
    let ended = timeout(Duration::from_secs(2), watch).await.unwrap().unwrap();
    assert!(matches!(ended, Terminated::Stopped | Terminated::NodeLost(_)), "{ended:?}");
    assert!(other.process.wait().unwrap().success());
}

/// R56: a process that is frozen is given up, and is welcome when it goes on.
#[tokio::test]
async fn a_process_that_is_frozen_is_given_up_and_comes_back() {
    let mut limits = Limits::default();
    limits.ping_interval = Duration::from_millis(50);
    limits.silence_max = Duration::from_millis(400);
    limits.dial_time_max = Duration::from_millis(400);
    let other = Other::start("tcp://127.0.0.1:0");
    let client = Node::builder().limits(limits).start().await.unwrap();
    let remote: ActorRef<Worker> = client.lookup(&other.address, "worker").await.unwrap();
    assert_eq!(remote.halve(8).await.unwrap(), 4);
    other.freeze();
    let started = Instant::now();
    match system(remote.halve(8).await) {
        SystemError::Network(lost) => assert!(lost.to_string().contains("silent"), "{lost}"),
        other => panic!("{other:?}"),
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    // The kernel still accepts for it; the handshake does not come.
    let error = system(remote.halve(8).await);
    assert!(matches!(error, SystemError::Connect { .. }), "{error:?}");
    other.signal("-CONT");
    loop {
        match remote.halve(8).await {
            Ok(half) => break assert_eq!(half, 4),
            Err(error) => assert!(started.elapsed() < support::LONG, "{error}"),
        }
    }
    assert_eq!(support::sessions(&client), 1);
}
