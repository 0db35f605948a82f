//! The conformance suite of actor-testkit, over pipes of one process.
#![cfg(unix)]

use pipe_transport::PipeTransport;

actor_testkit::conformance!(PipeTransport);
