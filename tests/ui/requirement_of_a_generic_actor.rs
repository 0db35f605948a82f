use distributed_actor::{ActorSystem, Node, distributed_actor};
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

fn main() {
    let spawn = |node: Node| {
        node.spawn(Elector(node.clone()));
        node.spawn(Unbounded(Secret));
    };
}
