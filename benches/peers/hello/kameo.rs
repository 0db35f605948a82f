use kameo::{
    Actor, RemoteActor,
    actor::{RemoteActorRef, Spawn},
    message::{Context, Message},
    remote, remote_message,
};
use serde::{Deserialize, Serialize};

#[derive(Actor, RemoteActor)]
struct Greeter;

#[derive(Serialize, Deserialize)]
struct Hello(String);

#[remote_message]
impl Message<Hello> for Greeter {
    type Reply = String;

    async fn handle(&mut self, Hello(name): Hello, _: &mut Context<Self, String>) -> String {
        format!("Hello, {name}!")
    }
}

/// A process has one swarm: this one is the server with an argument, and the client without.
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    remote::bootstrap()?;
    if std::env::args().len() > 1 {
        Greeter::spawn(Greeter).register("greeter").await?;
        std::future::pending::<()>().await;
    }
    let greeter = loop {
        if let Some(greeter) = RemoteActorRef::<Greeter>::lookup("greeter").await? {
            break greeter;
        }
    };
    println!("{}", greeter.ask(&Hello("world".into())).await?);
    Ok(())
}
