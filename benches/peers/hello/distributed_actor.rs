use distributed_actor::{ActorRef, Node, distributed_actor};

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn hello(&mut self, name: String) -> String {
        format!("Hello, {name}!")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Node::builder().listen("tcp://127.0.0.1:0").start().await?;
    server.register("greeter", &server.spawn(Greeter))?;
    let client = Node::builder().start().await?;
    let greeter: ActorRef<Greeter> = client.lookup(server.address(), "greeter").await?;
    println!("{}", greeter.hello("world".into()).await?);
    Ok(())
}
