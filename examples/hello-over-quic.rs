//! The same program as `hello`, over QUIC.
//!
//!     cargo run --example hello-over-quic --features quic,development-ca
//!
//! You will see
//!
//!     Hello, world!
//!
//! What differs is `quic://` in the address, the certificates, and the transport that is given them. The first process
//! makes an authority for development; the second one finds its certificate in files.

use std::{env, error::Error, fs, path::Path, process::Stdio, time::Duration};

use distributed_actor::{
    ActorRef, Node, QuicTransport, distributed_actor,
    security::{DevelopmentCa, Identity, Tls, Trust},
};
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
    match env::args().nth(1) {
        Some(certificates) => serve(Path::new(&certificates)).await,
        None => {
            let certificates = env::temp_dir().join(format!("hello-over-quic-{}", std::process::id()));
            fs::create_dir_all(&certificates)?;
            let greeted = greet(&certificates).await;
            fs::remove_dir_all(&certificates)?;
            greeted
        }
    }
}

/// The first process.
async fn greet(certificates: &Path) -> Result<(), Box<dyn Error>> {
    let ca = DevelopmentCa::new()?;
    ca.write_to(certificates)?;
    ca.issue("server")?.write_to(certificates)?;
    let (server, address) = start_server(certificates).await?;

    let node = Node::builder().transport(QuicTransport::new(ca.tls("client")?)).start().await?;
    let greeter: ActorRef<Greeter> = node.lookup(address, "greeter").await?;
    println!("{}", greeter.hello("world".into()).await?);

    stop_server(server).await
}

/// The second process: serves until its input ends, which it does in any case when the first process ends.
async fn serve(certificates: &Path) -> Result<(), Box<dyn Error>> {
    let identity = Identity::from_pem_files(certificates.join("server.pem"), certificates.join("server.key"))?;
    let tls = Tls::mutual(identity, Trust::from_pem_file(certificates.join("ca.pem"))?)?;
    let node = Node::builder().transport(QuicTransport::new(tls)).listen("quic://127.0.0.1:0").start().await?;
    let greeter = node.spawn(Greeter { greeting: "Hello".into(), served: 0 });
    node.register("greeter", &greeter)?;
    println!("{}", node.address());

    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    node.shutdown().await;
    Ok(())
}

/// Starts the second process, and reads the address that it prints.
async fn start_server(certificates: &Path) -> Result<(Child, String), Box<dyn Error>> {
    let mut server = Command::new(env::current_exe()?)
        .arg(certificates)
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
