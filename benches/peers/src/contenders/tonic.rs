//! tonic: gRPC over HTTP/2 in the clear, one message with one field of bytes.

use bytes::Bytes;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};

use crate::contender::{Kept, Remote};

/// A server of hyper allows 200 streams unless told otherwise.
const IN_FLIGHT: u32 = 4096;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Body {
    #[prost(bytes = "bytes", tag = "1")]
    bytes: Bytes,
}

mod generated {
    tonic::include_proto!("peers.Echo");
}

use generated::{
    echo_client::EchoClient,
    echo_server::{Echo, EchoServer},
};

struct Service;

#[tonic::async_trait]
impl Echo for Service {
    async fn echo(&self, body: Request<Body>) -> Result<Response<Body>, Status> {
        Ok(Response::new(body.into_inner()))
    }
}

#[derive(Clone)]
pub(crate) struct Far(EchoClient<Channel>);

impl Remote for Far {
    async fn serve() -> (String, Kept) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::builder().max_concurrent_streams(IN_FLIGHT).add_service(EchoServer::new(Service));
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        (address, Box::new(tokio::spawn(server.serve_with_incoming(incoming))))
    }

    async fn connect(address: String) -> [Self; 2] {
        let channel = Endpoint::from_shared(address).unwrap().tcp_nodelay(true).connect().await.unwrap();
        let client = Self(EchoClient::new(channel));
        [client.clone(), client]
    }

    async fn echo(&self, bytes: Bytes) -> Bytes {
        // A client is a handle that is cloned for each caller.
        self.0.clone().echo(Body { bytes }).await.unwrap().into_inner().bytes
    }
}
