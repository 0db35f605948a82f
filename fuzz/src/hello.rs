//! What arrives before a session, at either side.

use actor_core::NodeId;
use actor_transport::{
    Limits,
    protocol::{Handshake, HelloConfig, Progress, Session},
};
use bytes::BytesMut;

/// The bytes as they are, and as the body of a greeting whose length and checksum are right; whole and cut in two.
pub fn hello(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    let greeting = if choice & 1 == 0 { data.to_vec() } else { enclose(data) };
    let cut = usize::from(*choice) * greeting.len() / 256;
    for (is_dialer, cut) in [(true, 0), (true, cut), (false, 0), (false, cut)] {
        let config = HelloConfig::new(NodeId::from_bits(7), Limits::default());
        let mut handshake = if is_dialer { Handshake::dial(config) } else { Handshake::listen(config) };
        let mut input = BytesMut::from(&greeting[..cut]);
        let first = handshake.receive(&mut input);
        input.extend_from_slice(&greeting[cut..]);
        let outcome = if matches!(first, Ok(None)) { handshake.receive(&mut input) } else { first };
        let agreed = match outcome {
            Ok(Some(Progress::Offered(_))) => handshake.accept().ok(),
            Ok(Some(Progress::Accepted(agreed))) => Some(agreed),
            _ => None,
        };
        // Whatever was agreed must be fit for a session.
        if let Some(agreed) = agreed {
            assert!(agreed.limits().message_length_max <= agreed.limits().inbound_bytes_max / 2);
            let mut session = Session::new(Limits::default());
            session.attach(std::time::Instant::now(), agreed, true);
        }
        while handshake.transmit().is_some() {}
    }
}

fn enclose(body: &[u8]) -> Vec<u8> {
    // The magic of any hello.
    let mut magic = Handshake::dial(HelloConfig::new(NodeId::from_bits(1), Limits::default()));
    let mut bytes = magic.transmit().map(|hello| hello[..4].to_vec()).unwrap_or_default();
    let body = &body[..body.len().min(u16::MAX.into())];
    bytes.extend_from_slice(&(body.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}
