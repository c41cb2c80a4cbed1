//! Malformed and unexpected octets from a peer: who else is touched by them, logins that lack what
//! they should have, and channels that the other side has not, or no more.

use amqp_proto::protocol::{Properties, ReplyCode, basic, queue};
use amqp_proto::sasl::{Login, PlainLogin};
use amqp_proto::{
    CloseDetail, Connection, Decision, Event, Initiator, Mechanism, Phase, Scope, ServerConfig,
};

use crate::common::*;
use crate::end::{End, token};
use crate::methods::methods;
use crate::support::*;

/// Servers in every state that a client can bring them to, channel 1 included.
fn servers() -> Vec<Connection> {
    let mut states = vec![Connection::server(ServerConfig::default(), T0)];
    let mut next = |octets: &[u8], decision: Option<Decision<'_>>| {
        let mut server = states[states.len() - 1].clone();
        feed(&mut server, octets);
        while server.poll_event().is_some() {}
        if let Some(decision) = decision {
            server.decide(decision).unwrap();
        }
        output(&mut server);
        states.push(server);
    };
    next(PROTOCOL_HEADER, None);
    next(&start_ok("PLAIN", b"\0a\0b"), None); // a decision is owed
    next(b"", Some(Decision::Challenge(b"?")));
    next(&method(0, 10, 21, &long(b"!")), Some(Decision::Accept));
    next(&tune_ok(2047, 131_072, 60), None);
    next(&open("/"), Some(Decision::Accept));
    next(&channel_open(1), None);
    next(&consume(1, "c", false), None);
    next(&publish(1, "k"), None);
    next(&header(1, 10, BARE), None);
    next(&body(1, b"half"), None);
    states
}

/// The connection ends at most once, says at most one Close, and writes whole frames.
fn ends_by_itself(server: &Connection, octets: &[u8]) {
    let mut server = server.clone();
    feed(&mut server, octets);
    let mut events = poll(&mut server);
    let ends = |event: &&Event| match event {
        Event::Violation(violation) => violation.scope == Scope::Connection,
        _ => false,
    };
    assert!(events.iter().filter(ends).count() <= 1, "{}", hex(octets));
    let sent = output(&mut server);
    let sent = sent.strip_prefix(PROTOCOL_HEADER).unwrap_or(&sent);
    let closes = |frame: &&(u8, u16, Vec<u8>)| frame.2.starts_with(b"\0\x0A\0\x32");
    assert!(frames(sent).iter().filter(closes).count() <= 1, "{}", hex(octets));
    server.handle_eof(T0);
    events.extend(poll(&mut server));
    assert_eq!(endings(&events), 1, "{}", hex(octets));
    assert_eq!(server.phase(), Phase::Closed);
}

/// Qpid Broker-J: a malformed field table in a command took the whole broker down. Here each
/// connection ends by its own octets, in whatever state it is, and others don't notice. `LIM-10`,
/// `MTH-04`.
pub(crate) fn cve_2019_0200_a_malformed_command_ends_one_connection() {
    let mut neighbour = End::server_channel();
    let table = long(b"\x01aF\0\0\0\x06\x01bA\0\0\0\x01t");
    for server in servers() {
        for (_, class_id, method_id, arguments) in methods() {
            let channel = u16::from(class_id != 10);
            let mut variants = vec![arguments.clone()];
            for place in 0..arguments.len() {
                variants.push(arguments[..place].to_vec());
                for octet in [0, 0x7F, 0x80, 0xFF] {
                    let mut changed = arguments.clone();
                    changed[place] = octet;
                    variants.push(changed);
                }
            }
            // A table whose inner lengths pass each other, where a table may be.
            if let Some(before) = arguments.strip_suffix(&[0; 4]) {
                variants.push([before, &table].concat());
            }
            for arguments in variants {
                ends_by_itself(&server, &method(channel, class_id, method_id, &arguments));
            }
        }
        let to = token(&neighbour.takes(&declare(1, "q")));
        let reply = queue::DeclareOk { queue: "q".into(), ..Default::default() };
        neighbour.channel().reply(to, &reply).unwrap();
        assert_eq!(neighbour.sent(), declare_ok(1, "q"));
    }
}

