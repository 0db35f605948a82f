//! Who connects and does not get on with it.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    task::JoinSet,
};

const CONNECTIONS: u16 = 1000;
const ADDRESSES: u16 = 20;

/// Connects a thousand times, from twenty addresses of this machine, and again whenever one of them is closed, until what
/// is returned is dropped. Each says how a handshake of TLS begins, and no more.
pub(crate) async fn connect(server: SocketAddr) -> JoinSet<()> {
    let mut slow = JoinSet::new();
    for number in 0..CONNECTIONS {
        let from = SocketAddr::from(([127, 0, 1, 1 + (number % ADDRESSES) as u8], 0));
        let connect = move || async move {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(from).unwrap();
            let mut stream = socket.connect(server).await?;
            stream.write_all(&[0x16, 3, 1, 2]).await?;
            std::io::Result::Ok(stream)
        };
        let mut first = connect().await;
        slow.spawn(async move {
            loop {
                if let Ok(stream) = &mut first {
                    let _ = stream.read(&mut [0]).await;
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                first = connect().await;
            }
        });
    }
    slow
}
