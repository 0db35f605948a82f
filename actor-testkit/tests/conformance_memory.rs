//! The conformance suite, over memory.

use transport_memory::MemoryTransport;

// R32
actor_testkit::conformance!(MemoryTransport::new());
