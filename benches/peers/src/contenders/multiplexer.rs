//! The floor of remote calls that share a connection, which the criterion benchmarks use, too.

use bytes::Bytes;
use tokio::net::TcpListener;

use crate::{
    contender::{Kept, Remote},
    floors,
};

#[derive(Clone)]
pub(crate) struct Multiplexer(floors::Multiplexer);

impl Remote for Multiplexer {
    async fn serve() -> (String, Kept) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        (address, Box::new(tokio::spawn(floors::Multiplexer::serve(listener))))
    }

    async fn connect(address: String) -> [Self; 2] {
        let multiplexer = Self(floors::Multiplexer::connect(address.parse().unwrap()).await);
        [multiplexer.clone(), multiplexer]
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        self.0.call(body).await
    }
}
