use futures::StreamExt;
use tarpc::{
    client, context,
    serde_transport::tcp,
    server::{BaseChannel, Channel},
    tokio_serde::formats::Bincode,
};

#[tarpc::service]
trait Greeter {
    async fn hello(name: String) -> String;
}

#[derive(Clone)]
struct Server;

impl Greeter for Server {
    async fn hello(self, _: context::Context, name: String) -> String {
        format!("Hello, {name}!")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut listener = tcp::listen("127.0.0.1:0", Bincode::default).await?;
    let address = listener.local_addr();
    tokio::spawn(async move {
        while let Some(Ok(transport)) = listener.next().await {
            let channel = BaseChannel::with_defaults(transport);
            channel.execute(Server.serve()).for_each(|call| async { drop(tokio::spawn(call)) }).await;
        }
    });
    let transport = tcp::connect(address, Bincode::default).await?;
    let client = GreeterClient::new(client::Config::default(), transport).spawn();
    println!("{}", client.hello(context::current(), "world".into()).await?);
    Ok(())
}
