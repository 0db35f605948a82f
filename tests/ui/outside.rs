#![allow(unused)]

use distributed_actor::distributed;

struct Greeter;

impl Greeter {
    #[distributed]
    fn hello(&mut self, #[ctx] context: &u8) {}
}

#[distributed]
fn free() {}

fn main() {}
