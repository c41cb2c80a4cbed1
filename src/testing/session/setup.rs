//! How the ends of a drawn session are set up.

use alloc::vec;
use core::time::Duration;

use super::application::OWN;
use crate::protocol::Dialect;
use crate::{ClientConfig, ContentMode, Heartbeat, Limits, Mechanism, ServerConfig};

/// Numbers from which both configurations are made.
pub(super) type Picks = [u8; 24];

/// Makes the configurations. What both ends have to agree on is the same in both, so that neither has a
/// reason to blame the other.
pub(super) fn configured(picks: &Picks) -> (ClientConfig, ServerConfig) {
    let mut picks = picks.iter().copied();
    let mut client = ClientConfig::plain("guest", "guest");
    let mut server = ServerConfig::default();
    // A mechanism of which the applications think out as many challenges as they like.
    if pick(&mut picks, true, &[false, false]) {
        client.mechanisms = vec![Mechanism::custom(OWN, b"first")];
        server.mechanisms = alloc::format!("PLAIN {OWN}");
    }
    client.dialect =
        pick(&mut picks, Dialect::V0_9_1, &[Dialect::V0_9_1, Dialect::V0_9, Dialect::V0_8]);
    client.frame_max = pick(&mut picks, 131_072, &[0, 4096, 5000]);
    server.frame_max = pick(&mut picks, 131_072, &[0, 4096]);
    client.channel_max = pick(&mut picks, 2047, &[0, 3]);
    server.channel_max = pick(&mut picks, 2047, &[0, 4]);
    client.heartbeat = pick(
        &mut picks,
        Heartbeat::Prefer(60),
        &[Heartbeat::Off, Heartbeat::Prefer(2), Heartbeat::Prefer(60)],
    );
    server.heartbeat = pick(&mut picks, 60, &[0, 2, 60]);
    client.handshake_timeout = Duration::from_secs(pick(&mut picks, 30, &[1]));
    server.handshake_timeout = Duration::from_secs(pick(&mut picks, 10, &[1]));
    client.content = pick(&mut picks, ContentMode::Whole, &[ContentMode::Streamed]);
    server.content = pick(&mut picks, ContentMode::Whole, &[ContentMode::Streamed]);
    limit(&mut picks, &mut client.limits);
    limit(&mut picks, &mut server.limits);
    (client, server)
}

/// Limits that are reached, of those that are an end's own affair.
fn limit(picks: &mut impl Iterator<Item = u8>, limits: &mut Limits) {
    limits.whole_body = pick(picks, 16 << 20, &[1000, 0]);
    let waiting = pick(picks, 65_536, &[5, 1]);
    (limits.unconfirmed, limits.unacked) = (waiting, waiting);
    limits.undecoded_input = pick(picks, 256 << 10, &[4096, 100]);
    limits.unsent_output = pick(picks, 1 << 20, &[20_000, 1000]);
    limits.output_reserve = pick(picks, 64 << 10, &[500, 20]);
    limits.output_window = pick(picks, 64 << 10, &[1000, 1]);
}

/// What is usual, or one of the others.
fn pick<T: Copy>(picks: &mut impl Iterator<Item = u8>, usual: T, others: &[T]) -> T {
    let place = usize::from(picks.next().unwrap_or(0)) % (others.len() + 1);
    place.checked_sub(1).and_then(|place| others.get(place)).copied().unwrap_or(usual)
}
