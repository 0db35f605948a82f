#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor(system, name = 5, crate = 1 + 1)]
impl Greeter {
    #[distributed = "hello"]
    fn assigned(&self) {}

    #[distributed(name)]
    fn without_value(&self) {}

    #[distributed(name = "")]
    fn empty(&self) {}

    #[distributed(complete = true)]
    fn with_value(&self) {}

    #[distributed(complete result)]
    fn without_comma(&self) {}
}

fn main() {}
