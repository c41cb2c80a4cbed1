//! Drives the client over a blocking TCP stream.

use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

use amqp_proto::{ClientConfig, Connection, Phase, Side, StdClock};
use bytes::Buf;

use crate::failure::Failure;
use crate::script::{Outcome, Script};
use crate::view::View;

/// The most octets that are read at once.
const READ: usize = 16 << 10;

pub(crate) fn run(
    host: &str,
    port: u16,
    config: ClientConfig,
    mut script: Script,
    mut view: View,
) -> Result<Outcome, Failure> {
    let mut stream = connect(host, port, config.handshake_timeout)?;
    // A peer that writes without reading must not block this side for ever.
    stream.set_write_timeout(Some(config.handshake_timeout))?;
    let clock = StdClock::new();
    let mut client = Connection::client(config, clock.now());
    let mut input = vec![0; READ];
    script.advance(&mut client, clock.now(), &mut view);
    loop {
        client.handle_timeout(clock.now());
        while let Some(event) = client.poll_event() {
            view.event(Side::Client, &event);
            script.handle(&mut client, clock.now(), event);
        }
        while let Some(octets) = client.transmit().take_segment() {
            view.octets(Side::Client, &octets);
            // A peer that has closed may have said why, so what it sent is read all the same.
            if stream.write_all(&octets).is_err() {
                let rest = client.transmit().remaining();
                client.transmit().advance(rest);
            }
        }
        if client.phase() == Phase::Closed {
            return script.finish();
        }
        if script.advance(&mut client, clock.now(), &mut view) {
            continue; // there are octets to write before it is worth reading
        }
        // Not zero, which std::net takes for "for ever". The script owes no decision and polls all
        // events, so that there is always room for input.
        let wait = client.poll_timeout().map(|at| clock.until(at).max(Duration::from_millis(1)));
        stream.set_read_timeout(wait)?;
        match stream.read(&mut input) {
            Ok(0) => client.handle_eof(clock.now()),
            Ok(read) => {
                let octets = input.get(..read).unwrap_or_default();
                view.octets(Side::Server, octets);
                client.handle_slice(clock.now(), octets);
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                ErrorKind::ConnectionReset => client.handle_eof(clock.now()),
                _ => return Err(error.into()),
            },
        }
    }
}

/// The first address of the host that answers.
fn connect(host: &str, port: u16, timeout: Duration) -> Result<TcpStream, Failure> {
    let failed = |error| Failure::Connect { host: host.into(), port, error };
    let mut last = ErrorKind::AddrNotAvailable.into();
    for address in (host, port).to_socket_addrs().map_err(failed)? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}
