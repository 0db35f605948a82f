use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

#[derive(Clone, PartialEq, prost::Message)]
pub struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

mod generated {
    tonic::include_proto!("hello.Greeter");
}

use generated::{
    greeter_client::GreeterClient,
    greeter_server::{Greeter, GreeterServer},
};

struct Service;

#[tonic::async_trait]
impl Greeter for Service {
    async fn hello(&self, name: Request<Text>) -> Result<Response<Text>, Status> {
        Ok(Response::new(Text { text: format!("Hello, {}!", name.into_inner().text) }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let server = Server::builder().add_service(GreeterServer::new(Service));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let mut client = GreeterClient::connect(address).await?;
    println!("{}", client.hello(Text { text: "world".into() }).await?.into_inner().text);
    Ok(())
}
