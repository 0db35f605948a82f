//! One actor, written once, on two systems: JSON over channels, and the framework's own node.

use distributed_actor::{ActorRef, ActorSystem, MemoryTransport, Node, spawn};
use json_system::{Elector, ElectorCodec, JsonSystem, Wire};

/// Electors of these ranks, one on each system, agree on the highest.
async fn they_agree<S: ActorSystem>(systems: &[S])
where
    S::Requirement: ElectorCodec<S>,
{
    let ranks = [3, 9, 5];
    let electors: Vec<_> = systems.iter().zip(ranks).map(|(system, rank)| spawn(system, Elector::new(rank))).collect();
    for (system, elector) in systems.iter().zip(&electors) {
        let others = electors.iter().filter(|other| *other != elector);
        let peers = others.map(|other| ActorRef::<Elector<S>>::resolve(system, other.id().clone()).unwrap());
        elector.meet(peers.collect()).await.unwrap();
    }
    for elector in &electors {
        assert_eq!(elector.elect().await.unwrap(), electors[1]);
    }
    for elector in &electors {
        assert_eq!(elector.leader().await.unwrap().as_ref(), Some(&electors[1]));
    }
}

/// R29
#[tokio::test]
async fn an_actor_that_is_generic_over_its_system_runs_on_json() {
    let wire = Wire::new();
    let systems = ["a", "b", "c"].map(|node| JsonSystem::start(node, &wire).unwrap());
    they_agree(&systems).await;
}

/// R29
#[tokio::test]
async fn the_same_actor_runs_on_nodes() {
    let memory = MemoryTransport::new();
    let mut nodes: Vec<Node> = Vec::new();
    for name in ["a", "b", "c"] {
        let node = Node::builder().transport(memory.clone()).listen(format!("mem://{name}")).start().await.unwrap();
        for other in &nodes {
            node.connect(other.address()).await.unwrap();
        }
        nodes.push(node);
    }
    they_agree(&nodes).await;
}
