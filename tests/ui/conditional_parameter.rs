#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn hello(&self, #[cfg(unix)] name: String) {}
}

fn main() {}
