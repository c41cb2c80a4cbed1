//! The handshake: what passes in which state, and what both sides agree on.

use amqp_proto::protocol::{Properties, PropertiesBuf, ReplyCode, basic};
use amqp_proto::{
    ClientConfig, CloseDetail, Connection, Decision, Event, Heartbeat, Initiator, Mechanism, Phase,
    ServerConfig,
};

use crate::common::*;
use crate::end::{End, first_violation};
use crate::methods::methods;

/// What passes on channel 0 in each state of the handshake, after the specification; besides
/// heartbeats, which pass in all. A redirect is Broker-J's, and close in place of an answer is what
/// brokers do.
const LEGAL: &[(&str, &[&str])] = &[
    ("client start", &["connection.start"]),
    ("client secure", &["connection.tune", "connection.close"]),
    ("client challenged", &["connection.secure", "connection.tune", "connection.close"]),
    ("client opening", &["connection.open-ok", "connection.redirect", "connection.close"]),
    ("server start", &["connection.start-ok"]),
    ("server secure", &["connection.secure-ok"]),
    ("server tune", &["connection.tune-ok"]),
    ("server opening", &["connection.open"]),
];

/// An end in this state, with nothing more to write.
fn reached(state: &str) -> Connection {
    let mut client = Connection::client(plain(), T0);
    let mut server = Connection::server(ServerConfig::default(), T0);
    let own = |name: &str| ClientConfig::with_mechanisms(vec![Mechanism::custom(name, b"")]);
    let login = start_ok("PLAIN", b"\0a\0b");
    let steps: Vec<Vec<u8>> = match state {
        "client start" => vec![],
        "client secure" => vec![start("PLAIN")],
        "client challenged" => {
            client = Connection::client(own("OTHER"), T0);
            vec![start("OTHER")]
        }
        "client opening" => vec![start("PLAIN"), tune(2047, 131_072, 60)],
        "server start" => vec![PROTOCOL_HEADER.into()],
        "server login" | "server secure" => vec![PROTOCOL_HEADER.into(), login],
        "server tune" => vec![PROTOCOL_HEADER.into(), login],
        "server opening" => vec![PROTOCOL_HEADER.into(), login, tune_ok(2047, 131_072, 60)],
        "server host" => {
            vec![PROTOCOL_HEADER.into(), login, tune_ok(2047, 131_072, 60), open("/")]
        }
        _ => panic!("{state}"),
    };
    let is_client = state.starts_with("client");
    let connection = if is_client { &mut client } else { &mut server };
    for octets in steps {
        feed(connection, &octets);
        while let Some(event) = connection.poll_event() {
            let decision = match (event, state) {
                (Event::Credentials(_), "server secure") => Decision::Challenge(b"?"),
                (Event::Credentials(_), "server login") | (Event::VirtualHost(_), _) => continue,
                _ => Decision::Accept,
            };
            connection.decide(decision).unwrap();
        }
    }
    output(connection);
    if is_client { client } else { server }
}

/// All events there are; nothing is decided.
fn undecided(connection: &mut Connection) -> Vec<Event> {
    core::iter::from_fn(|| connection.poll_event()).collect()
}

/// A frame that may not come: it is told as a violation of the handshake, the connection is over,
/// and the rest of a handshake in the best order changes nothing.
fn is_refused(state: &str, fresh: &Connection, octets: &[u8], rules: &[&str]) {
    let mut connection = fresh.clone();
    feed(&mut connection, octets);
    let mut events = undecided(&mut connection);
    let violation = first_violation(&events);
    assert!(rules.contains(&violation.rule), "{state}: {violation}");
    let expected = if violation.rule == "FRM-10" { 504 } else { 503 };
    assert_eq!(violation.reply_code, ReplyCode(expected), "{state}: {violation}");
    // There is no Close before connection.open (HS-02).
    let sent = frames(&output(&mut connection));
    if state.ends_with("opening") {
        let [(1, 0, close)] = &sent[..] else { panic!("{state}: {sent:?}") };
        let expected = [b"\0\x0A\0\x32", &expected.to_be_bytes()[..]].concat();
        assert!(close.starts_with(&expected), "{state}: {violation}");
    } else {
        assert_eq!(sent, [], "{state}: {violation}");
        assert_eq!(connection.phase(), Phase::Closed);
    }
    let rest = if state.starts_with("client") {
        [server_handshake(131_072), channel_open_ok(1), deliver(1, 1)].concat()
    } else {
        [&client_handshake(131_072)[8..], &channel_open(1), &publish(1, "k")].concat()
    };
    feed(&mut connection, &rest);
    connection.handle_eof(T0);
    events.extend(undecided(&mut connection));
    let told = |event: &Event| matches!(event, Event::Violation(_) | Event::Closed(_));
    assert!(events.iter().all(told), "{state}: {:?}", lines(&events));
    assert_eq!(endings(&events), 1, "{state}");
}

