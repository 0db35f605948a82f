//! ractor: messages are an enum, a call carries the port for its reply. Its mailboxes have no limit.

use ractor::{ActorProcessingErr, ActorRef, RpcReplyPort};
use ractor_cluster::RactorMessage;

use crate::{
    contender::{Actor, Service},
    local,
};

struct Counter;

#[derive(RactorMessage)]
enum Message {
    Add(u64, Option<RpcReplyPort<u64>>),
}

impl ractor::Actor for Counter {
    type Msg = Message;
    type State = local::Counter;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<local::Counter, ActorProcessingErr> {
        Ok(local::Counter::new())
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        Message::Add(n, reply_to): Message,
        counter: &mut local::Counter,
    ) -> Result<(), ActorProcessingErr> {
        let value = counter.add(n);
        if let Some(caller) = reply_to {
            let _ = caller.send(value);
        }
        Ok(())
    }
}

#[derive(Clone)]
pub(crate) struct Near(ActorRef<Message>);

impl Service for Near {
    type Host = ();

    async fn host() {}

    async fn spawn((): &()) -> Self {
        let (actor, _task) = ractor::Actor::spawn(None, Counter, ()).await.unwrap();
        Self(actor)
    }

    async fn call(&self, n: u64) -> u64 {
        self.0.call(|port| Message::Add(n, Some(port)), None).await.unwrap().unwrap()
    }
}

impl Actor for Near {
    async fn send(&self, n: u64) {
        self.0.cast(Message::Add(n, None)).unwrap();
    }

    fn stop(self) {
        self.0.stop(None);
    }
}
