#![allow(unused)]

use std::cell::Cell;

use distributed_actor::{Node, distributed_actor};

struct Greeter {
    served: Cell<u64>,
}

#[distributed_actor]
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
}

async fn calls(node: Node) {
    let greeter = node.spawn(Greeter { served: Cell::new(0) });
    let _ = greeter.served(1).await;
}

fn main() {}
