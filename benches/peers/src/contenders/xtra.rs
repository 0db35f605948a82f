//! xtra: an actor is a task, its address a channel.

use xtra::{Address, Context, Handler, Mailbox};

use crate::{
    contender::{Actor, Service},
    local,
};

const MAILBOX: usize = 1024;

#[derive(xtra::Actor)]
struct Counter(local::Counter);

struct Add(u64);

impl Handler<Add> for Counter {
    type Return = u64;

    async fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        self.0.add(n)
    }
}

#[derive(Clone)]
pub(crate) struct Near(Address<Counter>);

impl Service for Near {
    type Host = ();

    async fn host() {}

    async fn spawn((): &()) -> Self {
        Self(xtra::spawn_tokio(Counter(local::Counter::new()), Mailbox::bounded(MAILBOX)))
    }

    async fn call(&self, n: u64) -> u64 {
        self.0.send(Add(n)).await.unwrap()
    }
}

impl Actor for Near {
    async fn send(&self, n: u64) {
        drop(self.0.send(Add(n)).detach().await.unwrap());
    }

    fn stop(self) {}
}