/// Qpid Broker-J: connection methods were taken in states in which they have no place, so that the
/// login could be left out. `HS-01`, `HS-08`, `HS-07`.
pub(crate) fn cve_2016_4432_each_state_takes_its_own_methods_only() {
    let rules = ["HS-01", "HS-07", "MTH-03", "FRM-09", "FRM-10", "HB-02"];
    let mut passed = 0;
    for (state, legal) in LEGAL {
        let fresh = reached(state);
        for (name, class_id, method_id, arguments) in methods() {
            for channel in [0, 1] {
                let octets = method(channel, class_id, method_id, &arguments);
                if channel != 0 || !legal.contains(&name) {
                    is_refused(state, &fresh, &octets, &rules);
                    continue;
                }
                let mut connection = fresh.clone();
                feed(&mut connection, &octets);
                let events = undecided(&mut connection);
                let is_violation = |event: &Event| matches!(event, Event::Violation(_));
                assert!(!events.iter().any(is_violation), "{state}, {name}: {:?}", lines(&events));
                assert!(
                    connection.phase() != fresh.phase() || !events.is_empty(),
                    "{state}, {name}"
                );
                passed += 1;
            }
        }
        for channel in [0, 1] {
            is_refused(state, &fresh, &header(channel, 0, BARE), &["HS-01"]);
            is_refused(state, &fresh, &body(channel, b"x"), &["HS-01"]);
        }
        is_refused(state, &fresh, &frame(8, 1, b""), &["HB-02"]);
        let mut beaten = fresh.clone();
        feed(&mut beaten, &HEARTBEAT.repeat(3));
        assert!(undecided(&mut beaten).is_empty() && beaten.phase() == fresh.phase(), "{state}");
    }
    let legal: usize = LEGAL.iter().map(|(_, methods)| methods.len()).sum();
    assert_eq!(passed, legal);
}

/// While the application owes a decision nothing passes at all, and when it is no there is nothing
/// left to pass. `HS-08`.
pub(crate) fn cve_2016_4432_nothing_passes_while_a_decision_is_owed() {
    for state in ["server login", "server host"] {
        let fresh = reached(state);
        for (name, class_id, method_id, arguments) in methods() {
            for channel in [0, 1] {
                let mut connection = fresh.clone();
                feed(&mut connection, &method(channel, class_id, method_id, &arguments));
                assert!(undecided(&mut connection).is_empty(), "{state}, {name}");
                assert_eq!(connection.phase(), fresh.phase(), "{state}, {name}");
                assert_eq!(output(&mut connection), b"", "{state}, {name}");
                let refused = Decision::Refuse { code: ReplyCode(403), text: "no" };
                connection.decide(refused).unwrap();
                connection.handle_eof(T0);
                let events = undecided(&mut connection);
                let over = |event: &Event| matches!(event, Event::Closed(_));
                assert!(events.iter().all(over) && events.len() == 1, "{:?}", lines(&events));
            }
        }
    }
}

