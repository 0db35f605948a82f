//! Two processes that find each other, and start an actor on the other one.
//!
//!     cargo run --features cluster --example ping tcp://127.0.0.1:5301 node0 node1
//!
//! in one shell, and in another one
//!
//!     cargo run --features cluster --example ping tcp://127.0.0.1:5302 node1 node0 tcp://127.0.0.1:5301
//!
//! in either order. Both print
//!
//!     All work done
//!
//! and wait for Ctrl+C or `kill`. Without arguments the program starts itself twice, in that way.

use std::{error::Error, net::TcpListener, process::Stdio, time::Duration};

use distributed_actor::{Node, distributed_actor};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

struct PingWorker {
    name: String,
}

#[distributed_actor]
impl PingWorker {
    #[distributed(spawn)]
    fn create(name: String) -> Self {
        PingWorker { name }
    }

    #[distributed]
    fn ping(&self, message: String) -> String {
        format!("ack from {}, msg got: {message}", self.name)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => both().await,
        [listen, name, peer] => run(listen, name, peer, None).await,
        [listen, name, peer, contact] => run(listen, name, peer, Some(contact)).await,
        _ => Err("usage: ping <listen> <node_name> <peer_name> [contact]".into()),
    }
}

async fn run(listen: &str, name: &str, peer: &str, contact: Option<&String>) -> Result<(), Box<dyn Error>> {
    let node = Node::builder().name(name).listen(listen).join(contact).start().await?;
    let view = node.cluster().wait_until(|view| view.named(peer).is_some(), Duration::from_secs(5)).await?;
    let peer = view.named(peer).ok_or("the peer is there")?;

    let worker = node.spawn_on(peer.id(), PingWorker::spawn_create("Alice".into())).await?;
    assert_eq!(worker.ping("hello".into()).await?, "ack from Alice, msg got: hello");
    let exit = distributed_actor::signal::wait_for_exit();
    println!("All work done");

    exit.await;
    node.shutdown().await;
    Ok(())
}

/// Plays the part of both shells, in either order.
async fn both() -> Result<(), Box<dyn Error>> {
    for contact_is_late in [false, true] {
        let [first, second] = [free_address()?, free_address()?];
        let (node0, node1) = (&[first.as_str(), "node0", "node1"], &[second.as_str(), "node1", "node0", &first]);
        let (earlier, later): (&[&str], &[&str]) = if contact_is_late { (node1, node0) } else { (node0, node1) };
        let earlier = start(earlier)?;
        tokio::time::sleep(Duration::from_millis(700)).await;
        until_done([earlier, start(later)?]).await?;
    }
    Ok(())
}

async fn until_done(mut processes: [Child; 2]) -> Result<(), Box<dyn Error>> {
    for process in &mut processes {
        let output = process.stdout.take().ok_or("it has an output")?;
        let mut lines = BufReader::new(output).lines();
        let line = timeout(Duration::from_secs(20), lines.next_line()).await??.ok_or("it says something")?;
        println!("{line}");
    }
    for process in &mut processes {
        let id = process.id().ok_or("it runs")?.to_string();
        Command::new("sh").args(["-c", &format!("kill {id}")]).status().await?;
        let status = timeout(Duration::from_secs(20), process.wait()).await??;
        println!("ended: {status}");
    }
    Ok(())
}

fn start(arguments: &[&str]) -> Result<Child, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    Ok(Command::new(program).args(arguments).stdout(Stdio::piped()).kill_on_drop(true).spawn()?)
}

fn free_address() -> Result<String, Box<dyn Error>> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    Ok(format!("tcp://127.0.0.1:{port}"))
}
