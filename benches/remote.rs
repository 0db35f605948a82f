//! Calls between two processes over TCP, one connection, beside a hand-written multiplexer.
#![allow(missing_docs, clippy::unwrap_used)]

mod floors;

use std::{
    hint::black_box,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group};
use distributed_actor::{ActorRef, Node, distributed_actor};
use floors::Multiplexer;
use tokio::{net::TcpListener, runtime::Runtime};

struct Echo;

#[distributed_actor]
impl Echo {
    #[distributed]
    fn echo(&mut self, body: Bytes) -> Bytes {
        body
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The other process: serves both until its input ends.
const SERVER: &str = "BENCH_SERVER";

fn serve() {
    let runtime = runtime();
    let _node = runtime.block_on(async {
        let node = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
        node.register("echo", &node.spawn(Echo)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{} {}", node.address(), listener.local_addr().unwrap());
        std::io::stdout().flush().unwrap();
        tokio::spawn(Multiplexer::serve(listener));
        node
    });
    let _ = std::io::stdin().read(&mut [0]);
}

struct Server(Child);

impl Server {
    fn start() -> (Self, String, std::net::SocketAddr) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (node, floor) = line.trim().split_once(' ').unwrap();
        (Self(child), node.to_owned(), floor.parse().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn echo(criterion: &mut Criterion) {
    let (_server, address, floor) = Server::start();
    let runtime = runtime();
    let node = runtime.block_on(Node::builder().start()).unwrap();
    let actor: ActorRef<Echo> = runtime.block_on(node.lookup(&address, "echo")).unwrap();
    let multiplexer = runtime.block_on(Multiplexer::connect(floor));
    for (in_flight, length) in [(1, 32), (64, 32), (1024, 32), (16, 64 * 1024), (16, 1024 * 1024)] {
        let mut group = criterion.benchmark_group(format!("remote echo of {length} bytes, {in_flight} in flight"));
        group.throughput(if length > 32 { Throughput::Bytes(length as u64) } else { Throughput::Elements(1) });
        let body = Bytes::from(vec![7; length]);
        group.bench_function("distributed-actor", |bencher| {
            bencher.to_async(&runtime).iter_custom(|count| spread(count, in_flight, actor.clone(), body.clone()));
        });
        group.bench_function("floor: multiplexer", |bencher| {
            bencher.to_async(&runtime).iter_custom(|count| spread(count, in_flight, multiplexer.clone(), body.clone()));
        });
        group.finish();
    }
}

/// What is measured: each caller has one of its own.
trait Caller: Clone + Send + 'static {
    fn call(&self, body: Bytes) -> impl Future<Output = Bytes> + Send;
}

impl Caller for ActorRef<Echo> {
    async fn call(&self, body: Bytes) -> Bytes {
        self.echo(body).await.unwrap()
    }
}

impl Caller for Multiplexer {
    fn call(&self, body: Bytes) -> impl Future<Output = Bytes> + Send {
        Multiplexer::call(self, body)
    }
}

/// The time that `count` calls take, `in_flight` at a time, each from a task of its own.
async fn spread(count: u64, in_flight: u64, caller: impl Caller, body: Bytes) -> Duration {
    let began = Instant::now();
    let callers = (0..in_flight).map(|_| {
        let (caller, body) = (caller.clone(), body.clone());
        tokio::spawn(async move {
            for _ in 0..count.div_ceil(in_flight) {
                drop(black_box(caller.call(body.clone()).await));
            }
        })
    });
    futures::future::join_all(callers).await;
    began.elapsed()
}

criterion_group!(benches, echo);

fn main() {
    if std::env::var_os(SERVER).is_some() {
        return serve();
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
