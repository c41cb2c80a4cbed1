//! The example `tour` as its user sees it: exit code, summary, and one sentence for each failure.
//!
//! `cargo test` builds examples before it runs tests; `cargo test --test tour_errors` doesn't, so
//! build it with `cargo build --example tour` first.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;

use amqp_proto::protocol::ReplyCode;
use amqp_proto::{Connection, Decision, Event, Phase, ServerConfig, StdClock};

fn tour(arguments: &[&str]) -> Output {
    // Tests are in target/<profile>/deps, examples in target/<profile>/examples.
    let test = std::env::current_exe().unwrap();
    let profile: PathBuf = test.ancestors().nth(2).unwrap().into();
    let tour = profile.join("examples/tour").with_extension(std::env::consts::EXE_EXTENSION);
    Command::new(&tour).args(arguments).output().unwrap_or_else(|error| {
        panic!("{}: {error}; run `cargo build --example tour`", tour.display())
    })
}

/// Runs the tour against a peer that treats its one connection as `serve` says.
fn tour_against(path: &str, serve: impl FnOnce(TcpStream) + Send + 'static) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = thread::spawn(move || serve(listener.accept().unwrap().0));
    let output = tour(&[&format!("amqp://guest:secret@127.0.0.1:{port}{path}")]);
    peer.join().unwrap();
    output
}

/// A peer that reads the protocol header and answers with these octets.
fn answer(octets: &'static [u8]) -> impl FnOnce(TcpStream) {
    |mut stream| {
        stream.read_exact(&mut [0; 8]).unwrap();
        stream.write_all(octets).unwrap();
    }
}

/// A server that decides each login and virtual host as told, until the connection is over.
fn server(mut stream: TcpStream, login: Decision<'_>, virtual_host: Decision<'_>) {
    let clock = StdClock::new();
    let mut server = Connection::server(ServerConfig::default(), clock.now());
    let mut octets = [0; 4096];
    loop {
        while let Some(event) = server.poll_event() {
            match event {
                Event::Credentials(_) => server.decide(login).unwrap(),
                Event::VirtualHost(_) => server.decide(virtual_host).unwrap(),
                _ => {}
            }
        }
        while let Some(octets) = server.transmit().take_segment() {
            stream.write_all(&octets).unwrap();
        }
        if server.phase() == Phase::Closed {
            return;
        }
        match stream.read(&mut octets).unwrap() {
            0 => server.handle_eof(clock.now()),
            read => server.handle_slice(clock.now(), &octets[..read]),
        }
    }
}

#[track_caller]
fn assert_fails(output: &Output, sentence: &str) {
    assert_eq!(String::from_utf8_lossy(&output.stderr), format!("tour: {sentence}\n"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn in_memory_it_ends_with_the_summary() {
    let output = tour(&[]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    let shown = String::from_utf8_lossy(&output.stdout);
    let summary = "\
outcome
  declared   1 exchange, 1 queue
  confirmed  6 publishes
  got        1, then 1 get-empty
  delivered  2 and acked
  returned   1 (312 no-route)
  browsed    2
  closed     200 reply-success
";
    assert!(shown.ends_with(summary), "{shown}");
    assert!(shown.contains("response=***") && !shown.contains("guest"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
}

#[test]
fn wrong_urls() {
    let syntax = "not a URL such as amqp://user:password@host:5672/virtual-host: ";
    assert_fails(&tour(&["localhost"]), &format!("{syntax}relative URL without a base"));
    assert_fails(&tour(&["amqp://h:99999"]), &format!("{syntax}invalid port number"));
    for (url, reason) in [
        ("http://localhost", "its scheme is http, not amqp"),
        ("amqps://localhost", "amqps needs TLS, which the tour leaves out; take amqp"),
        ("amqp:///vhost", "it names no host"),
        ("amqp://localhost/a/b", "a / in the name of the virtual host is written %2f"),
        ("amqp://localhost?heartbeat=5", "the tour knows no options behind ? or #"),
        ("amqp://us%FFer@localhost", "its user is not UTF-8"),
    ] {
        assert_fails(&tour(&[url]), &format!("the URL can't be used: {reason}"));
    }
    let usage = "usage: tour [amqp://user:password@host:port/virtual-host]";
    assert_fails(&tour(&["amqp://localhost", "more"]), usage);
}

#[test]
fn a_refused_connection() {
    // Nobody listens on tcpmux any more; a port that was free a moment ago may be another test's.
    let output = tour(&["amqp://127.0.0.1:1"]);
    let text = String::from_utf8_lossy(&output.stderr);
    let expected = "tour: can't connect to 127.0.0.1 port 1: ";
    assert!(text.starts_with(expected) && text.lines().count() == 1, "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_wrong_password() {
    let output = tour_against("", |stream| {
        let code = ReplyCode::ACCESS_REFUSED;
        let refuse = Decision::Refuse { code, text: "nobody of that name" };
        server(stream, refuse, Decision::Accept);
    });
    assert_fails(&output, "the server refused the login: nobody of that name");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("secret"));
}

#[test]
fn an_unknown_virtual_host_in_percent_encoding() {
    let output = tour_against("/%2fa%20b", |stream| {
        let refuse = Decision::Refuse { code: ReplyCode::NOT_ALLOWED, text: "not here" };
        server(stream, Decision::Accept, refuse);
    });
    assert_fails(&output, "the server refused the virtual host: not here");
    assert!(String::from_utf8_lossy(&output.stdout).contains(r#"virtual-host="/a b""#));
}

#[test]
fn peers_that_speak_something_else() {
    let refused = "the connection is over: the peer refused the protocol version and offers";
    let output = tour_against("", answer(b"AMQP\x03\x01\x00\x00"));
    assert_fails(&output, &format!("{refused} AMQP 1.0 (SASL)"));
    let output = tour_against("", answer(b"AMQP\x00\x01\x00\x00"));
    assert_fails(&output, &format!("{refused} AMQP 1.0"));
    let output = tour_against("", answer(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
    assert_fails(&output, "the connection is over: the peer speaks HTTP, not AMQP");
}

#[test]
fn a_peer_that_closes_at_once() {
    let ended =
        "the connection is over: the peer ended the stream while connection.start was awaited";
    assert_fails(&tour_against("", drop), ended);
    assert_fails(&tour_against("", answer(b"")), ended);
}

#[test]
fn a_peer_that_says_nothing() {
    let output = tour_against("", |mut stream| {
        // Until the tour gives up.
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let expected =
        "the connection is over: the handshake timed out while connection.start was awaited";
    assert_fails(&output, expected);
}
