//! The floor of a remote call: bytes over a socket and back.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

use crate::contender::{Kept, Remote};

#[derive(Clone)]
pub(crate) struct Raw(Arc<Mutex<TcpStream>>);

impl Remote for Raw {
    async fn serve() -> (String, Kept) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut buffer = vec![0; 64 << 10];
            loop {
                let length = stream.read(&mut buffer).await.unwrap_or(0);
                if length == 0 || stream.write_all(&buffer[..length]).await.is_err() {
                    return;
                }
            }
        });
        (address, Box::new(serve))
    }

    async fn connect(address: String) -> [Self; 2] {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let raw = Self(Arc::new(Mutex::new(stream)));
        [raw.clone(), raw]
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        let mut stream = self.0.lock().await;
        stream.write_all(&body).await.unwrap();
        let mut reply = vec![0; body.len()];
        stream.read_exact(&mut reply).await.unwrap();
        reply.into()
    }
}
