//! What is left when nothing happens any more. A process of its own: it counts the file descriptors of all.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{sync::Arc, time::Duration};

use distributed_actor::Node;
use futures::future::join_all;
use support::{Worker, until, worker};
use tokio::{io::AsyncReadExt, net::TcpStream, runtime::Handle, time::timeout};

fn sockets() -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// R68 in part: rounds of nodes, connections, half-open connections, calls and failures leave nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_and_tasks_are_back_at_their_baseline_after_the_end() {
    let (before, tasks_before) = (sockets(), tasks());
    for round in 0..5 {
        let server = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
        let mut clients = Vec::new();
        for _ in 0..8 {
            clients.push(Node::builder().start().await.unwrap());
        }
        let life = Arc::new(());
        let actor = server.spawn(Worker { life: life.clone(), ..Worker::default() });
        server.register("worker", &actor).unwrap();
        drop(actor);
        join_all(clients.iter().map(|client| async {
            let remote = client.lookup::<Worker>(server.address(), "worker").await.unwrap();
            for number in 0..20 {
                remote.note(number, vec![0; 50_000].into()).await.unwrap();
                let _ = remote.seen().timeout(Duration::from_nanos(1)).await;
            }
        }))
        .await;
        let (_kept, remote) = worker(&server, &clients[0]).await;
        let _ = remote.hang().timeout(Duration::from_millis(5)).await;
        // One that says nothing: the node's end does not wait for it.
        let mut silent = TcpStream::connect(server.address().rest()).await.unwrap();
        if round % 2 == 0 {
            server.shutdown().await;
            join_all(clients.iter().map(Node::shutdown)).await;
        }
        drop((server, clients, remote));
        assert_eq!(timeout(Duration::from_secs(2), silent.read(&mut [0; 8])).await.unwrap().unwrap_or(0), 0);
        drop(silent);
        until(|| tasks() == tasks_before).await;
        until(|| sockets() == before).await;
        until(|| Arc::strong_count(&life) == 1).await;
    }
}
