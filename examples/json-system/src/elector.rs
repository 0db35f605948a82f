//! An actor that is written once, for every actor system.

use distributed_actor::{ActorRef, ActorSystem, Context, distributed_actor};

/// One of several that choose a leader among them: the one of the highest rank that answers.
pub struct Elector<S: ActorSystem> {
    rank: u32,
    peers: Vec<ActorRef<Elector<S>>>,
    leader: Option<ActorRef<Elector<S>>>,
}

impl<S: ActorSystem> Elector<S> {
    /// An elector that has met nobody.
    #[must_use]
    pub fn new(rank: u32) -> Self {
        Self { rank, peers: Vec::new(), leader: None }
    }
}

#[distributed_actor(system = S)]
impl<S: ActorSystem> Elector<S> {
    /// Its rank, which never changes.
    #[distributed]
    pub fn rank(&self) -> u32 {
        self.rank
    }

    /// Tells it of the others.
    #[distributed]
    pub fn meet(&mut self, peers: Vec<ActorRef<Elector<S>>>) {
        self.peers = peers;
    }

    /// Asks all others for their ranks, tells them who has the highest, and returns that one.
    #[distributed]
    pub async fn elect(&mut self, #[ctx] ctx: &Context<Self>) -> ActorRef<Elector<S>> {
        let mut best = (self.rank, ctx.actor_ref());
        for peer in &self.peers {
            // One that does not answer is not chosen.
            if let Ok(rank) = peer.rank().await
                && rank > best.0
            {
                best = (rank, peer.clone());
            }
        }
        for peer in &self.peers {
            let _ = peer.follow(best.1.clone()).await;
        }
        self.leader = Some(best.1.clone());
        best.1
    }

    /// Takes note of who was chosen.
    #[distributed]
    pub fn follow(&mut self, leader: ActorRef<Elector<S>>) {
        self.leader = Some(leader);
    }

    /// Who was chosen, if anybody was.
    #[distributed]
    pub fn leader(&self) -> Option<ActorRef<Elector<S>>> {
        self.leader.clone()
    }
}
