#![allow(unused)]

use std::cell::Cell;

use distributed_actor::{Node, distributed_actor};

struct Greeter {
    served: Cell<u64>,
}

#[distributed_actor(reentrant)]
impl Greeter {
    #[distributed]
    async fn served(&self, more: u64) -> u64 {
        std::future::ready(()).await;
        self.served.get() + more
    }

    #[distributed]
    fn at_once(&self) -> u64 {
        self.served.get()
    }

    #[distributed]
    fn serve(&mut self) {
        self.served.set(self.served.get() + 1);
    }
}

struct Cache<T> {
    values: Vec<T>,
}

#[distributed_actor(reentrant)]
impl<T: Send + 'static> Cache<T> {
    #[distributed]
    async fn length(&self) -> usize {
        std::future::ready(()).await;
        self.values.len()
    }

    #[distributed]
    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

async fn calls(node: Node) {
    let greeter = node.spawn(Greeter { served: Cell::new(0) });
    let _ = greeter.served(1).await;
}

fn main() {}
