#![allow(unused)]

use distributed_actor::{Node, distributed_actor};

struct Greeter;

#[distributed_actor(system = Node, system = Node)]
impl Greeter {
    #[distributed(name = "a", name = "b")]
    fn name(&self) {}

    #[distributed(complete, complete)]
    fn flag(&self) {}

    #[distributed]
    #[distributed(complete)]
    fn attribute(&self) {}
}

#[distributed_actor]
#[distributed_actor]
impl Twice {}

struct Twice;

fn main() {}
