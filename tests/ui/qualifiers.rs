#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    const fn constant(&self) {}

    #[distributed]
    unsafe fn dangerous(&self) {}

    #[distributed]
    extern "C" fn foreign(&self) {}
}

fn main() {}
