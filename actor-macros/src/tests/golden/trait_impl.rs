impl Greet for Greeter {
    fn hello(&self, ctx: &Context<Self>) {}
}
::core::compile_error! {
    "put `#[distributed_actor]` on the actor's own `impl Greeter { .. }`"
}
