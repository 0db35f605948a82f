#![allow(unused)]

use distributed_actor::{Node, distributed_actor};

struct Greeter;

#[distributed_actor(sytem = Node<u8, u8>, system = Node, retain)]
impl Greeter {
    #[distributed(started)]
    fn create(&self) {}

    #[distributed(once, name = "kept")]
    fn once(&self) {}
}

fn main() {}
