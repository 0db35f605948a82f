#![allow(unused)]

use distributed_actor::{Context, distributed_actor};

struct Greeter;
struct Other;

#[distributed_actor]
impl Other {}

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn by_value(&self, #[ctx] context: Context<Self>) {}

    #[distributed]
    fn exclusive(&self, #[ctx] context: &mut Context<Self>) {}

    #[distributed]
    fn twice(&self, #[ctx] context: &Context<Self>, #[ctx] again: &Context<Self>) {}

    #[distributed]
    fn unmarked(&self, context: &Context<Self>) {}

    #[distributed]
    fn on_the_receiver(#[ctx] &self) {}

    fn undistributed(&self, #[ctx] context: &Context<Self>) {}
}

struct Wrong;

#[distributed_actor]
impl Wrong {
    #[distributed]
    fn of_no_context(&self, #[ctx] context: &u32) {}

    #[distributed]
    async fn of_another_actor(&mut self, #[ctx] context: &Context<Other>) {}
}

fn main() {}
