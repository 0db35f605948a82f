#![allow(unused)]

use distributed_actor::{ActorId, Context, ExitReason, Terminated, distributed_actor};

struct Greeter;
struct Deaf;

#[distributed_actor]
impl Greeter {
    #[on_start]
    fn by_value(self) {}

    #[on_start(quickly)]
    fn with_options(&mut self) {}

    #[on_start]
    fn with_a_parameter(&mut self, name: String) {}

    #[on_start]
    fn generic<T>(&mut self) {}

    #[on_stop]
    async fn returns(&mut self, reason: &ExitReason) -> u64 {
        7
    }

    #[on_stop]
    #[on_terminated]
    fn for_two_reasons(&mut self) {}

    #[on_terminated]
    #[distributed]
    fn distributed(&mut self, how: Terminated) {}

    #[on_terminated]
    fn with_too_much(&mut self, who: ActorId, how: Terminated, why: String) {}

    #[on_terminated]
    #[cfg(unix)]
    fn sometimes(&mut self, how: Terminated) {}

    #[on_stop]
    fn with_a_context_by_value(&mut self, #[ctx] ctx: Context<Self>) {}

    #[on_terminated]
    fn once(&mut self, how: Terminated) {}

    #[on_terminated]
    fn twice(&mut self, how: Terminated) {}
}

fn main() {}
