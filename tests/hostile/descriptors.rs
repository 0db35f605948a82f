//! A process that has run out of file descriptors.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use actor_testkit::{LogLines, alone};
use distributed_actor::{ActorRef, Limits, Node};
use tokio::net::TcpStream;

use crate::support::{self, Worker};

/// Set in the process that runs out.
const STARVED: &str = "TEST_STARVED";
/// What it may have open.
const DESCRIPTORS: usize = 64;
/// Ticks of processor time in a second, as `/proc` counts them on Linux.
const TICKS: f64 = 100.0;

/// The other process: does nothing unless the test below has started it.
#[test]
fn the_process_that_runs_out_of_descriptors() {
    if env::var(STARVED).is_err() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let log = LogLines::watch();
        let mut limits = Limits::default();
        limits.connections_per_address_max = 1000;
        // They stay as long as the test likes.
        limits.handshake_time_max = Duration::from_secs(60);
        let node = Node::builder().listen("tcp://127.0.0.1:0").limits(limits).start().await.unwrap();
        let worker = node.spawn(Worker::default());
        node.register("worker", &worker).unwrap();
        println!("\nlistens {}", node.address());
        std::io::stdout().flush().unwrap();
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()).unwrap()).await.unwrap();
        println!("lines {}", log.busiest_second());
        node.shutdown().await;
    });
}

struct Starved(Child);

impl Drop for Starved {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Starved {
    /// Processor time so far.
    fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        Duration::from_secs_f64(ticks / TICKS)
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.0.id())).unwrap().count()
    }
}

/// Accepting pauses instead of spinning; who is connected does not notice; and when there are descriptors again, others
/// get in within a second.
#[test]
fn a_process_out_of_descriptors_does_not_spin_and_recovers_within_a_second() {
    alone(async {
        let mut process = Command::new("sh")
            .args(["-c", &format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"")])
            .arg(env::current_exe().unwrap())
            .args(["descriptors::the_process_that_runs_out_of_descriptors", "--exact", "--nocapture"])
            .env(STARVED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut starved = Starved(process);
        let mut said = |what: &str| lines.find_map(|line| Some(line.unwrap().strip_prefix(what)?.to_owned())).unwrap();
        let address = said("listens ");

        let client = Node::builder().start().await.unwrap();
        let remote: ActorRef<Worker> = client.lookup(&*address, "worker").await.unwrap();
        let mut held = Vec::new();
        for _ in 0..DESCRIPTORS * 2 {
            held.push(TcpStream::connect(address.strip_prefix("tcp://").unwrap()).await.unwrap());
        }
        support::until(|| starved.descriptors() >= DESCRIPTORS).await;
        let (before, started) = (starved.processor_time(), Instant::now());
        while started.elapsed() < Duration::from_secs(2) {
            assert_eq!(remote.halve(8).timeout(Duration::from_secs(2)).await.unwrap(), 4);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let share = (starved.processor_time() - before).as_secs_f64() / started.elapsed().as_secs_f64();
        assert!(share < 0.05, "it takes {:.1} % of a processor", share * 100.0);

        drop(held);
        let freed = Instant::now();
        let late = Node::builder().start().await.unwrap();
        let found: ActorRef<Worker> = late.lookup(&*address, "worker").await.unwrap();
        assert_eq!(found.halve(4).await.unwrap(), 2);
        let took = freed.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert_eq!(remote.halve(2).await.unwrap(), 1);
        drop(starved.0.stdin.take());
        let logged: usize = said("lines ").parse().unwrap();
        assert!((1..=10).contains(&logged), "{logged} lines in a second");
    });
}
