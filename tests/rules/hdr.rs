//! The protocol header and the version.

use amqp_proto::frame::{PeerProtocol, ProtocolHeader};
use amqp_proto::protocol::{Dialect, MethodId, ReplyCode};
use amqp_proto::{CloseDetail, Connection, Event, Got, Initiator, Phase, Profile, ServerConfig};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("HDR-01", a_client_begins_with_the_protocol_header),
    server("HDR-01", a_server_refuses_a_header_with_one_octet_changed),
    client("HDR-02", a_client_takes_nothing_but_start_at_first),
    server("HDR-02", a_server_answers_the_header_with_start_alone),
    client("HDR-03", a_client_takes_any_header_for_a_refusal_and_names_it),
    server("HDR-03", a_server_answers_what_it_does_not_serve_with_a_header_alone),
    server("HDR-04", a_server_decides_on_eight_octets_and_does_not_wait_for_ever),
    client("HDR-05", a_client_says_nothing_after_a_header_and_looks_for_one_only_at_first),
    client("HDR-06", a_client_asks_for_each_dialect_by_its_header),
    server("HDR-06", a_server_knows_each_dialect_by_its_header),
    server("HDR-06", a_server_knows_0_8_by_its_other_header),
    client("HDR-07", a_client_refuses_a_higher_version_than_it_asked_for),
    server("HDR-07", a_server_names_the_version_that_was_asked_for),
    client("HDR-08", a_client_waits_for_no_more_than_start_and_tune),
    server("HDR-08", a_server_takes_a_handshake_however_it_is_cut),
    client("HDR-09", a_client_takes_a_header_in_an_open_connection_for_no_frame),
    server("HDR-09", a_server_takes_a_header_in_an_open_connection_for_no_frame),
];

const HEADERS: [(Dialect, &[u8; 8]); 3] = [
    (Dialect::V0_8, b"\x41\x4D\x51\x50\x01\x01\x08\x00"),
    (Dialect::V0_9, b"\x41\x4D\x51\x50\x01\x01\x00\x09"),
    (Dialect::V0_9_1, b"\x41\x4D\x51\x50\x00\x00\x09\x01"),
];

/// Headers of versions that nobody here speaks, and how they are named.
const OTHERS: [(&[u8; 8], &str); 7] = [
    (b"\x41\x4D\x51\x50\x01\x01\x00\x0A", "AMQP 0-10"),
    (b"\x41\x4D\x51\x50\x00\x01\x00\x00", "AMQP 1.0"),
    (b"\x41\x4D\x51\x50\x02\x01\x00\x00", "AMQP 1.0 (TLS)"),
    (b"\x41\x4D\x51\x50\x03\x01\x00\x00", "AMQP 1.0 (SASL)"),
    (b"AMQP\0\0\x09\x02", "AMQP header 0 0 9 2"),
    (b"AMQP\0\0\x0A\0", "AMQP header 0 0 10 0"),
    (b"AMQP\xFF\xFF\xFF\xFF", "AMQP header 255 255 255 255"),
];

fn client_of(dialect: Dialect) -> End {
    let mut config = plain();
    config.dialect = dialect;
    End::new(Connection::client(config, T0))
}

fn server_of(dialects: &[Dialect]) -> End {
    let mut config = ServerConfig::default();
    config.dialects = dialects.to_vec();
    End::new(Connection::server(config, T0))
}

/// connection.start with this version.
fn start_of(version: [u8; 2]) -> Vec<u8> {
    let arguments = [&version[..], b"\0\0\0\0", &long(b"PLAIN"), &long(b"en_US")].concat();
    method(0, 10, 10, &arguments)
}

/// The one event is the end, by which the peer is told to speak something else.
fn other_protocol(events: &[Event], initiator: Initiator) -> PeerProtocol {
    let [Event::Closed(reason)] = events else { panic!("{:?}", lines(events)) };
    assert_eq!((reason.initiator, reason.reply_code), (initiator, ReplyCode(540)));
    match reason.detail {
        CloseDetail::OtherProtocol(protocol) => protocol,
        detail => panic!("{detail:?}"),
    }
}