/// A server with this limit for frames before tuning, that has sent start.
fn server_with_room(frame_before_tune: u32) -> Connection {
    let mut config = ServerConfig::default();
    config.frame_max = 4 << 20;
    config.limits.frame_before_tune = frame_before_tune;
    let mut server = Connection::server(config, T0);
    feed(&mut server, PROTOCOL_HEADER);
    assert!(server.poll_event().is_none());
    output(&mut server);
    server
}

/// Qpid Broker-J: a PLAIN response without its separators raised an exception that nobody caught on
/// the thread of all connections. `HS-05`.
pub(crate) fn cve_2016_3094_a_plain_response_without_separators_is_no_login() {
    let large = vec![b'x'; 1 << 20];
    let large_with_one = [b"\0", &large[..]].concat();
    let large_login = [b"\0a\0", &large[..]].concat();
    for (response, login) in [
        (&b""[..], None),
        (b"\0", None),
        (b"guest", None),
        (b"guest\0guest", None),
        (b"\0guest", None),
        (b"\0\0\0", None),
        (b"\0guest\0guest\0", None),
        (&[0; 5000], None),
        (&large, None),
        (&large_with_one, None),
        (b"\0\0", Some((&b""[..], &b""[..]))),
        (b"\0guest\0", Some((b"guest", b""))),
        (b"\0guest\0guest", Some((b"guest", b"guest"))),
        (b"admin\0guest\0g\xFFest", Some((b"guest", b"g\xFFest"))),
        (&large_login, Some((b"a", &large))),
    ] {
        let name = response.len();
        let parsed = Login::parse("PLAIN", response).map(|login| (login.user, login.password));
        assert_eq!(parsed, login, "{name} octets");
        assert_eq!(PlainLogin::parse(response).is_some(), login.is_some());
        let mut server = server_with_room(2 << 20);
        feed(&mut server, &start_ok("PLAIN", response));
        let Some(Event::Credentials(credentials)) = server.poll_event() else {
            panic!("{name} octets")
        };
        assert_eq!(credentials.response(), response);
        let parsed = credentials.login().map(|login| (login.user, login.password));
        assert_eq!(parsed, login);
        // The application refuses what is no login, and that is all that happens.
        let refused = Decision::Refuse { code: ReplyCode(403), text: "no" };
        server.decide(refused).unwrap();
        let events = poll(&mut server);
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(
            (reason.initiator, &reason.detail),
            (Initiator::Local, &CloseDetail::LoginRefused)
        );
        assert_eq!(output(&mut server), b"");
    }
    // A mebibyte isn't even waited for, unless the application wants it.
    let mut end = End::new(server_with_room(8192));
    end.drops(&start_ok("PLAIN", &large)[..7], "LIM-02");
    // A client sends no such response itself.
    for (user, password) in [("a\0b", "c"), ("a", "b\0c")] {
        let mut client = Connection::client(amqp_proto::ClientConfig::plain(user, password), T0);
        output(&mut client);
        feed(&mut client, &start("PLAIN"));
        let events = poll(&mut client);
        assert!(matches!(events[..], [Event::Closed(_)]), "{:?}", lines(&events));
        assert_eq!(output(&mut client), b"");
    }
}

