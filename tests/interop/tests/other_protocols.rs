//! Whoever answers doesn't speak what was asked for: the end of the connection says so.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Instant;
use std::{env, fs, thread};

use amqp_interop::{Broker, Client, PATIENCE, Served, Stream, name, serve, tls_address};
use amqp_proto::frame::{PeerProtocol, ProtocolHeader};
use amqp_proto::protocol::{Dialect, Method};
use amqp_proto::wire::TableLimits;
use amqp_proto::{CloseDetail, CloseReason, Initiator, ServerConfig};
use bytes::Buf;

/// Sends this header to the broker; its answer is to be read.
fn ask(header: &[u8; 8]) -> TcpStream {
    let mut stream = TcpStream::connect(Broker::from_env().address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(header).unwrap();
    stream
}

#[test]
fn the_broker_answers_each_header_with_start() {
    for (header, dialect, version) in [
        (b"AMQP\x01\x01\x08\0", Dialect::V0_8, (8, 0)),
        (b"AMQP\x01\x01\x09\x01", Dialect::V0_8, (8, 0)),
        (b"AMQP\x01\x01\0\x09", Dialect::V0_9, (0, 9)),
        (b"AMQP\0\0\x09\x01", Dialect::V0_9_1, (0, 9)),
    ] {
        let parsed = ProtocolHeader::parse(header).unwrap();
        assert_eq!(Dialect::from_header(parsed), Some(dialect));
        let mut stream = ask(header);
        let mut frame = [0; 7];
        stream.read_exact(&mut frame).unwrap();
        let [1, 0, 0, size @ ..] = frame else { panic!("{frame:?}") };
        let mut payload = vec![0; u32::from_be_bytes(size) as usize];
        stream.read_exact(&mut payload).unwrap();
        let start = Method::decode(dialect, &payload, &TableLimits::default()).unwrap();
        let Method::ConnectionStart(start) = start else { panic!("{start}") };
        assert_eq!((start.version_major, start.version_minor), version, "{parsed}");
    }
}

/// How a client's connection over this stream ends that has sent this header.
#[track_caller]
fn end_of(stream: Stream, header: &[u8; 8]) -> CloseReason {
    let mut client = Client::over(stream, Broker::from_env().config());
    let own = client.amqp.transmit().remaining();
    client.amqp.transmit().advance(own);
    client.amqp.inject(header);
    client.ended()
}

#[test]
fn an_unknown_version_is_refused_by_a_header() {
    for header in [
        b"AMQP\x01\x01\0\x0A",
        b"AMQP\0\x01\0\0",
        b"AMQP\x03\x01\0\0",
        b"AMQP\0\0\x09\x02",
        b"AMQP\x01\x01\x09\0",
    ] {
        let mut octets = [0; 8];
        ask(header).read_exact(&mut octets).unwrap();
        assert_eq!(&octets, b"AMQP\0\0\x09\x01", "to {header:?}");

        let reason = end_of(Stream::tcp(&Broker::from_env().address), header);
        let offered = PeerProtocol::Amqp(ProtocolHeader::AMQP_0_9_1);
        let told = (reason.initiator, reason.detail);
        assert_eq!(told, (Initiator::Peer, CloseDetail::OtherProtocol(offered)));
        let told = "the peer refused the protocol version and offers AMQP 0-9-1";
        assert_eq!(reason.to_string(), told);
    }
}

/// An nginx on loopback, until dropped.
struct HttpServer {
    process: Child,
    address: String,
    dir: PathBuf,
}

impl HttpServer {
    fn start() -> Self {
        let dir = env::temp_dir().join(name("nginx"));
        fs::create_dir(&dir).unwrap();
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let place = dir.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {place}/{what};"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid {place}/pid; error_log {place}/errors; events {{}}
            http {{ access_log off; {temporary} server {{ listen {address}; return 404; }} }}"
        );
        fs::write(dir.join("config"), config).unwrap();
        let process = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(dir.join("config"))
            .arg("-e")
            .arg(dir.join("errors"))
            .spawn()
            .unwrap_or_else(|error| panic!("nginx can't be run: {error}"));
        let mut server = Self { process, address, dir };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(&server.address).is_err() {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "nginx didn't start: {ended:?}");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[test]
fn an_http_server_is_told_from_a_broker() {
    let http = HttpServer::start();
    for &dialect in Dialect::ALL {
        let mut config = Broker::from_env().config();
        config.dialect = dialect;
        let reason = Client::over(Stream::tcp(&http.address), config).ended();
        let told = (reason.initiator, reason.detail);
        assert_eq!(told, (Initiator::Peer, CloseDetail::OtherProtocol(PeerProtocol::Http)));
        assert_eq!(reason.to_string(), "the peer speaks HTTP, not AMQP");
    }
}

/// What the engine as a server tells of what `client` does at its address.
fn served(client: impl FnOnce(&str)) -> CloseReason {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        serve(stream, ServerConfig::default(), "guest", "guest")
    });
    client(&address);
    let Served { reason, violations, .. } = server.join().unwrap();
    assert!(violations.is_empty(), "{violations:?}");
    reason
}

#[test]
fn a_server_tells_a_browser_and_tls_from_a_client() {
    let reason = served(|address| {
        let script = "\
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=10)
connection.request('GET', '/')
try:
    connection.getresponse()
except http.client.BadStatusLine as error:
    assert str(error).startswith('AMQP'), error
else:
    sys.exit('that was HTTP')";
        let python = Command::new("/usr/bin/python3").args(["-c", script, address]).output();
        let python = python.unwrap();
        assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    });
    let told = (reason.initiator, reason.detail);
    assert_eq!(told, (Initiator::Library, CloseDetail::OtherProtocol(PeerProtocol::Http)));
    assert_eq!(reason.to_string(), "the peer speaks HTTP, not AMQP");

    let reason = served(|address| {
        let mut stream = Stream::tls_at(address, None);
        // The answer begins like no record of TLS.
        let error = stream.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    });
    let told = (reason.initiator, reason.detail);
    assert_eq!(told, (Initiator::Library, CloseDetail::OtherProtocol(PeerProtocol::Tls)));
    assert_eq!(reason.to_string(), "the peer speaks TLS, not plain AMQP");
}

#[test]
fn a_tls_port_is_told_from_a_broker() {
    for &dialect in Dialect::ALL {
        let mut config = Broker::from_env().config();
        config.dialect = dialect;
        let reason = Client::over(Stream::tcp(&tls_address()), config).ended();
        let told = (reason.initiator, reason.detail);
        assert_eq!(told, (Initiator::Peer, CloseDetail::OtherProtocol(PeerProtocol::Tls)));
        assert_eq!(reason.to_string(), "the peer speaks TLS, not plain AMQP");
    }
}