/// The server answers with this header and nothing else, ends, and tells what it took the peer for.
fn refuses(mut end: End, octets: &[u8], answer: &[u8]) -> PeerProtocol {
    let events = end.feed(octets);
    assert_eq!(hex(&end.sent()), hex(answer), "to {}", hex(octets));
    assert_eq!(end.connection.phase(), Phase::Closed);
    end.ignores(PROTOCOL_HEADER);
    end.ignores(&start_ok("PLAIN", b"\0guest\0guest"));
    other_protocol(&events, Initiator::Library)
}

fn a_client_begins_with_the_protocol_header() {
    let mut end = End::fresh_client();
    assert_eq!(hex(&end.sent()), "41 4D 51 50 00 00 09 01 ");
    end.connection.open_channel().unwrap_err();
    assert_eq!(hex(&end.sent()), "");
    // It isn't sent again.
    end.takes(&start("PLAIN"));
    assert_eq!(end.sent()[0], 1);
}

fn a_server_refuses_a_header_with_one_octet_changed() {
    let mut end = End::fresh_server();
    end.takes(b"\x41\x4D\x51\x50\x00\x00\x09\x01");
    assert_eq!(end.connection.phase(), Phase::Start);
    for place in 0..8 {
        for bit in 0..8 {
            let mut octets = *b"\x41\x4D\x51\x50\x00\x00\x09\x01";
            octets[place] ^= 1 << bit;
            refuses(End::fresh_server(), &octets, b"\x41\x4D\x51\x50\x00\x00\x09\x01");
        }
    }
}

fn a_client_takes_nothing_but_start_at_first() {
    let fresh = || {
        let mut end = End::fresh_client();
        end.sent();
        end
    };
    for octets in [
        method(0, 10, 20, &long(b"")),
        tune(0, 0, 0),
        open_ok(),
        connection_close(320, ""),
        channel_open_ok(1),
        header(1, 0, BARE),
        body(1, b""),
    ] {
        fresh().drops(&octets, "HS-01");
    }
    let mut on_a_channel = start("PLAIN");
    on_a_channel[2] = 1;
    fresh().drops(&on_a_channel, "FRM-09");
    let mut end = fresh();
    let protocol = other_protocol(&end.feed(b"\x05\0\0\0\0\0\0\xCE"), Initiator::Peer);
    assert_eq!(protocol, PeerProtocol::Unknown(*b"\x05\0\0\0\0\0\0\xCE"));
    assert_eq!(hex(&end.sent()), "");
    let mut end = fresh();
    end.takes(&start("PLAIN"));
    assert_eq!(end.connection.phase(), Phase::Secure);
}