/// Qpid Broker-J: PLAIN and XOAUTH2 without an initial response crashed it. `HS-05`, `HS-07`.
pub(crate) fn cve_2018_1298_a_login_may_come_without_its_initial_response() {
    for name in ["PLAIN", "XOAUTH2", "AMQPLAIN"] {
        let mut config = ServerConfig::default();
        config.mechanisms = "PLAIN XOAUTH2 AMQPLAIN".into();
        let mut end = End::new(Connection::server(config, T0)).at(Phase::Start);
        let events = end.asks(&start_ok(name, b""));
        let [Event::Credentials(credentials)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(
            (credentials.mechanism().as_str(), credentials.response()),
            (Ok(name), &b""[..])
        );
        assert!(credentials.login().is_none());
        // Nothing is decided by it, and nothing passes before it is.
        assert_eq!(end.connection.phase(), Phase::Start);
        let pipelined = [tune_ok(2047, 131_072, 60), open("/"), channel_open(1)].concat();
        assert!(end.clone().asks(&pipelined).is_empty());
        let mut refused = end.clone();
        let decision = Decision::Refuse { code: ReplyCode(403), text: "no login" };
        refused.connection.decide(decision).unwrap();
        assert!(matches!(refused.asks(b"")[..], [Event::Closed(_)]));
        assert_eq!(hex(&refused.sent()), "");
        // The application may ask for the response that is missing.
        end.connection.decide(Decision::Challenge(b"")).unwrap();
        assert_eq!(end.sent(), method(0, 10, 20, &long(b"")));
        let events = end.asks(&method(0, 10, 21, &long(b"\0guest\0guest")));
        let [Event::SaslResponse(response)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(response.response(), b"\0guest\0guest");
        end.connection.decide(Decision::Accept).unwrap();
        assert_eq!(end.sent(), tune(2047, 131_072, 60));
    }
    // The other way round: a client gives its response when a broker asks for it by an empty
    // challenge.
    for (mechanism, response) in [
        (Mechanism::plain("guest", "guest"), &b"\0guest\0guest"[..]),
        (Mechanism::anonymous(), b""),
        (Mechanism::external(), b""),
    ] {
        let name = mechanism.name().to_owned();
        let config = amqp_proto::ClientConfig::with_mechanisms(vec![mechanism]);
        let mut end = End::new(Connection::client(config, T0)).at(Phase::Start);
        end.takes(&start(&name));
        end.sent();
        end.takes(&method(0, 10, 20, &long(b"")));
        assert_eq!(end.sent(), method(0, 10, 21, &long(response)), "{name}");
    }
}

/// Methods of a server for channels, by name.
const OF_A_SERVER: &[&str] = &[
    "channel.open-ok",
    "channel.flow",
    "channel.flow-ok",
    "channel.close",
    "channel.close-ok",
    "access.request-ok",
    "exchange.declare-ok",
    "exchange.delete-ok",
    "exchange.bound-ok",
    "exchange.bind-ok",
    "exchange.unbind-ok",
    "queue.declare-ok",
    "queue.bind-ok",
    "queue.purge-ok",
    "queue.delete-ok",
    "queue.unbind-ok",
    "basic.qos-ok",
    "basic.consume-ok",
    "basic.cancel",
    "basic.cancel-ok",
    "basic.return",
    "basic.deliver",
    "basic.get-ok",
    "basic.get-empty",
    "basic.ack",
    "basic.recover-ok",
    "basic.nack",
    "confirm.select-ok",
    "tx.select-ok",
    "tx.commit-ok",
    "tx.rollback-ok",
];

/// py-amqp: a channel number that the broker had chosen was looked up in the client's list of
/// channels. `LIM-05`, `CHN-01`.
pub(crate) fn py_amqp_639_channels_that_a_client_never_opened_are_not_there() {
    let end = End::client_channel();
    let listed = methods();
    let of_a_server: Vec<_> =
        listed.iter().filter(|method| OF_A_SERVER.contains(&method.0)).collect();
    assert_eq!(of_a_server.len(), OF_A_SERVER.len());
    for channel in [2, 3, 127, 128, 255, 256, 2046, 2047, 2048, 32_767, 32_768, 65_535] {
        let mut octets: Vec<_> = of_a_server
            .iter()
            .map(|(_, class_id, method_id, arguments)| {
                method(channel, *class_id, *method_id, arguments)
            })
            .collect();
        octets.extend([header(channel, 0, BARE), header(channel, 1 << 40, BARE)]);
        octets.extend([body(channel, b""), body(channel, &[7; 100])]);
        for octets in octets {
            let mut closing = end.clone();
            closing.feed(&octets);
            let open: Vec<_> = closing.connection.channels().map(|id| id.number()).collect();
            assert_eq!(open, [1], "{}", hex(&octets));
            let violation = end.clone().closes(&octets, "CHN-01", ReplyCode(504));
            assert_eq!(violation.channel, channel);
        }
    }
}

/// All that may still come on a channel when its Close is on the way: contents, whole and not,
/// replies, and what comes by itself.
fn stragglers(end: &End) -> Vec<u8> {
    if !end.is_client() {
        let half = [publish(1, "k"), header(1, 10, BARE), body(1, b"half")].concat();
        let ack = method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0");
        return [message(publish(1, "k"), 1, b"body", 2), ack, declare(1, "q"), half].concat();
    }
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\x03\0\x01e\x01k\0\0\0\x05");
    let returned = method(1, 60, 50, b"\x01\x38\x08NO_ROUTE\0\x01k");
    [
        declare_ok(1, "q"),
        message(deliver(1, 1), 1, b"body", 2),
        message(get_ok, 1, b"body", 4),
        message(returned, 1, b"body", 4),
        method(1, 60, 30, b"\x01c\x01"),
        method(1, 60, 31, b"\x01c"),
        method(1, 20, 20, b"\0"),
        // One more that never becomes whole.
        [deliver(1, 2), header(1, 10, BARE), body(1, b"half")].concat(),
    ]
    .concat()
}

/// bunny: a delivery for a channel that had just been closed ended the thread that reads, and
/// nothing was heard of the connection any more. `CHN-04`, `CHN-09`.
pub(crate) fn bunny_741_frames_of_a_channel_that_is_closing_are_discarded() {
    let [client, server] = ends();
    for end in [client.with_contents(2), server.with_contents(2)] {
        // Close falls before the stream, and after each half of a content.
        let begun = [end.content_of_peer(1, 1), header(1, 10, BARE), body(1, b"half")];
        for already in 0..=begun.len() {
            let mut end = end.clone();
            end.ignores(&begun[..already].concat());
            end.channel().close(ReplyCode(200), "enough").unwrap();
            assert_eq!(end.sent(), channel_close(1, 200, "enough"));
            end.ignores(&begun[already..].concat());
            for tag in 1..=3 {
                end.ignores(&stragglers(&end));
                // Another channel and the connection go on meanwhile.
                end.ignores(HEARTBEAT);
                let other = message(end.content_of_peer(2, tag), 2, b"other", 5);
                let events = end.takes(&other);
                assert!(
                    matches!(&events[..], [Event::Content(content)] if content.body() == b"other"),
                    "{:?}",
                    lines(&events)
                );
            }
            let events = end.takes(&channel_close_ok(1));
            assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
            assert_eq!(end.connection.phase(), Phase::Open);
            // Behind close-ok it is a number like any other that isn't open.
            end.clone().closes(&end.content_of_peer(1, 3), "CHN-01", ReplyCode(504));
            let mut end = end.with_contents(1);
            let octets = message(end.content_of_peer(1, 1), 1, b"anew", 4);
            let events = end.takes(&octets);
            assert!(matches!(&events[..], [Event::Content(content)] if content.body() == b"anew"));
            end.send_content(1, Properties::EMPTY, "out").unwrap();
            assert_eq!(end.sent(), message(end.own_content(1, 1), 1, b"out", 3));
        }
    }
    // Requests that were in flight fail, in order, and a get among them.
    let mut end = End::client_channel();
    let mut channel = end.channel();
    let asked = [
        channel.call(&queue::Declare { queue: "q".into(), ..Default::default() }).unwrap(),
        channel.call(&basic::Get { queue: "q".into(), ..Default::default() }).unwrap(),
    ];
    channel.close(ReplyCode(200), "").unwrap();
    end.sent();
    let events = end.takes(&[stragglers(&end), channel_close_ok(1)].concat());
    let failed = |event: &Event| match event {
        Event::RequestFailed { request, .. } => Some(Some(*request)),
        _ => None,
    };
    assert_eq!(events.iter().filter_map(failed).collect::<Vec<_>>(), asked);
    assert_eq!(events.len(), 3, "{:?}", lines(&events));
}
