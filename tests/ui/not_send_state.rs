use std::rc::Rc;

use distributed_actor::distributed_actor;

struct Greeter {
    greeting: Rc<str>,
}

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn hello(&mut self) -> String {
        self.greeting.to_string()
    }
}

fn main() {}
