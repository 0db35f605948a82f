use std::time::Duration;

use distributed_actor::{
    Node,
    supervision::{Child, ChildInfo, ChildState, Restart, Strategy, Supervisor, SupervisorBuilder},
};
use tokio::time::sleep;

use crate::worker::{Test, Worker};

const SEEDS: u64 = 1000;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// What there should be: a small model of a tree.
#[derive(Clone)]
struct Model {
    name: String,
    restart: Restart,
    state: ChildState,
    /// Of a supervisor: its strategy, and who is there.
    below: Option<(Strategy, Vec<Model>)>,
    /// Of a supervisor: who was specified.
    specified: Vec<Model>,
}

impl Model {
    fn random(random: &mut Random, depth: u64, count: &mut usize) -> Self {
        let name = format!("n{count}");
        *count += 1;
        let mut model =
            Self { name, restart: Restart::Permanent, state: ChildState::Running, below: None, specified: vec![] };
        let policies = [Restart::Permanent, Restart::Permanent, Restart::Transient, Restart::Temporary, Restart::Ask];
        if depth == 0 || (depth < 4 && random.below(2) == 0) {
            model.restart = random.of(&policies);
            return model;
        }
        let strategy = random.of(&[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]);
        model.specified = (0..=random.below(3)).map(|_| Self::random(random, depth - 1, count)).collect();
        model.below = Some((strategy, model.specified.clone()));
        model
    }

    fn builder(&self, test: &Test) -> SupervisorBuilder<Node> {
        let strategy = self.below.as_ref().unwrap().0;
        let builder = Supervisor::builder(strategy).intensity(1000, Duration::from_secs(1));
        self.specified.iter().fold(builder, |builder, child| {
            builder.child(match child.below {
                Some(_) => Child::new(&child.name, child.builder(test)),
                None => test.child(&child.name).restart(child.restart),
            })
        })
    }

    /// Started, or started again: a supervisor as it was specified.
    fn start(&mut self) {
        self.state = ChildState::Running;
        if let Some((_, children)) = &mut self.below {
            children.clone_from(&self.specified);
        }
    }

    /// A worker somewhere below has ended, and comes back or not.
    fn ended(&mut self, name: &str, comes_back: bool) {
        let Some((strategy, children)) = &mut self.below else { return };
        let Some(index) = children.iter().position(|child| child.name == name) else {
            return children.iter_mut().for_each(|child| child.ended(name, comes_back));
        };
        if !comes_back {
            children[index].state = ChildState::Stopped;
            children.retain(|child| child.name != name || child.restart != Restart::Temporary);
            return;
        }
        let (strategy, mut at) = (*strategy, 0);
        let again = |at| match strategy {
            Strategy::OneForAll => true,
            Strategy::RestForOne => at >= index,
            _ => at == index,
        };
        children.retain_mut(|child| {
            let starts = again(at);
            at += 1;
            if starts && child.restart != Restart::Temporary {
                child.start();
            }
            !starts || child.restart != Restart::Temporary
        });
    }

    fn lines(&self, out: &mut Vec<(String, ChildState)>) {
        for child in self.below.iter().flat_map(|(_, children)| children) {
            out.push((child.name.clone(), child.state));
            child.lines(out);
        }
    }

    fn running_workers<'a>(&'a self, out: &mut Vec<&'a Self>) {
        for child in self.below.iter().flat_map(|(_, children)| children) {
            if child.below.is_none() && child.state == ChildState::Running {
                out.push(child);
            }
            child.running_workers(out);
        }
    }
}

fn lines(children: &[ChildInfo], out: &mut Vec<(String, ChildState)>) {
    for child in children {
        out.push((child.name.clone(), child.state));
        lines(&child.children, out);
    }
}

fn id_of(children: &[ChildInfo], name: &str) -> Option<String> {
    children.iter().find_map(
        |child| {
            if child.name == name { child.actor.clone() } else { id_of(&child.children, name) }
        },
    )
}

/// R72, R73, R74: whatever crashes or ends, what there should be is there, and nothing else; after the end nothing is.
#[tokio::test(start_paused = true)]
async fn random_trees_with_random_crashes_are_as_they_should_be() {
    let seeds = std::env::var("SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        let test = Test::new("random").await;
        let (mut random, mut count) = (Random(seed), 0);
        let mut model = Model::random(&mut random, 4, &mut count);
        let tree = test.start(model.builder(&test)).await;
        for step in 0..10 {
            let mut workers = Vec::new();
            model.running_workers(&mut workers);
            let Some(victim) = (!workers.is_empty()).then(|| workers[random.below(workers.len() as u64) as usize])
            else {
                break;
            };
            let (name, restart) = (victim.name.clone(), victim.restart);
            let id = id_of(&tree.children().await, &name).unwrap().parse().unwrap();
            let worker = test.node.resolve::<Worker>(&id).unwrap();
            let wants = random.of(&[None, Some(true), Some(false)]);
            if let Some(wants) = wants {
                worker.want(wants).await.unwrap();
            }
            let crashes = random.below(2) == 0;
            if crashes {
                assert!(worker.crash().await.is_err());
            } else {
                drop(worker.stop());
            }
            model.ended(
                &name,
                match restart {
                    Restart::Permanent => true,
                    Restart::Transient => crashes,
                    Restart::Ask => wants.unwrap_or(crashes),
                    _ => false,
                },
            );
            sleep(Duration::from_millis(10)).await;
            let children = tree.children().await;
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            model.lines(&mut expected);
            lines(&children, &mut found);
            assert_eq!(found, expected, "seed {seed}, step {step}: {name} ended");
            let running = expected.iter().filter(|(_, state)| *state == ChildState::Running).count();
            assert_eq!(test.node.actor_count(), running + 1, "seed {seed}, step {step}");
            let mut workers = Vec::new();
            model.running_workers(&mut workers);
            for worker in workers {
                let id = id_of(&children, &worker.name).unwrap().parse().unwrap();
                test.node.resolve::<Worker>(&id).unwrap().call().await.unwrap();
            }
        }
        tree.stop().await;
        assert_eq!(test.node.actor_count(), 0, "seed {seed}");
        test.log().await;
    }
}
