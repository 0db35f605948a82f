//! tarpc: bincode over TCP, with room for all calls.

use bytes::Bytes;
use futures::StreamExt;
use tarpc::{
    client, context,
    serde_transport::Transport,
    server::{self, BaseChannel, Channel},
    tokio_serde::formats::Bincode,
};
use tokio::net::{TcpListener, TcpStream};

use crate::contender::{Kept, Remote};

const IN_FLIGHT: usize = 4096;

#[tarpc::service]
trait Echo {
    async fn echo(body: Bytes) -> Bytes;
}

#[derive(Clone)]
struct EchoServer;

impl Echo for EchoServer {
    async fn echo(self, _: context::Context, body: Bytes) -> Bytes {
        body
    }
}

#[derive(Clone)]
pub(crate) struct Far(EchoClient);

impl Remote for Far {
    async fn serve() -> (String, Kept) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let config = server::Config { pending_response_buffer: IN_FLIGHT };
            let channel = BaseChannel::new(config, Transport::from((stream, Bincode::default())));
            let each = |call| async { drop(tokio::spawn(call)) };
            channel.execute(EchoServer.serve()).for_each(each).await;
        });
        (address, Box::new(serve))
    }

    async fn connect(address: String) -> [Self; 2] {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut config = client::Config::default();
        config.max_in_flight_requests = IN_FLIGHT;
        config.pending_request_buffer = IN_FLIGHT;
        let client = Self(EchoClient::new(config, Transport::from((stream, Bincode::default()))).spawn());
        [client.clone(), client]
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        self.0.echo(context::current(), body).await.unwrap()
    }
}
