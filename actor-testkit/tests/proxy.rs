//! The proxy, between plain sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use actor_testkit::{Direction, TcpProxy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const LONG: Duration = Duration::from_secs(20);

/// A proxy, and the two ends of a connection through it.
async fn through() -> (TcpProxy, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("tcp://{}", listener.local_addr().unwrap()).parse().unwrap();
    let proxy = TcpProxy::start(&target).await.unwrap();
    let client = TcpStream::connect(proxy.address().rest()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (proxy, client, server)
}

async fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(LONG, stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    bytes
}

/// Nothing has come, though it was sent a while ago.
async fn assert_silent(stream: &mut TcpStream) {
    assert!(timeout(Duration::from_millis(50), stream.read_u8()).await.is_err());
}

#[tokio::test]
async fn bytes_go_both_ways_and_the_end_is_handed_on() {
    let (proxy, mut client, mut server) = through().await;
    client.write_all(b"question").await.unwrap();
    assert_eq!(read(&mut server, 8).await, b"question");
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
    server.write_all(b"answer").await.unwrap();
    assert_eq!(read(&mut client, 6).await, b"answer");
    assert_eq!((proxy.passed(Direction::ToServer), proxy.passed(Direction::ToClient)), (8, 6));
    assert_eq!(proxy.connections(), 1);
    drop(server);
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    while proxy.connections() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_is_cut_at_the_byte() {
    for cut in [0, 1, 7, 20_000] {
        let (proxy, mut client, mut server) = through().await;
        proxy.cut_after(Direction::ToClient, cut);
        server.write_all(&vec![3; 30_000]).await.unwrap();
        let mut arrived = Vec::new();
        timeout(LONG, client.read_to_end(&mut arrived)).await.unwrap().unwrap();
        assert_eq!(arrived.len() as u64, cut);
        // Both sides notice.
        assert_eq!(timeout(LONG, server.read(&mut [0; 8])).await.unwrap().unwrap_or(0), 0);
    }
    let (proxy, mut client, mut server) = through().await;
    proxy.cut();
    assert_eq!(timeout(LONG, client.read(&mut [0; 8])).await.unwrap().unwrap_or(0), 0);
    assert_eq!(timeout(LONG, server.read(&mut [0; 8])).await.unwrap().unwrap_or(0), 0);
}

#[tokio::test]
async fn one_direction_is_stalled_and_goes_on() {
    let (proxy, mut client, mut server) = through().await;
    proxy.stall(Direction::ToServer);
    client.write_all(b"held").await.unwrap();
    assert_silent(&mut server).await;
    server.write_all(b"passes").await.unwrap();
    assert_eq!(read(&mut client, 6).await, b"passes");
    proxy.heal();
    assert_eq!(read(&mut server, 4).await, b"held");
}

#[tokio::test]
async fn what_goes_in_one_direction_is_lost() {
    let (proxy, mut client, mut server) = through().await;
    proxy.lose(Direction::ToServer);
    client.write_all(b"lost").await.unwrap();
    assert_silent(&mut server).await;
    server.write_all(b"passes").await.unwrap();
    assert_eq!(read(&mut client, 6).await, b"passes");
    proxy.heal();
    client.write_all(b"found").await.unwrap();
    assert_eq!(read(&mut server, 5).await, b"found");
}

#[tokio::test]
async fn delay_and_throttle_take_their_time() {
    let (proxy, mut client, mut server) = through().await;
    let started = Instant::now();
    proxy.delay(Direction::ToServer, Duration::from_millis(80));
    for _ in 0..3 {
        client.write_all(b"late").await.unwrap();
    }
    assert_eq!(read(&mut server, 12).await, b"latelatelate");
    assert!(started.elapsed() >= Duration::from_millis(80));
    proxy.heal();
    let started = Instant::now();
    proxy.throttle(Direction::ToClient, 100_000);
    server.write_all(&vec![1; 20_000]).await.unwrap();
    assert!(read(&mut client, 20_000).await == vec![1; 20_000]);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(190), "{took:?}");
}