fn a_server_answers_the_header_with_start_alone() {
    let mut end = End::fresh_server();
    assert_eq!(hex(&end.sent()), "");
    let events = end.takes(PROTOCOL_HEADER);
    assert_eq!(lines(&events), [""; 0]);
    let sent = frames(&end.sent());
    let [(1, 0, payload)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(payload[..4], *b"\0\x0A\0\x0A");
    assert!(payload.ends_with(&[long(b"PLAIN AMQPLAIN"), long(b"en_US")].concat()));
}

fn a_client_takes_any_header_for_a_refusal_and_names_it() {
    // Of its own version too: many servers answer so whatever they are asked for.
    let own = HEADERS.iter().map(|(dialect, header)| (*header, format!("AMQP {dialect}")));
    let others = OTHERS.iter().map(|(header, name)| (*header, (*name).to_owned()));
    for (header, name) in own.chain(others) {
        let mut end = End::fresh_client();
        end.sent();
        let events = end.feed(header);
        let told =
            format!("connection over: the peer refused the protocol version and offers {name}");
        assert_eq!(lines(&events), [told]);
        let protocol = other_protocol(&events, Initiator::Peer);
        assert_eq!(protocol, PeerProtocol::Amqp(ProtocolHeader::parse(header).unwrap()));
        assert_eq!(end.connection.phase(), Phase::Closed);
    }
}

fn a_server_answers_what_it_does_not_serve_with_a_header_alone() {
    for (octets, name) in OTHERS {
        let protocol = refuses(End::fresh_server(), octets, b"AMQP\0\0\x09\x01");
        assert_eq!(protocol.to_string(), name);
    }
    for (octets, expected) in [
        (*b"AMQX\0\0\x09\x01", PeerProtocol::Unknown(*b"AMQX\0\0\x09\x01")),
        (*b"amqp\0\0\x09\x01", PeerProtocol::Unknown(*b"amqp\0\0\x09\x01")),
        (*b"\0\0\0\0\0\0\0\0", PeerProtocol::Unknown([0; 8])),
        (*b"\x01\0\0\0\0\0\x05\0", PeerProtocol::Frames),
        (*b"GET / HT", PeerProtocol::Http),
        (*b"\x16\x03\x01\x02\0\x01\0\x01", PeerProtocol::Tls),
    ] {
        assert_eq!(refuses(End::fresh_server(), &octets, b"AMQP\0\0\x09\x01"), expected);
    }
    // Only what it serves is accepted, and offered.
    for (served, answer) in HEADERS {
        for (dialect, octets) in HEADERS {
            let mut end = server_of(&[served]);
            if dialect == served {
                end.takes(octets);
                assert_eq!(end.connection.phase(), Phase::Start);
            } else {
                let protocol = refuses(end, octets, answer);
                assert_eq!(protocol.to_string(), format!("AMQP {dialect}"));
            }
        }
    }
}

fn a_server_decides_on_eight_octets_and_does_not_wait_for_ever() {
    // Seven octets aren't refused, right or wrong; the eighth decides.
    for octets in [PROTOCOL_HEADER, b"AMQP\0\0\x09\x02", b"XXXXXXXX"] {
        for short in 0..8 {
            let mut end = End::fresh_server();
            end.ignores(&octets[..short]);
            assert_eq!(end.connection.phase(), Phase::Header);
            assert_eq!(lines(&end.wait_until(millis(9_999))), [""; 0]);
            let mut late = end.clone();
            let events = late.wait_until(at(10));
            let told =
                "connection over: the handshake timed out while a protocol header was awaited";
            assert_eq!(lines(&events), [told]);
            assert_eq!(hex(&late.sent()), "");
            end.connection.handle_eof(end.now);
            let told =
                "connection over: the peer ended the stream while a protocol header was awaited";
            assert_eq!(lines(&poll(&mut end.connection)), [told]);
            assert_eq!(hex(&end.sent()), "");
        }
    }
    let mut end = End::fresh_server();
    end.ignores(&PROTOCOL_HEADER[..7]);
    end.takes(&PROTOCOL_HEADER[7..]);
    assert_eq!(end.connection.phase(), Phase::Start);
    // What tells another protocol needn't wait.
    for (octets, expected) in [
        (&b"GET "[..], PeerProtocol::Http),
        (b"\x16\x03", PeerProtocol::Tls),
        (b"SSH-", PeerProtocol::Ssh),
        (b"\x01", PeerProtocol::Frames),
    ] {
        assert_eq!(refuses(End::fresh_server(), octets, b"AMQP\0\0\x09\x01"), expected);
    }
}

fn a_client_says_nothing_after_a_header_and_looks_for_one_only_at_first() {
    // Octets that can't become a header end it as soon as they are recognised.
    for (octets, protocol) in [
        (&b"HTTP/"[..], PeerProtocol::Http),
        (b"\x15\x03\x01\0\x02\x02F", PeerProtocol::Tls),
        (b"SSH-2.0", PeerProtocol::Ssh),
    ] {
        let mut end = End::fresh_client();
        end.sent();
        assert_eq!(other_protocol(&end.feed(octets), Initiator::Peer), protocol);
        assert_eq!(hex(&end.sent()), "");
    }
    let mut end = End::fresh_client();
    assert_eq!(end.sent(), PROTOCOL_HEADER);
    end.ignores(b"AMQP\x01\x01\0");
    let protocol = other_protocol(&end.feed(b"\x0A"), Initiator::Peer);
    assert_eq!(protocol, PeerProtocol::Amqp(ProtocolHeader::AMQP_0_10));
    assert_eq!(end.connection.phase(), Phase::Closed);
    end.ignores(&start("PLAIN"));
    assert!(end.connection.close(end.now, ReplyCode(200), "").is_err());
    assert_eq!(hex(&end.sent()), "");
    assert_eq!(end.connection.poll_timeout(), None);
    // Behind the first frame it is a frame of an unknown type.
    for first in [start("PLAIN"), HEARTBEAT.to_vec()] {
        let mut end = End::fresh_client();
        end.takes(&first);
        end.sent();
        end.drops(b"AMQP\x01\x01\0\x0A", "FRM-03");
    }
}

fn a_client_asks_for_each_dialect_by_its_header() {
    for (dialect, header) in HEADERS {
        let mut end = client_of(dialect);
        assert_eq!(hex(&end.sent()), hex(header), "{dialect}");
    }
}

/// The header that the document of 0-8 draws: Debian's python3-amqplib sends it, and RabbitMQ takes it.
fn a_server_knows_0_8_by_its_other_header() {
    const OTHER: &[u8; 8] = b"\x41\x4D\x51\x50\x01\x01\x09\x01";
    let mut end = End::fresh_server();
    assert_eq!(lines(&end.takes(OTHER)), [""; 0]);
    assert_eq!(end.connection.dialect(), Dialect::V0_8);
    let sent = frames(&end.sent());
    let [(1, 0, start)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(start[..6], *b"\0\x0A\0\x0A\x08\0");
    let protocol = refuses(server_of(&[Dialect::V0_9_1]), OTHER, PROTOCOL_HEADER);
    assert_eq!(protocol.to_string(), "AMQP 0-8");
}

fn a_server_knows_each_dialect_by_its_header() {
    for (dialect, header) in HEADERS {
        let mut end = End::fresh_server();
        end.takes(header);
        assert_eq!(end.connection.dialect(), dialect);
        let sent = frames(&end.sent());
        assert!(matches!(&sent[..], [(1, 0, _)]), "{dialect}: {sent:?}");
    }
    // It knows the others too, and refuses them by name.
    for (header, name) in [
        (b"AMQP\x01\x01\0\x0A", "AMQP 0-10"),
        (b"AMQP\0\x01\0\0", "AMQP 1.0"),
        (b"AMQP\x02\x01\0\0", "AMQP 1.0 (TLS)"),
        (b"AMQP\x03\x01\0\0", "AMQP 1.0 (SASL)"),
    ] {
        let mut end = End::fresh_server();
        let events = end.feed(header);
        assert_eq!(end.sent(), b"AMQP\0\0\x09\x01", "{name}");
        assert_eq!(other_protocol(&events, Initiator::Library).to_string(), name);
        let told = format!("connection over: the peer asked for {name}, which isn't served");
        assert_eq!(lines(&events), [told]);
    }
}

fn a_client_refuses_a_higher_version_than_it_asked_for() {
    let asks = |dialect, version: [u8; 2]| {
        let mut end = client_of(dialect);
        end.sent();
        (end, start_of(version))
    };
    for (dialect, version) in [
        (Dialect::V0_9_1, [0, 9]),
        (Dialect::V0_9_1, [0, 8]),
        (Dialect::V0_9_1, [0, 0]),
        (Dialect::V0_9, [0, 9]),
        (Dialect::V0_8, [8, 0]),
    ] {
        let (mut end, start) = asks(dialect, version);
        end.takes(&start);
        assert_eq!(end.connection.phase(), Phase::Secure, "{dialect} {version:?}");
    }
    for (dialect, version) in [
        (Dialect::V0_9_1, [0, 10]),
        (Dialect::V0_9_1, [0, 255]),
        (Dialect::V0_9_1, [1, 0]),
        (Dialect::V0_9_1, [1, 9]),
        (Dialect::V0_9_1, [8, 0]),
        (Dialect::V0_9_1, [255, 255]),
        (Dialect::V0_9, [0, 10]),
        (Dialect::V0_9, [8, 0]),
        (Dialect::V0_8, [0, 9]),
        (Dialect::V0_8, [8, 1]),
        (Dialect::V0_8, [9, 0]),
    ] {
        let (mut end, start) = asks(dialect, version);
        let violation = end.drops(&start, "HDR-07");
        assert_eq!(violation.reply_code, ReplyCode(540), "{dialect} {version:?}");
        let got = Got::Number(u64::from(version[0]) * 256 + u64::from(version[1]));
        assert_eq!(violation.got, got, "{dialect} {version:?}");
    }
}

fn a_server_names_the_version_that_was_asked_for() {
    for ((dialect, header), version) in HEADERS.into_iter().zip([[8, 0], [0, 9], [0, 9]]) {
        let mut end = End::fresh_server();
        end.takes(header);
        let sent = frames(&end.sent());
        assert_eq!(sent[0].2[..4], *b"\0\x0A\0\x0A", "{dialect}");
        assert_eq!(sent[0].2[4..6], version, "{dialect}");
    }
}

fn a_client_waits_for_no_more_than_start_and_tune() {
    // What it writes is the same whether the server's frames come alone or together.
    let mut end = End::fresh_client();
    let mut step_by_step = end.sent();
    assert_eq!(step_by_step, PROTOCOL_HEADER);
    end.takes(&start("PLAIN AMQPLAIN"));
    step_by_step.extend(end.sent());
    end.takes(&tune(2047, 131_072, 60));
    let sent = end.sent();
    assert_eq!(sent, [tune_ok(2047, 131_072, 60), open("/")].concat());
    step_by_step.extend(sent);
    end.takes(&open_ok());
    step_by_step.extend(end.sent());

    let mut end = End::fresh_client();
    let events = end.takes(&server_handshake(131_072));
    assert!(matches!(events[..], [Event::Connected]), "{:?}", lines(&events));
    assert_eq!(hex(&end.sent()), hex(&step_by_step));
}

fn a_server_takes_a_handshake_however_it_is_cut() {
    let octets = [client_handshake(131_072), channel_open(1), declare(1, "q")].concat();
    for cut in 0..=octets.len() {
        let mut end = End::fresh_server();
        let (first, second) = octets.split_at(cut);
        let mut events = end.takes(first);
        events.extend(end.takes(second));
        let [
            Event::Credentials(_),
            Event::VirtualHost(_),
            Event::Connected,
            Event::ChannelOpened(_),
            Event::Request { .. },
        ] = &events[..]
        else {
            panic!("{:?}", lines(&events))
        };
        let sent = end.sent();
        let start = 8 + frames(&sent)[0].2.len();
        let rest = [tune(2047, 131_072, 60), open_ok(), channel_open_ok(1)].concat();
        assert_eq!(hex(&sent[start..]), hex(&rest), "cut at {cut}");
    }
}

/// The header is answered as any frame of an unknown type is.
fn takes_a_header_for_no_frame(open: End, strict: End) {
    for octets in [PROTOCOL_HEADER, b"AMQP\x01\x01\0\x09", b"AMQP\0\0\0\0"] {
        let mut end = open.clone();
        end.takes(HEARTBEAT);
        let violation = end.closes(octets, "FRM-03", ReplyCode(501));
        assert_eq!(violation.method, MethodId { class_id: 0, method_id: 0 });
        strict.clone().drops(octets, "FRM-03");
    }
}

fn a_client_takes_a_header_in_an_open_connection_for_no_frame() {
    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    takes_a_header_for_no_frame(End::client_channel(), End::client_with(config));
}

fn a_server_takes_a_header_in_an_open_connection_for_no_frame() {
    let mut config = ServerConfig::default();
    config.profile = Profile::STRICT;
    takes_a_header_for_no_frame(End::server_channel(), End::server_with(config));
}
