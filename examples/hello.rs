//! An actor in one process, called from another.
//!
//!     cargo run --example hello
//!
//! You will see
//!
//!     Hello, world!
//!
//! The program starts itself a second time. The second process is the server: it listens on a free port of this
//! machine, registers a greeter and prints its address, which the first process reads. The call goes over TCP.

use std::{error::Error, process::Stdio, time::Duration};

use distributed_actor::{ActorRef, Node, distributed_actor};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

struct Greeter {
    greeting: String,
    served: u64,
}

#[distributed_actor]
impl Greeter {
    /// Runs on whichever node the greeter lives on.
    #[distributed]
    fn hello(&mut self, name: String) -> String {
        self.served += 1;
        format!("{}, {name}!", self.greeting)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("server") => serve().await,
        _ => greet().await,
    }
}

/// The first process.
async fn greet() -> Result<(), Box<dyn Error>> {
    let (server, address) = start_server().await?;

    let node = Node::builder().start().await?;
    let greeter: ActorRef<Greeter> = node.lookup(address, "greeter").await?;
    println!("{}", greeter.hello("world".into()).await?);

    stop_server(server).await
}

/// The second process: serves until its input ends, which it does in any case when the first process ends.
async fn serve() -> Result<(), Box<dyn Error>> {
    let node = Node::builder().listen("tcp://127.0.0.1:0").start().await?;
    let greeter = node.spawn(Greeter { greeting: "Hello".into(), served: 0 });
    node.register("greeter", &greeter)?;
    println!("{}", node.address());

    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    node.shutdown().await;
    Ok(())
}

/// Starts the second process, and reads the address that it prints.
async fn start_server() -> Result<(Child, String), Box<dyn Error>> {
    let mut server = Command::new(std::env::current_exe()?)
        .arg("server")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = server.stdout.take().ok_or("the server's output is not piped")?;
    let mut lines = BufReader::new(output).lines();
    let address = timeout(Duration::from_secs(10), lines.next_line()).await??;
    Ok((server, address.ok_or("the server ended before it was ready")?))
}

/// Ends the second process, and sees that it ended well.
async fn stop_server(mut server: Child) -> Result<(), Box<dyn Error>> {
    drop(server.stdin.take());
    let status = timeout(Duration::from_secs(15), server.wait()).await??;
    if status.success() { Ok(()) } else { Err(format!("the server failed: {status}").into()) }
}