/// In whatever order a client sends what belongs to a handshake: without a yes to its credentials
/// it gets no further than these. `HS-08`.
pub(crate) fn cve_2016_4432_no_order_of_methods_goes_around_the_login() {
    let steps = [
        start_ok("PLAIN", b"\0a\0b"),
        method(0, 10, 21, &long(b"\0a\0b")),
        tune_ok(2047, 131_072, 60),
        open("/"),
        channel_open(1),
        publish(1, "k"),
        method(0, 10, 70, &[long(b"token"), short("")].concat()),
        HEARTBEAT.to_vec(),
    ];
    let all = 0..steps.len();
    for first in all.clone() {
        for second in all.clone() {
            for third in all.clone() {
                for fourth in all.clone() {
                    let mut server = reached("server start");
                    let order = [first, second, third, fourth];
                    let octets: Vec<u8> =
                        order.iter().flat_map(|step| &steps[*step]).copied().collect();
                    feed(&mut server, &octets);
                    for event in undecided(&mut server) {
                        let early = matches!(
                            event,
                            Event::Credentials(_) | Event::Violation(_) | Event::Closed(_)
                        );
                        assert!(early, "{order:?}: {event}");
                    }
                    let phase = server.phase();
                    assert!(matches!(phase, Phase::Start | Phase::Closed), "{order:?}: {phase}");
                    assert_eq!(server.channels().count(), 0);
                    assert_eq!(output(&mut server), b"", "{order:?}");
                }
            }
        }
    }
}

/// An open client that wanted this and was offered that; what tune-ok said.
fn client_of(own: Heartbeat, offered: u16) -> (End, u16) {
    let mut config = plain();
    config.heartbeat = own;
    let mut end = End::new(Connection::client(config, T0)).at(Phase::Start);
    end.takes(&start("PLAIN"));
    end.sent();
    end.takes(&tune(2047, 131_072, offered));
    let sent = frames(&end.sent());
    let said = u16::from_be_bytes(sent[0].2[10..12].try_into().unwrap());
    end.takes(&open_ok());
    (end, said)
}

/// Sends at half the value, gives up at twice the value, and not a millisecond earlier; with 0
/// never.
fn keeps_time(mut end: End, seconds: u16) {
    assert_eq!(end.connection.heartbeat(), seconds);
    end.ignores(HEARTBEAT);
    if seconds == 0 {
        assert_eq!(end.connection.poll_timeout(), None);
        assert!(end.wait_until(at(1_000_000)).is_empty());
        assert_eq!(hex(&end.sent()), "");
        return;
    }
    let half = u64::from(seconds) * 500;
    assert!(end.wait_until(millis(half - 1)).is_empty());
    assert_eq!(hex(&end.sent()), "");
    assert!(end.wait_until(millis(half)).is_empty());
    assert_eq!(end.sent(), HEARTBEAT);
    // Three more beats of its own, none of the peer.
    assert!(end.wait_until(millis(4 * half - 1)).is_empty());
    end.sent();
    let events = end.wait_until(millis(4 * half));
    let [Event::Closed(reason)] = &events[..] else { panic!("{seconds}: {:?}", lines(&events)) };
    assert_eq!(
        (reason.initiator, &reason.detail),
        (Initiator::Transport, &CloseDetail::HeartbeatLoss)
    );
    assert_eq!((hex(&end.sent()), end.connection.poll_timeout()), (String::new(), None));
}

/// php-amqplib took the wrong one of both sides' values, and its timers followed it. `TUN-10`,
/// `HB-05`, `HB-07`.
pub(crate) fn php_amqplib_1018_the_heartbeat_is_agreed_on_and_kept() {
    let offers = [0, 1, 30, 60, 600, 65_535];
    for (own, agreed) in [
        (Heartbeat::Off, [0, 0, 0, 0, 0, 0]),
        (Heartbeat::Prefer(0), [0, 0, 0, 0, 0, 0]),
        (Heartbeat::Prefer(1), [1, 1, 1, 1, 1, 1]),
        (Heartbeat::Prefer(30), [30, 1, 30, 30, 30, 30]),
        (Heartbeat::Prefer(60), [60, 1, 30, 60, 60, 60]),
        (Heartbeat::Prefer(600), [600, 1, 30, 60, 600, 600]),
        (Heartbeat::Prefer(65_535), [65_535, 1, 30, 60, 600, 65_535]),
    ] {
        for (offered, agreed) in offers.into_iter().zip(agreed) {
            let (end, said) = client_of(own, offered);
            assert_eq!(said, agreed, "{own:?}, offered {offered}");
            keeps_time(end, agreed);
        }
    }
    // To a server it is the client's decision.
    for offered in offers {
        for said in offers {
            let mut config = ServerConfig::default();
            config.heartbeat = offered;
            let mut end = End::new(Connection::server(config, T0)).at(Phase::Start);
            end.takes(&start_ok("PLAIN", b"\0a\0b"));
            assert_eq!(end.sent(), tune(2047, 131_072, offered));
            end.takes(&[tune_ok(2047, 131_072, said), open("/")].concat());
            end.sent();
            keeps_time(end, said);
        }
    }
}

