//! The actor of scenarios.

use std::time::Duration;

use actor_core::{ActorId, ActorRef, Bytes, Context, distributed_actor};
use actor_transport::Node;

use crate::Ledger;

/// Writes down what it executes.
pub(super) struct Clerk {
    ledger: Ledger,
}

impl Clerk {
    pub(super) fn new(ledger: &Ledger) -> Self {
        Self { ledger: ledger.clone() }
    }
}

/// Order holds from one node to one actor.
pub(super) fn pair(node: &Node, actor: &ActorId) -> String {
    format!("{} to {actor}", node.id())
}

#[distributed_actor(crate = actor_core, system = Node)]
impl Clerk {
    #[distributed]
    pub(super) fn note(&mut self, call: u64, load: Bytes) -> usize {
        self.ledger.executed(call);
        load.len()
    }

    #[distributed]
    pub(super) async fn note_slowly(&mut self, call: u64, milliseconds: u64) -> Result<u64, String> {
        self.ledger.executed(call);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        if call.is_multiple_of(2) { Ok(call) } else { Err("odd".into()) }
    }

    #[distributed(complete)]
    pub(super) async fn note_in_any_case(&mut self, call: u64) -> u64 {
        self.ledger.executed(call);
        tokio::time::sleep(Duration::from_millis(30)).await;
        call
    }

    /// Writes the call down, and makes one of another clerk.
    #[distributed]
    pub(super) async fn relay(&mut self, #[ctx] ctx: &Context<Self>, call: u64, next: ActorRef<Clerk>) -> bool {
        self.ledger.executed(call);
        let time = Duration::from_secs(1);
        let pair = pair(ctx.system(), next.id());
        // What is left of the caller's time may be less: then it ends sooner.
        let noted = async |call| next.note(call, Bytes::new()).timeout(time).await;
        self.ledger.call(&pair, time, noted).await.is_ok()
    }
}
