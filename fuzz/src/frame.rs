//! One frame's body.

use actor_transport::protocol::Frame;

/// What is parsed is written as it was: there is one way to write a frame.
pub fn frame(data: &[u8]) {
    if let Ok(frame) = Frame::parse(data) {
        let mut again = Vec::new();
        frame.encode(&mut again);
        assert_eq!(again, data, "{frame:?}");
    }
}
