//! The handshake: its order, its end before its time, and what may come in between.

use core::time::Duration;

use amqp_proto::protocol::{MethodId, ReplyCode};
use amqp_proto::{
    CloseDetail, Connection, Decision, Event, Initiator, Mechanism, Phase, ServerConfig, UsageError,
};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("HS-01", a_client_keeps_to_the_order_and_holds_a_server_to_it),
    server("HS-01", a_server_keeps_to_the_order_and_holds_a_client_to_it),
    client("HS-02", a_client_has_no_close_before_open_and_takes_one_from_start_on),
    server("HS-02", a_server_has_no_close_before_tune_ok_but_for_a_client_that_can_take_it),
    client("HS-08", a_client_sends_nothing_of_a_later_phase_before_its_login_is_over),
    server("HS-08", a_server_lets_nothing_pass_before_the_login_is_decided),
    client("HS-10", a_client_takes_no_second_handshake),
    server("HS-10", a_server_takes_no_second_handshake),
    client("HS-11", a_client_ignores_heartbeats_during_the_handshake),
    server("HS-11", a_server_ignores_heartbeats_during_the_handshake),
    client("HS-12", a_client_that_closes_before_open_says_nothing),
    server("HS-12", a_server_drops_a_close_before_open),
    client("HS-15", a_client_opens_channels_behind_open_ok_only),
    server("HS-15", a_server_takes_what_waits_behind_open_once_the_virtual_host_is_accepted),
    client("HS-16", a_client_waits_thirty_seconds_for_the_handshake),
    server("HS-16", a_server_waits_ten_seconds_for_the_handshake),
];

const CLIENT_PHASES: [Phase; 3] = [Phase::Start, Phase::Secure, Phase::Opening];
const SERVER_PHASES: [Phase; 4] = [Phase::Header, Phase::Start, Phase::Tune, Phase::Opening];

fn client_at(phase: Phase) -> End {
    End::fresh_client().at(phase)
}

fn server_at(phase: Phase) -> End {
    match phase {
        // By way of a challenge that is answered next.
        Phase::Secure => {
            let mut end = server_at(Phase::Start);
            end.asks(&login());
            end.connection.decide(Decision::Challenge(b"?")).unwrap();
            end.sent();
            assert_eq!(end.connection.phase(), Phase::Secure);
            end
        }
        _ => End::fresh_server().at(phase),
    }
}

fn login() -> Vec<u8> {
    start_ok("PLAIN", b"\0guest\0guest")
}

fn secure_ok() -> Vec<u8> {
    method(0, 10, 21, &long(b""))
}

/// A login of a client that can take a Close when it fails.
fn login_that_can_be_refused() -> Vec<u8> {
    let capability = [&short("authentication_failure_close")[..], b"t\x01"].concat();
    let properties = [&short("capabilities")[..], b"F", &long(&capability)].concat();
    let parts = [&long(&properties)[..], b"\x05PLAIN", &long(b"\0guest\0wrong"), b"\x05en_US"];
    method(0, 10, 11, &parts.concat())
}

fn refused() -> Decision<'static> {
    Decision::Refuse { code: ReplyCode(403), text: "who are you?" }
}

/// The one event is the end.
fn ended(events: &[Event], initiator: Initiator, code: u16) -> CloseDetail {
    let [Event::Closed(reason)] = events else { panic!("{:?}", lines(events)) };
    assert_eq!((reason.initiator, reason.reply_code), (initiator, ReplyCode(code)));
    reason.detail
}

/// What comes too early or too late, by phase: dropped where there is no Close handshake yet.
fn holds_to_the_order(cases: &[(Phase, Vec<u8>)], at: fn(Phase) -> End) {
    for (phase, octets) in cases {
        let mut end = at(*phase);
        let violation = if *phase == Phase::Opening {
            end.closes(octets, "HS-01", ReplyCode(503))
        } else {
            end.drops(octets, "HS-01")
        };
        assert_eq!(violation.reply_code, ReplyCode(503), "{violation}");
    }
}

