//! The floor of an actor: a task, a channel, and a oneshot for each call.

use tokio::sync::{mpsc, oneshot};

use crate::{
    contender::{Actor, Service},
    local::Counter,
};

const MAILBOX: usize = 1024;

#[derive(Clone)]
pub(crate) struct Channel(mpsc::Sender<Message>);

struct Message {
    n: u64,
    reply_to: Option<oneshot::Sender<u64>>,
}

impl Service for Channel {
    type Host = ();

    async fn host() {}

    async fn spawn((): &()) -> Self {
        let (sender, mut receiver) = mpsc::channel::<Message>(MAILBOX);
        let mut counter = Counter::new();
        tokio::spawn(async move {
            while let Some(message) = receiver.recv().await {
                let value = counter.add(message.n);
                if let Some(caller) = message.reply_to {
                    let _ = caller.send(value);
                }
            }
        });
        Self(sender)
    }

    async fn call(&self, n: u64) -> u64 {
        let (reply_to, reply) = oneshot::channel();
        self.0.send(Message { n, reply_to: Some(reply_to) }).await.unwrap();
        reply.await.unwrap()
    }
}

impl Actor for Channel {
    async fn send(&self, n: u64) {
        self.0.send(Message { n, reply_to: None }).await.unwrap();
    }

    fn stop(self) {}
}
