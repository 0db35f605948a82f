//! What is measured between two processes: this one calls, and its child serves.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    contender::Remote,
    load::{self, Call},
    process::Server,
    row::{self, Figures, Work},
    slow,
};

const SMALL: usize = 32;
const LARGE: usize = 1 << 20;
const HUGE: usize = 16 << 20;

pub(crate) async fn measure<R: Remote>(work: Work, time: Duration) -> Figures {
    let over = match work {
        Work::Over(scheme) | Work::BesideOver(scheme) | Work::Lossy(scheme) => Some(scheme),
        Work::Handshakes | Work::Slow => Some("tls"),
        _ => None,
    };
    let server = Server::start(over);
    let [first, second] = R::connect(server.address().to_owned()).await;
    let call = Echo::new(first, SMALL);
    match work {
        Work::One => {
            load::for_a_time(1, 1, time / 4, &call).await;
            vec![("remote-1", load::quantile(&load::latencies(time, &call).await, 0.5))]
        }
        Work::Calls(in_flight) => {
            load::for_a_time(in_flight, 1, time / 4, &call).await;
            let before = server.processor_time_of_both();
            let done = load::for_a_time(in_flight, 16, time, &call).await;
            let microseconds = (server.processor_time_of_both() - before).as_secs_f64() * 1e6;
            let rows =
                if in_flight == 64 { ["remote-64", "remote-64-cpu"] } else { ["remote-1024", "remote-1024-cpu"] };
            vec![(rows[0], done.calls / done.seconds / 1e3), (rows[1], microseconds / done.calls)]
        }
        Work::Over(_) => {
            load::for_a_time(64, 1, time / 4, &call).await;
            let done = load::for_a_time(64, 16, time, &call).await;
            figures(work, [done.calls / done.seconds / 1e3])
        }
        Work::BesideOver(_) => {
            load::for_a_time(1, 1, time / 4, &call).await;
            let alone = load::quantile(&load::latencies(time, &call).await, 0.99);
            let body = Bytes::from(vec![7; HUGE]);
            // Each goes to an actor of its own: behind a transfer to their own one, small calls have to wait.
            let transfers = (1..=8).map(|callee| {
                let transfer = Transfer { callee, to: second.clone(), body: body.clone() };
                async move { load::for_a_time(1, 1, 2 * time, &transfer).await.calls }
            });
            let small = async {
                // All of them are under way.
                tokio::time::sleep(time / 4).await;
                load::latencies(time, &call).await
            };
            let (_, latencies) = tokio::join!(futures::future::join_all(transfers), small);
            figures(work, [alone, load::quantile(&latencies, 0.99)])
        }
        Work::Lossy(_) => {
            let large = Echo::new(second, LARGE);
            // What is rare takes longer to be seen.
            let time = 4 * time;
            let (_, latencies) = tokio::join!(load::for_a_time(1, 1, time, &large), load::latencies(time, &call));
            figures(work, [load::quantile(&latencies, 0.99)])
        }
        Work::Handshakes => {
            let again = Again(call.callee);
            load::for_a_time(16, 1, time / 4, &again).await;
            let before = server.processor_time();
            let done = load::for_a_time(16, 1, time, &again).await;
            figures(work, [done.calls / (server.processor_time() - before).as_secs_f64()])
        }
        Work::Slow => {
            let again = Again(call.callee);
            load::for_a_time(1, 1, time / 4, &again).await;
            let alone = load::quantile(&load::latencies(time, &again).await, 0.5);
            let address = server.address().split(' ').next().unwrap().trim_start_matches("tls://").parse().unwrap();
            let slow = slow::connect(address).await;
            let beside = load::quantile(&load::latencies(time, &again).await, 0.5);
            drop(slow);
            figures(work, [alone, beside])
        }
        Work::Echo(length) => {
            let done = load::run(16, 1, time, &Echo::new(call.callee, length)).await;
            let row = if length == LARGE { "remote-1m" } else { "remote-64k" };
            vec![(row, done.calls * length as f64 / done.seconds / 1e9)]
        }
        _ => {
            load::for_a_time(1, 1, time / 4, &call).await;
            let alone = load::quantile(&load::latencies(time, &call).await, 0.99);
            let large = Echo::new(second, LARGE);
            let (_, latencies) = tokio::join!(load::for_a_time(1, 1, time, &large), load::latencies(time, &call));
            vec![("remote-alone", alone), ("remote-beside", load::quantile(&latencies, 0.99))]
        }
    }
}

/// Those of the rows of that work, in their order.
fn figures<const N: usize>(work: Work, figures: [f64; N]) -> Figures {
    row::of(work).map(|row| row.id).zip(figures).collect()
}

/// Connects anew for each call.
#[derive(Clone)]
struct Again<R>(R);

impl<R: Remote> Call for Again<R> {
    async fn once(&self) {
        self.0.connect_again().await;
    }
}

#[derive(Clone)]
struct Transfer<R> {
    callee: usize,
    to: R,
    body: Bytes,
}

impl<R: Remote> Call for Transfer<R> {
    async fn once(&self) {
        self.to.transfer(self.callee, self.body.clone()).await;
    }
}

#[derive(Clone)]
struct Echo<R> {
    callee: R,
    body: Bytes,
}

impl<R> Echo<R> {
    fn new(callee: R, length: usize) -> Self {
        Self { callee, body: Bytes::from(vec![7; length]) }
    }
}

impl<R: Remote> Call for Echo<R> {
    async fn once(&self) {
        let reply = self.callee.echo(self.body.clone()).await;
        assert_eq!(reply.len(), self.body.len());
    }
}
