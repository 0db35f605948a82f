#![allow(unused)]

use distributed_actor::{ActorSystem, DistributedActor, Node, distributed_actor};
use serde::{Serialize, de::DeserializeOwned};

#[derive(Clone)]
struct Secret;

struct Cache<T>(T);

#[distributed_actor]
impl<T: Clone + Send + Serialize + DeserializeOwned + 'static> Cache<T> {
    #[distributed]
    fn get(&self) -> T {
        self.0.clone()
    }

    #[distributed]
    fn secret(&self, secret: Secret) {}
}

struct Elector<S>(S);

#[distributed_actor(system = S)]
impl<S: ActorSystem> Elector<S> {
    #[distributed]
    fn secret(&self, secret: Secret) {}
}

struct Unbounded<T>(T);

#[distributed_actor]
impl<T: Send + 'static> Unbounded<T> {
    #[distributed]
    fn set(&mut self, value: T) {}
}

fn spawn<A: DistributedActor>() {}

fn main() {
    spawn::<Elector<Node>>();
    spawn::<Unbounded<Secret>>();
    spawn::<Unbounded<String>>();
}
