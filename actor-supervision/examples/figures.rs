//! What supervision costs: `cargo run --release -p actor-supervision --example figures`.
//!
//! Times are of the whole process, in processor time, so that a busy machine counts less.

use std::{
    error::Error,
    hint::black_box,
    panic,
    sync::Mutex,
    time::{Duration, Instant},
};

use actor_testkit::Heap;
use distributed_actor::{
    ActorRef, Node, distributed_actor,
    supervision::{Child, Restart, Strategy, Supervisor, Tree},
};

actor_testkit::count_heap!();

struct Worker {
    number: u64,
}

/// When a method panicked last.
static PANICKED: Mutex<Option<Instant>> = Mutex::new(None);

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

    #[distributed]
    fn crash(&mut self) {
        *lock(&PANICKED) = Some(Instant::now());
        panic!("as asked");
    }

    /// The nanoseconds since a method of the last life panicked.
    #[distributed]
    fn is_ready(&mut self) -> u64 {
        let since = lock(&PANICKED).take().map(|panicked| panicked.elapsed());
        since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

const CHILDREN: u32 = 100_000;
const IDLE: u32 = 10_000;
const CALLS: u32 = 200_000;
const ROUNDS: usize = 41;
const RESTARTS: usize = 10_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // To print the panics would take most of the time.
    panic::set_hook(Box::new(|_| {}));
    let node = Node::builder().start().await?;
    calls(&node).await?;
    restarts(&node).await?;
    full_rate(&node).await?;
    for round in 0..3 {
        println!("round {round}");
        together(&node).await?;
        one_by_one(&node).await?;
        named(&node).await?;
    }
    idle(&node).await
}

/// Calls of a supervised actor and of another one, in turns.
async fn calls(node: &Node) -> Result<(), Box<dyn Error>> {
    let tree =
        Supervisor::builder(Strategy::OneForOne).child(Child::new("a", Worker::spawn_create(1))).start(node).await?;
    let (supervised, other): (ActorRef<Worker>, _) = (tree.child("a")?, node.spawn(Worker { number: 1 }));
    let time = async |worker: ActorRef<Worker>| {
        let timed = tokio::spawn(async move {
            let began = Instant::now();
            for _ in 0..CALLS {
                black_box(worker.number().await.ok());
            }
            began.elapsed()
        });
        timed.await
    };
    let (mut nanos, mut ratios) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (one, two) = if round % 2 == 0 {
            let one = time(supervised.clone()).await?;
            (one, time(other.clone()).await?)
        } else {
            let two = time(other.clone()).await?;
            (time(supervised.clone()).await?, two)
        };
        nanos.push(one.as_secs_f64() * 1e9 / f64::from(CALLS));
        ratios.push(one.as_secs_f64() / two.as_secs_f64());
    }
    println!("call of a supervised actor: {:.1} ns, {:.3} of that of another one", median(nanos), median(ratios));
    tree.stop().await;
    Ok(())
}

/// From a panic to the first call of the next life, which has waited for it.
async fn restarts(node: &Node) -> Result<(), Box<dyn Error>> {
    let tree = Supervisor::builder(Strategy::OneForOne)
        .intensity(u32::MAX, Duration::from_millis(1))
        .child(Child::new("a", Worker::spawn_create(1)))
        .start(node)
        .await?;
    let worker: ActorRef<Worker> = tree.child("a")?;
    let mut micros = Vec::new();
    for _ in 0..RESTARTS {
        let (_, ready) = tokio::join!(worker.crash(), worker.is_ready());
        micros.push(ready? as f64 / 1e3);
    }
    micros.sort_by(f64::total_cmp);
    let (p50, p99) = (micros[RESTARTS / 2], micros[RESTARTS * 99 / 100]);
    println!("restart, from the panic to the first call: {p50:.1} us, 99 of 100 within {p99:.1} us");
    tree.stop().await;
    Ok(())
}

/// One branch crashes as fast as it can, until it is given up, again and again; another one is under load.
async fn full_rate(node: &Node) -> Result<(), Box<dyn Error>> {
    let branch = |name: &str, restarts| {
        let builder = Supervisor::builder(Strategy::OneForOne).intensity(restarts, Duration::from_secs(1));
        Child::new(name, builder.child(Child::new("worker", Worker::spawn_create(1)).restart(Restart::Permanent)))
    };
    let tree = Supervisor::builder(Strategy::OneForOne)
        .intensity(u32::MAX, Duration::from_millis(1))
        .child(branch("shaky", 100))
        .child(branch("steady", 0))
        .start(node)
        .await?;
    let steady: ActorRef<Worker> = tree.supervisor("steady")?.child("worker")?;
    let load = tokio::spawn(async move {
        let (mut served, mut failed, began) = (0_u64, 0_u64, Instant::now());
        while began.elapsed() < Duration::from_secs(5) {
            match steady.number().await {
                Ok(_) => served += 1,
                Err(_) => failed += 1,
            }
        }
        (served, failed)
    });
    let mut crashes = 0_u64;
    while !load.is_finished() {
        match tree.supervisor("shaky").and_then(|shaky| shaky.child::<Worker>("worker")) {
            Ok(worker) => crashes += u64::from(worker.crash().await.is_err()),
            Err(_) => tokio::task::yield_now().await,
        }
    }
    let (served, failed) = load.await?;
    let given_up = tree.children().await.first().map_or(0, |shaky| shaky.restarts);
    println!("{crashes} crashes in 5 s, given up {given_up} times; beside it {served} calls, of which {failed} failed");
    tree.stop().await;
    Ok(())
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or_default()
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