/// php-amqplib: a server that offers 0 has no wish of its own, but it switched off what the client
/// wanted. `TUN-10`, `TUN-11`.
pub(crate) fn php_amqplib_1080_an_offer_of_0_does_not_switch_heartbeats_off() {
    let (mut end, said) = client_of(Heartbeat::Prefer(10), 0);
    assert_eq!(said, 10);
    // It beats although the peer never does, as long as any octets come.
    for second in (5..100).step_by(5) {
        assert!(end.wait_until(at(second)).is_empty());
        assert_eq!(end.sent(), HEARTBEAT);
        end.ignores(HEARTBEAT);
    }
    let (mut end, said) = client_of(Heartbeat::Off, 10);
    assert_eq!(said, 0);
    end.ignores(HEARTBEAT);
    assert_eq!(end.connection.poll_timeout(), None);
}

/// The RabbitMQ Java client: a frame-max of 0 was taken for a limit of nothing, and no header
/// fitted. `TUN-04`, `TUN-06`.
pub(crate) fn rabbitmq_java_client_407_a_frame_max_of_0_is_no_limit() {
    let unlimited = 16 << 20;
    // Own, offered; what tune-ok says, and what holds then.
    for (own, offered, said) in [
        (0, 0, unlimited),
        (0, 4096, 4096),
        (0, 131_072, 131_072),
        (4096, 0, 4096),
        (131_072, 0, 131_072),
        (131_072, 4096, 4096),
        (8192, 131_072, 8192),
    ] {
        let mut config = plain();
        config.frame_max = own;
        let mut end = End::new(Connection::client(config, T0)).at(Phase::Start);
        end.takes(&start("PLAIN"));
        end.sent();
        end.takes(&tune(2047, offered, 60));
        assert_eq!(end.sent(), [tune_ok(2047, said, 60), open("/")].concat(), "{own}, {offered}");
        end.takes(&open_ok());
        assert_eq!(end.connection.frame_max(), said, "{own}, {offered}");
        publishes(end);

        let mut config = ServerConfig::default();
        config.frame_max = offered;
        let mut end = End::new(Connection::server(config, T0)).at(Phase::Start);
        end.takes(&start_ok("PLAIN", b"\0a\0b"));
        let told = if offered == 0 { unlimited } else { offered };
        assert_eq!(end.sent(), tune(2047, told, 60));
        end.takes(&[tune_ok(2047, said, 60), open("/")].concat());
        end.sent();
        assert_eq!(end.connection.frame_max(), said, "{own}, {offered}");
        publishes(end);
    }
}

/// A message with a header of 47 octets, as in the report, goes out and comes in.
fn publishes(end: End) {
    let mut end = end.with_contents(1);
    let name = "x".repeat(47 - 12 - 2 - 1);
    let properties = PropertiesBuf::new().with_content_type(name.as_str()).unwrap();
    end.send_content(1, properties.as_properties(), "body").unwrap();
    let sent = end.sent();
    assert_eq!(frames(&sent)[1].2.len(), 47);
    let values = [b"\x80\0", &short(&name)[..]].concat();
    let octets = [header(1, 4, &values), body(1, b"body")].concat();
    assert_eq!(sent, [end.own_content(1, 1), octets.clone()].concat());
    let events = end.takes(&[end.content_of_peer(1, 1), octets].concat());
    assert!(matches!(events[..], [Event::Content(_)]), "{:?}", lines(&events));
    if end.is_client() {
        let publish = basic::Publish::default();
        end.channel().publish(&publish, Properties::EMPTY, &[7; 300_000]).unwrap();
        let bodies = frames(&end.sent()).into_iter().map(|frame| frame.2.len());
        let largest = (end.connection.frame_max() as usize - 8).min(300_000);
        assert_eq!(bodies.max(), Some(largest));
    }
}
