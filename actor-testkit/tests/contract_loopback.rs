//! The contract of an actor system, run on the loop-back.

use actor_core::SystemError;
use actor_testkit::{LoopbackSystem, SystemUnderTest};

#[derive(Default)]
struct Loopback {
    system: LoopbackSystem,
}

impl SystemUnderTest for Loopback {
    type System = LoopbackSystem;

    /// R31
    const RESOLVES_LOCALLY: bool = false;

    async fn pair(&self) -> (LoopbackSystem, LoopbackSystem) {
        (self.system.clone(), self.system.clone())
    }

    async fn beyond(&self, second: &LoopbackSystem) -> LoopbackSystem {
        second.clone()
    }

    async fn stranger(&self) -> LoopbackSystem {
        LoopbackSystem::new()
    }

    fn cause(error: &SystemError) -> Option<SystemError> {
        Some(error.clone())
    }
}

actor_testkit::system_contract!(Loopback);
