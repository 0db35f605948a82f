#![allow(unused)]

use std::rc::Rc;

use distributed_actor::{Node, distributed_actor};

struct Greeter;

#[distributed_actor(reentrant)]
impl Greeter {
    #[distributed]
    async fn hello(&self) {
        let name = Rc::new(1);
        std::future::ready(()).await;
        drop(name);
    }
}

async fn calls(node: Node) {
    let greeter = node.spawn(Greeter);
    let _ = greeter.hello().await;
}

fn main() {}
