//! Drives a client and a server in one process; time stands still.

use amqp_proto::{ClientConfig, Connection, Instant, Phase, ServerConfig};
use bytes::Buf;

use crate::broker::Broker;
use crate::failure::Failure;
use crate::script::{Outcome, Script};
use crate::view::View;

const NOW: Instant = Instant::ORIGIN;

pub(crate) fn run(
    config: ClientConfig,
    mut script: Script,
    mut view: View,
) -> Result<Outcome, Failure> {
    let mut client = Connection::client(config, NOW);
    let mut server_config = ServerConfig::default();
    // The broker keeps whole messages: what is larger would come in parts.
    server_config.limits.max_body = Some(server_config.limits.whole_body);
    let mut server = Connection::server(server_config, NOW);
    let mut broker = Broker::default();
    script.advance(&mut client, NOW, &mut view);
    loop {
        while let Some(event) = server.poll_event() {
            view.event(server.side(), &event);
            broker.handle(&mut server, event)?;
        }
        while let Some(event) = client.poll_event() {
            view.event(client.side(), &event);
            script.handle(&mut client, NOW, event);
        }
        let to_server = carry(&mut client, &mut server, &mut view);
        let to_client = carry(&mut server, &mut client, &mut view);
        let is_over = client.phase() == Phase::Closed && server.phase() == Phase::Closed;
        let moved = to_server || to_client;
        if is_over || !(moved || script.advance(&mut client, NOW, &mut view)) {
            return script.finish();
        }
    }
}

/// Whether there was anything to carry.
fn carry(from: &mut Connection, to: &mut Connection, view: &mut View) -> bool {
    let mut moved = false;
    while from.transmit().has_remaining() {
        let remaining = from.transmit().remaining();
        let octets = from.transmit().copy_to_bytes(remaining);
        view.octets(from.side(), &octets);
        to.handle_bytes(NOW, octets);
        moved = true;
    }
    moved
}
