//! Work on three processes, of which one is killed.
//!
//!     cargo run --features cluster --example cluster
//!
//! The program starts itself three more times. All four are nodes of one cluster; six workers are started on the three,
//! and called without end. One of the processes is killed with SIGKILL: the calls to its workers fail at once, and the
//! workers are started again on nodes that are left. What they had counted is lost with them: state is not carried over.
//! The members and the calls are shown on the standard error output while that goes on, once a second.

use std::{
    collections::BTreeMap,
    error::Error,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use distributed_actor::{
    ActorRef, CallError, Node, SystemError,
    cluster::{RandomMember, WithLabel},
    distributed_actor,
};
use tokio::process::{Child, Command};

const NAMES: [&str; 3] = ["one", "two", "three"];
const WORKERS: usize = 6;

struct Worker {
    sum: u64,
}

#[distributed_actor]
impl Worker {
    #[distributed(spawn)]
    fn create(start: u64) -> Self {
        Worker { sum: start }
    }

    #[distributed]
    fn add(&mut self, number: u64) -> u64 {
        self.sum += number;
        self.sum
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [name, contact] => member(name, contact).await,
        _ => control().await,
    }
}

/// One of the three processes.
async fn member(name: &str, contact: &str) -> Result<(), Box<dyn Error>> {
    let builder = Node::builder().name(name).label("role", "worker");
    let node = builder.listen("tcp://127.0.0.1:0").join([contact]).start().await?;
    distributed_actor::signal::wait_for_exit().await;
    node.shutdown().await;
    Ok(())
}

/// The process that was started by hand.
async fn control() -> Result<(), Box<dyn Error>> {
    let none: Option<&str> = None;
    let node = Node::builder().name("control").listen("tcp://127.0.0.1:0").join(none).start().await?;
    let mut processes = BTreeMap::new();
    for name in NAMES {
        processes.insert(name, start(&[name, node.address().as_str()])?);
    }
    let all_there = node.cluster().wait_until(|view| view.alive() == 4, Duration::from_secs(20)).await?;
    let mut names: Vec<_> = all_there.members().iter().map(|member| member.name()).collect();
    names.sort_unstable();
    println!("members: {}", names.join(", "));

    let mut workers = Vec::new();
    for number in 0..WORKERS {
        let name = NAMES[number % NAMES.len()];
        let place = all_there.named(name).ok_or("it is a member")?.id();
        workers.push(node.spawn_on(place, Worker::spawn_create(0)).await?);
        println!("worker {number} is on {name}");
    }

    let calls = Arc::new(AtomicU64::new(0));
    let live = tokio::spawn(show(node.clone(), calls.clone()));
    let working = workers.into_iter().map(|worker| tokio::spawn(work(node.clone(), worker, calls.clone())));
    let working: Vec<_> = working.collect();

    while calls.load(Ordering::Relaxed) < 1000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("two is killed");
    processes.get_mut("two").ok_or("it was started")?.kill().await?;
    let is_gone = |view: &distributed_actor::cluster::ClusterView| view.named("two").is_none();
    node.cluster().wait_until(is_gone, Duration::from_secs(20)).await?;
    println!("two is a member no more");

    let mut moved = 0;
    for (number, work) in working.into_iter().enumerate() {
        let losses = work.await?.map_err(|error| error.to_string())?;
        if losses > 0 {
            println!("worker {number} was lost with its node, and started again on another one");
            moved += 1;
        }
    }
    live.abort();
    println!("summary: {WORKERS} workers, 1 process killed, {moved} workers started again");
    node.shutdown().await;
    for name in ["one", "three"] {
        let process = processes.get_mut(name).ok_or("it was started")?;
        let id = process.id().ok_or("it runs")?.to_string();
        Command::new("sh").args(["-c", &format!("kill {id}")]).status().await?;
        println!("{name} has ended: {}", process.wait().await?);
    }
    Ok(())
}

/// Calls a worker for some seconds, and starts it again elsewhere when its node is lost; how often that was.
async fn work(node: Node, mut worker: ActorRef<Worker>, calls: Arc<AtomicU64>) -> Result<u32, CallError> {
    let end = tokio::time::Instant::now() + Duration::from_secs(8);
    let mut losses = 0;
    while tokio::time::Instant::now() < end {
        match worker.add(1).await {
            Ok(_) => {
                calls.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(CallError::System(SystemError::Network(_) | SystemError::Connect { .. })) => {
                losses += 1;
                // A node that cannot be reached is not alive for this one, long before it is known to be dead.
                let elsewhere = WithLabel::new("role", "worker").then(RandomMember::default());
                match node.spawn_where(elsewhere, Worker::spawn_create(0)).await {
                    Ok(again) => worker = again,
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(losses)
}

/// The live view.
async fn show(node: Node, calls: Arc<AtomicU64>) {
    loop {
        eprintln!("{:6} calls; {}", calls.load(Ordering::Relaxed), node.cluster().view());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn start(arguments: &[&str]) -> Result<Child, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    Ok(Command::new(program).args(arguments).kill_on_drop(true).stdout(Stdio::null()).spawn()?)
}
