//! All errors of an impl are reported at once; the impl itself and its sound methods are there even so.

#![allow(unused)]

use distributed_actor::{Context, Node, distributed_actor};

struct Greeter;

#[distributed_actor(nickname = "greeter")]
impl Greeter {
    #[distributed]
    fn borrowed(&mut self, first: &str, second: &[u8]) -> &str {
        "text"
    }

    #[distributed(quickly)]
    unsafe fn id(self, #[ctx] context: Context<Self>) {}

    #[distributed]
    fn sound(&mut self, name: String) -> String {
        self.undistributed(name)
    }

    fn undistributed(&self, name: String) -> String {
        name
    }
}

async fn calls(node: Node) -> String {
    Greeter.borrowed("", &[]);
    let greeter = node.spawn(Greeter);
    greeter.sound(String::new()).await.unwrap_or_default()
}

fn main() {}
