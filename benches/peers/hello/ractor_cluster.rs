use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, pg};
use ractor_cluster::{NodeServer, RactorClusterMessage, client_connect};

struct Greeter;

#[derive(RactorClusterMessage)]
enum Message {
    #[rpc]
    Hello(String, RpcReplyPort<String>),
}

impl Actor for Greeter {
    type Msg = Message;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        Message::Hello(name, reply_to): Message,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(reply_to.send(format!("Hello, {name}!"))?)
    }
}

/// A process has one registry of groups: this one is the server with an argument, and the client without.
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let is_server = std::env::args().len() > 1;
    let (name, port) = if is_server { ("server", 4697) } else { ("client", 0) };
    let node = NodeServer::new(port, "cookie".into(), name.into(), "localhost".into(), None, None);
    let (node, running) = Actor::spawn(None, node, ()).await?;
    if is_server {
        let (greeter, _task) = Actor::spawn(None, Greeter, ()).await?;
        pg::join("greeters".into(), vec![greeter.get_cell()]);
        return Ok(running.await?);
    }
    client_connect(&node, "localhost:4697").await?;
    let greeter: ActorRef<Message> = loop {
        match pg::get_members(&"greeters".into()).pop() {
            Some(greeter) => break greeter.into(),
            None => tokio::task::yield_now().await,
        }
    };
    println!("{}", greeter.call(|port| Message::Hello("world".into(), port), None).await?.unwrap());
    Ok(())
}
