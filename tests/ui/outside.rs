use distributed_actor::{Context, distributed};

struct Greeter;

impl Greeter {
    #[distributed]
    fn hello(&mut self, #[ctx] context: &Context<Self>) {}
}

#[distributed]
fn free() {}

fn main() {}