fn a_client_keeps_to_the_order_and_holds_a_server_to_it() {
    let mut end = End::fresh_client();
    assert_eq!(end.sent(), PROTOCOL_HEADER);
    end.takes(&start("PLAIN AMQPLAIN"));
    let sent = frames(&end.sent());
    let [(1, 0, start_ok)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(start_ok[..4], *b"\0\x0A\0\x0B");
    end.takes(&tune(2047, 131_072, 60));
    assert_eq!(hex(&end.sent()), hex(&[tune_ok(2047, 131_072, 60), open("/")].concat()));
    let events = end.takes(&open_ok());
    assert!(matches!(events[..], [Event::Connected]), "{:?}", lines(&events));
    assert_eq!(hex(&end.sent()), "");

    let secure = method(0, 10, 20, &long(b""));
    let cases = [
        (Phase::Start, secure.clone()),
        (Phase::Start, tune(0, 0, 0)),
        (Phase::Start, open_ok()),
        (Phase::Start, channel_open_ok(1)),
        (Phase::Secure, start("PLAIN")),
        (Phase::Secure, open_ok()),
        (Phase::Secure, connection_close_ok()),
        (Phase::Secure, channel_close(1, 404, "")),
        (Phase::Opening, start("PLAIN")),
        (Phase::Opening, secure),
        (Phase::Opening, tune(0, 0, 0)),
        (Phase::Opening, channel_open_ok(1)),
        (Phase::Opening, deliver(1, 1)),
        (Phase::Opening, header(1, 0, BARE)),
    ];
    holds_to_the_order(&cases, client_at);
    for (phase, mut octets) in [(Phase::Start, start("PLAIN")), (Phase::Secure, tune(0, 0, 0))] {
        octets[2] = 1;
        client_at(phase).drops(&octets, "FRM-09");
    }
    let on_a_channel = method(1, 10, 41, b"\0");
    client_at(Phase::Opening).closes(&on_a_channel, "FRM-09", ReplyCode(503));
}

fn a_server_keeps_to_the_order_and_holds_a_client_to_it() {
    let mut end = End::fresh_server();
    end.takes(PROTOCOL_HEADER);
    let sent = frames(&end.sent());
    let [(1, 0, start)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(start[..4], *b"\0\x0A\0\x0A");
    end.asks(&login());
    assert_eq!(hex(&end.sent()), "");
    end.connection.decide(Decision::Challenge(b"more")).unwrap();
    assert_eq!(hex(&end.sent()), hex(&method(0, 10, 20, &long(b"more"))));
    end.asks(&secure_ok());
    assert_eq!(hex(&end.sent()), "");
    end.connection.decide(Decision::Accept).unwrap();
    assert_eq!(hex(&end.sent()), hex(&tune(2047, 131_072, 60)));
    end.ignores(&tune_ok(2047, 131_072, 60));
    let events = end.asks(&open("/"));
    assert!(matches!(events[..], [Event::VirtualHost(_)]), "{:?}", lines(&events));
    assert_eq!(hex(&end.sent()), "");
    end.connection.decide(Decision::Accept).unwrap();
    assert_eq!(hex(&end.sent()), hex(&open_ok()));
    let events = end.asks(b"");
    assert!(matches!(events[..], [Event::Connected]), "{:?}", lines(&events));

    let number = tune_ok(2047, 131_072, 60);
    let cases = [
        (Phase::Start, secure_ok()),
        (Phase::Start, number.clone()),
        (Phase::Start, open("/")),
        (Phase::Start, channel_open(1)),
        (Phase::Start, connection_close_ok()),
        (Phase::Start, body(1, b"")),
        (Phase::Secure, login()),
        (Phase::Secure, number.clone()),
        (Phase::Secure, open("/")),
        (Phase::Secure, channel_open(1)),
        (Phase::Tune, login()),
        (Phase::Tune, secure_ok()),
        (Phase::Tune, open("/")),
        (Phase::Tune, channel_open(1)),
        (Phase::Opening, login()),
        (Phase::Opening, secure_ok()),
        (Phase::Opening, number),
        (Phase::Opening, channel_open(1)),
        (Phase::Opening, publish(1, "k")),
        (Phase::Opening, header(1, 0, BARE)),
    ];
    holds_to_the_order(&cases, server_at);
    for (phase, mut octets) in [(Phase::Start, login()), (Phase::Tune, tune_ok(0, 0, 0))] {
        octets[2] = 1;
        server_at(phase).drops(&octets, "FRM-09");
    }
    let mut on_a_channel = open("/");
    on_a_channel[2] = 1;
    server_at(Phase::Opening).closes(&on_a_channel, "FRM-09", ReplyCode(503));
}

/// What an application that closes brings about, by phase: nothing is sent, or Close.
fn closes_by_command(mut end: End, told: bool) {
    let phase = end.connection.phase();
    end.connection.close(end.now, ReplyCode(320), "bye").unwrap();
    let expected = if told { connection_close(320, "bye") } else { Vec::new() };
    assert_eq!(hex(&end.sent()), hex(&expected), "{phase}");
    let answer = if told { connection_close_ok() } else { Vec::new() };
    assert_eq!(ended(&end.asks(&answer), Initiator::Local, 320), CloseDetail::None);
    assert_eq!(end.connection.phase(), Phase::Closed, "{phase}");
}

fn a_client_has_no_close_before_open_and_takes_one_from_start_on() {
    for phase in CLIENT_PHASES {
        closes_by_command(client_at(phase), phase == Phase::Opening);
    }
    let mut broken = open_ok();
    *broken.last_mut().unwrap() = 0xCD;
    client_at(Phase::Start).drops(&broken, "FRM-02");
    client_at(Phase::Secure).drops(&broken, "FRM-02");
    client_at(Phase::Opening).closes(&broken, "FRM-02", ReplyCode(501));

    client_at(Phase::Start).drops(&connection_close(320, ""), "HS-01");
    for (phase, detail) in [
        (Phase::Secure, CloseDetail::LoginRefused),
        (Phase::Opening, CloseDetail::VirtualHostRefused),
    ] {
        let mut end = client_at(phase);
        let events = end.feed(&connection_close(403, "who are you?"));
        assert_eq!(ended(&events, Initiator::Peer, 403), detail);
        assert_eq!(end.sent(), connection_close_ok());
        assert_eq!(end.connection.phase(), Phase::Closed);
    }
}

fn a_server_has_no_close_before_tune_ok_but_for_a_client_that_can_take_it() {
    for phase in [Phase::Secure].into_iter().chain(SERVER_PHASES) {
        closes_by_command(server_at(phase), phase == Phase::Opening);
    }
    let mut broken = open("/");
    *broken.last_mut().unwrap() = 0xCD;
    for phase in [Phase::Start, Phase::Secure, Phase::Tune] {
        server_at(phase).drops(&broken, "FRM-02");
    }
    server_at(Phase::Opening).closes(&broken, "FRM-02", ReplyCode(501));

    // A failed login, at once and after a challenge; the client hasn't waited for its end.
    let early = [tune_ok(2047, 131_072, 60), open("/")].concat();
    for (octets, is_told) in [(login(), false), (login_that_can_be_refused(), true)] {
        for challenged in [false, true] {
            let mut end = server_at(Phase::Start);
            end.asks(&octets);
            if challenged {
                end.connection.decide(Decision::Challenge(b"?")).unwrap();
                end.asks(&secure_ok());
                end.sent();
            }
            end.asks(&early);
            end.connection.decide(refused()).unwrap();
            let expected = if is_told { connection_close(403, "who are you?") } else { Vec::new() };
            assert_eq!(hex(&end.sent()), hex(&expected));
            let mut events = end.asks(b"");
            if is_told {
                assert_eq!(lines(&events), [""; 0]);
                end.ignores(&login());
                events = end.feed(&connection_close_ok());
            }
            assert_eq!(ended(&events, Initiator::Local, 403), CloseDetail::LoginRefused);
            end.ignores(&early);
        }
    }
}

fn a_client_sends_nothing_of_a_later_phase_before_its_login_is_over() {
    for phase in CLIENT_PHASES {
        let mut end = client_at(phase);
        let refused = end.connection.open_channel().unwrap_err();
        assert!(matches!(refused, UsageError::ConnectionPhase { .. }), "{refused}");
        let refused = end.connection.update_secret(b"new", "token").unwrap_err();
        assert!(matches!(refused, UsageError::ConnectionPhase { .. }), "{refused}");
        assert_eq!(hex(&end.sent()), "", "{phase}");
        assert_eq!(end.connection.phase(), phase);
    }
    // A server that asks for the end of a login that hasn't begun gets none of it.
    client_at(Phase::Start).drops(&tune(2047, 131_072, 60), "HS-01");
}

fn a_server_lets_nothing_pass_before_the_login_is_decided() {
    let early = [tune_ok(2047, 131_072, 60), open("/"), channel_open(1)].concat();
    let mut end = server_at(Phase::Start);
    assert_eq!(end.connection.decide(Decision::Accept), Err(UsageError::NothingToDecide));
    let events = end.asks(&[login(), early.clone()].concat());
    assert!(matches!(events[..], [Event::Credentials(_)]), "{:?}", lines(&events));
    assert_eq!(lines(&end.asks(HEARTBEAT)), [""; 0]);
    let refusals = [end.connection.redirect("elsewhere"), end.connection.block("full")];
    assert!(refusals.iter().all(|refusal| refusal.is_err()), "{refusals:?}");
    assert_eq!((hex(&end.sent()), end.connection.phase()), (String::new(), Phase::Start));

    // Accepted, it all goes through.
    let mut accepted = end.clone();
    accepted.connection.decide(Decision::Accept).unwrap();
    assert_eq!(accepted.takes(HEARTBEAT).len(), 3);
    let expected = [tune(2047, 131_072, 60), open_ok(), channel_open_ok(1)].concat();
    assert_eq!(hex(&accepted.sent()), hex(&expected));
    // Challenged, tune-ok is no answer.
    let mut challenged = end.clone();
    challenged.connection.decide(Decision::Challenge(b"?")).unwrap();
    assert_eq!(hex(&challenged.sent()), hex(&method(0, 10, 20, &long(b"?"))));
    challenged.drops(HEARTBEAT, "HS-01");
    // Refused, nothing of it counts.
    end.connection.decide(refused()).unwrap();
    assert_eq!(ended(&end.asks(b""), Initiator::Local, 403), CloseDetail::LoginRefused);
    assert_eq!(hex(&end.sent()), "");
    // Each of them alone.
    for octets in [tune_ok(2047, 131_072, 60), open("/"), channel_open(1)] {
        server_at(Phase::Start).drops(&octets, "HS-01");
    }
}

/// Each of these methods ends an open connection with 503, and the Close blames it.
fn takes_no_second_handshake(end: &End, methods: &[Vec<u8>]) {
    for octets in methods {
        let violation = end.clone().closes(octets, "HS-10", ReplyCode(503));
        let blamed = MethodId { class_id: 10, method_id: u16::from(octets[10]) };
        assert_eq!(violation.method, blamed);
    }
}

fn a_client_takes_no_second_handshake() {
    let secure = method(0, 10, 20, &long(b""));
    let methods = [start("PLAIN"), secure, tune(2047, 131_072, 60), open_ok()];
    takes_no_second_handshake(&End::client(), &methods);
}

fn a_server_takes_no_second_handshake() {
    let methods = [login(), secure_ok(), tune_ok(2047, 131_072, 60), open("/")];
    takes_no_second_handshake(&End::server(), &methods);
    // Before Open they are dropped, whether or not the first was decided meanwhile.
    server_at(Phase::Tune).drops(&login(), "HS-01");
    let mut end = server_at(Phase::Start);
    end.asks(&login().repeat(2));
    end.connection.decide(Decision::Accept).unwrap();
    assert_eq!(end.sent(), tune(2047, 131_072, 60));
    end.drops(HEARTBEAT, "HS-01");
    // A second open behind the first finds the connection open.
    let mut end = server_at(Phase::Opening);
    end.asks(&open("/").repeat(2));
    end.connection.decide(Decision::Accept).unwrap();
    assert_eq!(end.sent(), open_ok());
    end.closes(HEARTBEAT, "HS-10", ReplyCode(503));
}

fn a_client_ignores_heartbeats_during_the_handshake() {
    for phase in CLIENT_PHASES {
        client_at(phase).ignores(&HEARTBEAT.repeat(3));
    }
    let handshake = [start("PLAIN"), tune(2047, 131_072, 60), open_ok()];
    let mut end = End::fresh_client();
    let events = end.takes(&[HEARTBEAT, &handshake.join(HEARTBEAT), HEARTBEAT].concat());
    assert!(matches!(events[..], [Event::Connected]), "{:?}", lines(&events));
}

fn a_server_ignores_heartbeats_during_the_handshake() {
    for phase in [Phase::Start, Phase::Secure, Phase::Tune, Phase::Opening] {
        server_at(phase).ignores(&HEARTBEAT.repeat(3));
    }
    let handshake = [login(), tune_ok(2047, 131_072, 60), open("/")].join(HEARTBEAT);
    let mut end = End::fresh_server();
    let octets = [PROTOCOL_HEADER, HEARTBEAT, &handshake, HEARTBEAT].concat();
    let events = end.takes(&octets);
    let [Event::Credentials(_), Event::VirtualHost(_), Event::Connected] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
}

/// A client whose application owes the answer to a challenge.
fn challenged_client() -> End {
    let mut config = plain();
    config.mechanisms = vec![Mechanism::custom("RIDDLE", b"")];
    let mut end = End::new(Connection::client(config, T0));
    end.takes(&start("RIDDLE"));
    end.sent();
    let events = end.asks(&method(0, 10, 20, &long(b"four legs?")));
    assert!(matches!(events[..], [Event::Challenge(_)]), "{:?}", lines(&events));
    end
}

fn a_client_that_closes_before_open_says_nothing() {
    for phase in [Phase::Start, Phase::Secure] {
        closes_by_command(client_at(phase), false);
    }
    // Not even when it closes instead of answering a challenge.
    closes_by_command(challenged_client(), false);
}

fn a_server_drops_a_close_before_open() {
    for phase in [Phase::Start, Phase::Secure, Phase::Tune] {
        let violation = server_at(phase).drops(&connection_close(200, "bye"), "HS-01");
        assert_eq!(violation.reply_code, ReplyCode(503));
    }
    // From tune-ok on a Close is the answer (HS-02), but still no close-ok.
    server_at(Phase::Opening).closes(&connection_close(200, "bye"), "HS-01", ReplyCode(503));
    // Behind open it is legal: the client may lose patience.
    let mut end = server_at(Phase::Opening);
    let events = end.feed(&[open("/"), connection_close(200, "bye")].concat());
    assert_eq!(ended(&events[2..], Initiator::Peer, 200), CloseDetail::None);
    assert_eq!(hex(&end.sent()), hex(&[open_ok(), connection_close_ok()].concat()));
}

fn a_client_opens_channels_behind_open_ok_only() {
    let mut end = client_at(Phase::Opening);
    let refused = end.connection.open_channel().unwrap_err();
    assert!(matches!(refused, UsageError::ConnectionPhase { .. }), "{refused}");
    assert_eq!(hex(&end.sent()), "");
    end.takes(&open_ok());
    assert_eq!(end.connection.open_channel().unwrap().number(), 1);
    assert_eq!(hex(&end.sent()), hex(&channel_open(1)));
}

fn a_server_takes_what_waits_behind_open_once_the_virtual_host_is_accepted() {
    let content = message(publish(1, "q"), 1, b"hello", 5);
    let octets = [open("/"), channel_open(1), declare(1, "q"), content].concat();
    let mut end = server_at(Phase::Opening);
    let events = end.asks(&octets);
    assert!(matches!(events[..], [Event::VirtualHost(_)]), "{:?}", lines(&events));
    assert_eq!(hex(&end.sent()), "");

    let mut accepted = end.clone();
    accepted.connection.decide(Decision::Accept).unwrap();
    let events = accepted.takes(HEARTBEAT);
    let [
        Event::Connected,
        Event::ChannelOpened(_),
        Event::Request { token: Some(_), .. },
        Event::Content(content),
    ] = &events[..]
    else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!(content.body(), b"hello");
    assert_eq!(hex(&accepted.sent()), hex(&[open_ok(), channel_open_ok(1)].concat()));

    end.connection.decide(Decision::Refuse { code: ReplyCode(530), text: "" }).unwrap();
    assert_eq!(lines(&end.asks(HEARTBEAT)), [""; 0]);
    assert_eq!(hex(&end.sent()), hex(&connection_close(530, "")));
    let events = end.feed(&connection_close_ok());
    assert_eq!(ended(&events, Initiator::Local, 530), CloseDetail::VirtualHostRefused);
}

/// What the peer owes in this phase.
fn owed(end: &End) -> &'static str {
    match end.connection.phase() {
        Phase::Header => "a protocol header",
        Phase::Start if end.is_client() => "connection.start",
        Phase::Start => "connection.start-ok",
        Phase::Secure if end.is_client() => "connection.tune (the login may have been refused)",
        Phase::Secure => "connection.secure-ok",
        Phase::Tune => "connection.tune-ok",
        _ if end.is_client() => "connection.open-ok",
        _ => "connection.open",
    }
}

/// Waits for this so long and no longer, whatever shows that the peer lives.
fn waits_for(awaited: &'static str, mut end: End, seconds: u64) {
    let phase = end.connection.phase();
    let sign = if phase == Phase::Header { b"AMQP" } else { HEARTBEAT };
    assert_eq!(lines(&end.wait_until(millis(seconds * 1000 - 1))), [""; 0], "{phase}");
    end.ignores(sign);
    assert_eq!(end.connection.poll_timeout(), Some(at(seconds)), "{phase}");
    let events = end.wait_until(at(seconds));
    let detail = ended(&events, Initiator::Transport, 320);
    assert_eq!(detail, CloseDetail::HandshakeTimeout { awaited }, "{phase}");
    assert_eq!(hex(&end.sent()), "", "{phase}");
    assert_eq!(end.connection.phase(), Phase::Closed);
    assert_eq!(end.connection.poll_timeout(), None);
}

fn a_client_waits_thirty_seconds_for_the_handshake() {
    for phase in CLIENT_PHASES {
        let end = client_at(phase);
        waits_for(owed(&end), end, 30);
    }
    // Nor is an application waited for that doesn't answer a challenge.
    waits_for("a response to a challenge", challenged_client(), 30);
    let mut config = plain();
    config.handshake_timeout = Duration::from_secs(3);
    let mut end = End::new(Connection::client(config, T0));
    end.sent();
    waits_for("connection.start", end, 3);
    // Once open there is nothing to wait for.
    let mut end = End::client();
    assert_eq!(lines(&end.wait_until(at(31))), [""; 0]);
    assert_eq!(end.connection.phase(), Phase::Open);
}

fn a_server_waits_ten_seconds_for_the_handshake() {
    for phase in [Phase::Secure].into_iter().chain(SERVER_PHASES) {
        let end = server_at(phase);
        waits_for(owed(&end), end, 10);
    }
    // An application that doesn't decide is waited for no longer.
    for (phase, octets, question) in [
        (Phase::Start, login(), "a decision on the login"),
        (Phase::Opening, open("/"), "a decision on the virtual host"),
    ] {
        let mut end = server_at(phase);
        end.asks(&octets);
        waits_for(question, end, 10);
    }
    let mut end = server_at(Phase::Secure);
    end.asks(&method(0, 10, 21, &long(b"")));
    waits_for("a decision on the login", end, 10);
    let mut config = ServerConfig::default();
    config.handshake_timeout = Duration::from_secs(3);
    waits_for("a protocol header", End::new(Connection::server(config, T0)), 3);
    let mut end = End::server();
    assert_eq!(lines(&end.wait_until(at(31))), [""; 0]);
    assert_eq!(end.connection.phase(), Phase::Open);
}
