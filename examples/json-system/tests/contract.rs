//! The contract of an actor system, run on JSON texts between nodes.

use actor_testkit::SystemUnderTest;
use distributed_actor::SystemError;
use json_system::{JsonSystem, SampleError, Wire};

#[derive(Default)]
struct OverJson {
    wire: Wire,
}

impl SystemUnderTest for OverJson {
    type System = JsonSystem;

    async fn pair(&self) -> (JsonSystem, JsonSystem) {
        let start = |node| JsonSystem::start(node, &self.wire).expect("the name is free");
        (start("near"), start("far"))
    }

    async fn beyond(&self, _: &JsonSystem) -> JsonSystem {
        JsonSystem::start("beyond", &self.wire).expect("the name is free")
    }

    async fn stranger(&self) -> JsonSystem {
        JsonSystem::start("stranger", &Wire::new()).expect("the name is free")
    }

    fn cause(error: &SampleError) -> Option<SystemError> {
        match error {
            SampleError::Runtime(error) => Some(error.clone()),
            _ => None,
        }
    }
}

actor_testkit::system_contract!(OverJson);
