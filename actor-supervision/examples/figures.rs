//! What supervision costs: `cargo run --release -p actor-supervision --example figures`.
//!
//! Times are of the whole process, in processor time, so that a busy machine counts less.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use actor_testkit::Heap;
use distributed_actor::{
    ActorRef, Node, distributed_actor,
    supervision::{Child, Strategy, Supervisor, Tree},
};

actor_testkit::count_heap!();

struct Worker {
    number: u64,
}

#[distributed_actor]
impl Worker {
    #[distributed(spawn)]
    fn create(number: u64) -> Self {
        Self { number }
    }

    #[distributed]
    fn number(&self) -> u64 {
        self.number
    }
}

const CHILDREN: u32 = 100_000;
const IDLE: u32 = 10_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let node = Node::builder().start().await?;
    for round in 0..3 {
        println!("round {round}");
        together(&node).await?;
        one_by_one(&node).await?;
        named(&node).await?;
    }
    idle(&node).await
}

/// 100,000 children of a dynamic supervisor, asked for at once.
async fn together(node: &Node) -> Result<(), Box<dyn Error>> {
    let tree = Supervisor::dynamic(Worker::spawn_create).start(node).await?;
    let before = Heap::now();
    let began = Mark::now()?;
    let children: Vec<ActorRef<Worker>> =
        tree.start_many(0..u64::from(CHILDREN)).await.into_iter().collect::<Result<_, _>>()?;
    began.print("started together", CHILDREN)?;
    drop(children);
    let bytes = Heap::now().bytes.saturating_sub(before.bytes);
    println!("    {:>8} bytes of heap each", bytes / CHILDREN as usize);
    stop(tree).await
}

/// The same, each one waited for.
async fn one_by_one(node: &Node) -> Result<(), Box<dyn Error>> {
    let tree = Supervisor::dynamic(Worker::spawn_create).start(node).await?;
    let began = Mark::now()?;
    for number in 0..u64::from(CHILDREN) {
        let _: ActorRef<Worker> = tree.start_new(number).await?;
    }
    began.print("started one by one", CHILDREN)?;
    stop(tree).await
}

/// Children with names and specifications of their own.
async fn named(node: &Node) -> Result<(), Box<dyn Error>> {
    let tree = Supervisor::builder(Strategy::OneForOne).start(node).await?;
    let before = Heap::now();
    let began = Mark::now()?;
    for number in 0..u64::from(CHILDREN) {
        tree.add(Child::new(number.to_string(), Worker::spawn_create(number))).await?;
    }
    began.print("added with names", CHILDREN)?;
    let bytes = Heap::now().bytes.saturating_sub(before.bytes);
    println!("    {:>8} bytes of heap each", bytes / CHILDREN as usize);
    stop(tree).await
}

async fn stop(tree: Tree<Node>) -> Result<(), Box<dyn Error>> {
    let began = Mark::now()?;
    tree.stop().await;
    began.print("stopped", CHILDREN)
}

/// 10,000 actors under ten supervisors of one tree, with nothing to do.
async fn idle(node: &Node) -> Result<(), Box<dyn Error>> {
    let mut builder = Supervisor::builder(Strategy::OneForOne);
    for branch in 0..10 {
        let pool = Supervisor::dynamic(Worker::spawn_create);
        builder = builder.child(Child::new(branch.to_string(), pool));
    }
    let tree = builder.start(node).await?;
    for branch in 0..10 {
        let pool = tree.supervisor(&branch.to_string())?;
        for child in pool.start_many::<Worker, _>(0..u64::from(IDLE / 10)).await {
            child?.number().await?;
        }
    }
    let began = Mark::now()?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let used = processor_time()? - began.processor;
    println!("{IDLE} idle: {:.3} % of a core", 100.0 * used.as_secs_f64() / began.wall.elapsed().as_secs_f64());
    tree.stop().await;
    Ok(())
}

struct Mark {
    wall: Instant,
    processor: Duration,
}

impl Mark {
    fn now() -> Result<Self, Box<dyn Error>> {
        Ok(Self { wall: Instant::now(), processor: processor_time()? })
    }

    fn print(&self, what: &str, times: u32) -> Result<(), Box<dyn Error>> {
        let (wall, processor) = (self.wall.elapsed() / times, (processor_time()? - self.processor) / times);
        println!("    {:>8.2} us, {:.2} us of processor time each: {what}", micros(wall), micros(processor));
        Ok(())
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Of this process so far; the nanoseconds of all its threads, as Linux counts them.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let mut sum = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().unwrap_or("0").parse::<u64>()?;
    }
    Ok(Duration::from_nanos(sum))
}
