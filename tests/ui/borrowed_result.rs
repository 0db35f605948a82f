#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter(String);

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn text(&self) -> &str {
        &self.0
    }

    #[distributed]
    fn fixed(&self) -> Result<Vec<&'static str>, u8> {
        Ok(vec!["a"])
    }
}

fn main() {}
