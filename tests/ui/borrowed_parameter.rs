#![allow(unused)]

use std::{borrow::Cow, path::Path};

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn text(&mut self, name: &str) {}

    #[distributed]
    fn nested(&mut self, name: u8, list: Option<&[&'static str]>, path: &Path) {}

    #[distributed]
    fn exclusive(&mut self, list: &mut Vec<u8>) {}

    #[distributed]
    fn cow(&mut self, name: Cow<'_, str>) {}
}

fn main() {}
