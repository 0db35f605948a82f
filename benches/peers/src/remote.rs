//! What is measured between two processes: this one calls, and its child serves.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    contender::Remote,
    load::{self, Call},
    process::Server,
    row::{Figures, OVER, Work},
};

const SMALL: usize = 32;
const LARGE: usize = 1 << 20;

pub(crate) async fn measure<R: Remote>(work: Work, time: Duration) -> Figures {
    let over = if let Work::Over(scheme) = work { Some(scheme) } else { None };
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
        Work::Over(scheme) => {
            load::for_a_time(64, 1, time / 4, &call).await;
            let done = load::for_a_time(64, 16, time, &call).await;
            let row = OVER.iter().find(|row| row.work == Work::Over(scheme)).expect("a row of the table");
            vec![(row.id, done.calls / done.seconds / 1e3)]
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
