//! A client of 0-8 that isn't ours, Debian's python3-amqplib, with the engine as its server.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;

use amqp_interop::{Served, serve};
use amqp_proto::frame::PeerProtocol;
use amqp_proto::protocol::{Dialect, ReplyCode};
use amqp_proto::{CloseDetail, Initiator, ServerConfig};

/// Debian's: another one wouldn't find Debian's packages.
const PYTHON: &str = "/usr/bin/python3";

/// Runs a session of `amqplib_session.py`, which has to succeed, and tells what the server saw of it.
#[track_caller]
fn session(config: ServerConfig, arguments: &[&str]) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/amqplib_session.py");
    let client = Command::new(PYTHON)
        .arg(script)
        .arg(port)
        .args(arguments)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        serve(stream, config, "guest", "guest")
    });
    let Output { status, stderr, .. } = client.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{errors}");
    server.join().unwrap()
}

#[test]
fn a_session_with_each_mechanism() {
    for mechanism in ["AMQPLAIN", "PLAIN"] {
        let served = session(ServerConfig::default(), &["login", mechanism, "guest"]);
        assert_eq!((served.dialect, &served.violations), (Dialect::V0_8, &Vec::new()));
        assert_eq!((&served.mechanism[..], &served.user[..]), (mechanism, "guest"));
        // That is amqplib's way of saying that all is well.
        let reason = served.reason;
        let told = (reason.initiator, reason.detail, reason.reply_code);
        assert_eq!(told, (Initiator::Peer, CloseDetail::None, ReplyCode(0)), "{reason}");
        for method in ["access.request", "basic.consume", "basic.recover-async", "basic.cancel"] {
            let came = served.seen.iter().any(|line| line.contains(method));
            assert!(came, "no {method} in {:#?}", served.seen);
        }
    }
}

#[test]
fn a_wrong_password_is_refused() {
    let served = session(ServerConfig::default(), &["refused", "wrong"]);
    assert_eq!((served.dialect, &served.violations), (Dialect::V0_8, &Vec::new()));
    let reason = served.reason;
    assert_eq!((reason.initiator, reason.detail), (Initiator::Local, CloseDetail::LoginRefused));
}

#[test]
fn the_server_ends_the_connection() {
    let served = session(ServerConfig::default(), &["ended"]);
    assert_eq!((served.dialect, &served.violations), (Dialect::V0_8, &Vec::new()));
    let reason = served.reason;
    let told = (reason.initiator, reason.detail, reason.reply_code);
    assert_eq!(told, (Initiator::Local, CloseDetail::None, ReplyCode::COMMAND_INVALID), "{reason}");
}

#[test]
fn a_server_without_0_8_refuses_it() {
    let mut config = ServerConfig::default();
    config.dialects = vec![Dialect::V0_9_1];
    let reason = session(config, &["not-served"]).reason;
    assert_eq!(reason.to_string(), "the peer asked for AMQP 0-8, which isn't served");
    let CloseDetail::OtherProtocol(PeerProtocol::Amqp(header)) = reason.detail else {
        panic!("{reason}")
    };
    assert_eq!(header.octets(), *b"AMQP\x01\x01\x09\x01");
}
