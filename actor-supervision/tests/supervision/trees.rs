use std::time::Duration;

use distributed_actor::{
    Node,
    supervision::{Child, ChildInfo, ChildState, Strategy, Supervisor, SupervisorBuilder},
};
use tokio::time::sleep;

use crate::worker::{Test, Worker};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

fn random_tree(test: &Test, random: &mut Random, depth: u64, names: &mut Vec<String>) -> SupervisorBuilder<Node> {
    let strategy = match random.below(3) {
        0 => Strategy::OneForOne,
        1 => Strategy::OneForAll,
        _ => Strategy::RestForOne,
    };
    let mut builder = Supervisor::builder(strategy).intensity(1000, Duration::from_secs(1));
    for _ in 0..=random.below(3) {
        let name = format!("n{}", names.len());
        names.push(name.clone());
        builder = if depth > 0 && random.below(2) == 0 {
            builder.child(Child::new(name, random_tree(test, random, depth - 1, names)))
        } else {
            builder.child(test.child(&name))
        };
    }
    builder
}

fn workers(children: &[ChildInfo]) -> Vec<&ChildInfo> {
    children.iter().flat_map(|child| if child.is_supervisor { workers(&child.children) } else { vec![child] }).collect()
}

/// R72, R73: whatever crashes, all that is permanent is there again, and nothing else; after the end nothing is.
#[tokio::test(start_paused = true)]
async fn random_trees_with_random_crashes_are_whole_again() {
    for seed in 0..200 {
        let test = Test::new("random").await;
        let mut random = Random(seed);
        let mut names = Vec::new();
        let tree = test.start(random_tree(&test, &mut random, 3, &mut names)).await;
        let specified = workers(&tree.children().await).len();
        for _ in 0..10 {
            let children = tree.children().await;
            let all = workers(&children);
            let victim = all[usize::try_from(random.below(all.len() as u64)).unwrap()];
            let id = victim.actor.as_ref().unwrap().parse().unwrap();
            let victim = test.node.resolve::<Worker>(&id).unwrap();
            if random.below(2) == 0 {
                assert!(victim.crash().await.is_err());
            } else {
                drop(victim.stop());
            }
            sleep(Duration::from_millis(10)).await;
            let children = tree.children().await;
            let all = workers(&children);
            assert_eq!(all.len(), specified, "seed {seed}");
            for child in all {
                assert_eq!(child.state, ChildState::Running, "seed {seed}");
                let id = child.actor.as_ref().unwrap().parse().unwrap();
                test.node.resolve::<Worker>(&id).unwrap().call().await.unwrap();
            }
            assert_eq!(test.node.actor_count(), names.len() + 1, "seed {seed}");
        }
        tree.stop().await;
        assert_eq!(test.node.actor_count(), 0, "seed {seed}");
        test.log().await;
    }
}
