//! The handshake: logins, and how large their frames are.

use amqp_proto::protocol::ReplyCode;
use amqp_proto::{
    ClientConfig, CloseDetail, Connection, Decision, Event, Got, Initiator, Mechanism, Phase,
    ServerConfig, UsageError,
};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("HS-03", a_client_takes_a_whole_word_of_the_mechanisms_on_offer),
    server("HS-03", a_server_takes_a_whole_word_of_its_mechanisms_only),
    client("HS-04", a_client_names_a_locale_that_is_on_offer),
    server("HS-04", a_server_offers_en_us_and_ignores_the_choice),
    client("HS-05", a_client_puts_nul_in_front_of_user_and_password),
    server("HS-05", a_server_reads_a_plain_response_with_two_nuls_only),
    client("HS-06", a_client_sends_amqplain_as_a_table_without_its_length),
    server("HS-06", a_server_reads_amqplain_without_a_length_only),
    client("HS-07", a_client_answers_each_challenge_once_and_not_for_ever),
    server("HS-07", a_server_challenges_as_it_likes_and_drops_an_answer_to_nothing),
    client("HS-09", a_client_takes_8192_octets_before_tuning_and_sends_4096),
    server("HS-09", a_server_takes_8192_octets_before_tuning_and_sends_4096),
];

/// A client with these mechanisms that waits for connection.start.
fn client_with(mechanisms: Vec<Mechanism>) -> End {
    let mut end = End::new(Connection::client(ClientConfig::with_mechanisms(mechanisms), T0));
    end.sent();
    end
}

/// A server that waits for connection.start-ok.
pub(crate) fn server_with(config: ServerConfig) -> End {
    End::new(Connection::server(config, T0)).at(Phase::Start)
}

fn secure(challenge: &[u8]) -> Vec<u8> {
    method(0, 10, 20, &long(challenge))
}

fn secure_ok(response: &[u8]) -> Vec<u8> {
    method(0, 10, 21, &long(response))
}

/// What a start or start-ok holds in front of its table and behind it, and the table.
pub(crate) fn around_the_table(octets: &[u8], place: usize) -> (Vec<u8>, Vec<u8>) {
    let sent = frames(octets);
    let [(1, 0, payload)] = &sent[..] else { panic!("{sent:?}") };
    let size = u32::from_be_bytes(payload[place..place + 4].try_into().unwrap()) as usize;
    let (table, rest) = payload[place + 4..].split_at(size);
    (table.to_vec(), rest.to_vec())
}

/// The mechanism, response and locale of the start-ok that goes out, as octets.
fn start_ok_sent(end: &mut End) -> Vec<u8> {
    around_the_table(&end.sent(), 4).1
}

fn is_accepted(mut end: End, octets: &[u8]) {
    end.takes(octets);
    assert_eq!(end.sent(), tune(2047, 131_072, 60));
}

pub(crate) fn the_end(events: &[Event]) -> &amqp_proto::CloseReason {
    let [Event::Closed(reason)] = events else { panic!("{:?}", lines(events)) };
    reason
}

fn a_client_takes_a_whole_word_of_the_mechanisms_on_offer() {
    let own = |name: &str| Mechanism::custom(name, b"");
    for (mechanisms, offered, chosen) in [
        (vec![own("A"), own("B")], "A B", "A"),
        (vec![own("A"), own("B")], "B A", "A"),
        (vec![own("A"), own("B")], "B", "B"),
        (vec![own("A")], "AA  BA A", "A"),
    ] {
        let mut end = client_with(mechanisms);
        end.takes(&start(offered));
        let expected = [short(chosen), long(b""), short("en_US")].concat();
        assert_eq!(hex(&start_ok_sent(&mut end)), hex(&expected), "of {offered:?}");
    }
    for (name, offered) in [
        ("PLAIN", ""),
        ("PLAIN", "AMQPLAIN"),
        ("PLAIN", "PLAINX XPLAIN plain PLAIN,A A-PLAIN"),
        ("A B", "A B"),
        ("", ""),
        ("", "A  B"),
    ] {
        let mut end = client_with(vec![own(name)]);
        let events = end.feed(&start(offered));
        let reason = the_end(&events);
        assert_eq!(reason.detail, CloseDetail::NoCommonMechanism, "{name:?} of {offered:?}");
        assert_eq!(hex(&end.sent()), "", "{name:?} of {offered:?}");
    }
}

fn a_server_takes_a_whole_word_of_its_mechanisms_only() {
    for offered in ["PLAIN AMQPLAIN", "AMQPLAIN  PLAIN", ""] {
        let mut config = ServerConfig::default();
        config.mechanisms = offered.into();
        let end = server_with(config);
        for name in ["", " ", "PLAI", "LAIN", "plain", "PLAIN ", "PLAIN AMQPLAIN", "EXTERNAL"] {
            let violation = end.clone().drops(&start_ok(name, b"\0guest\0guest"), "HS-03");
            assert_eq!(violation.reply_code, ReplyCode(530), "{name:?} of {offered:?}");
        }
        if !offered.is_empty() {
            is_accepted(end.clone(), &start_ok("PLAIN", b""));
            is_accepted(end, &start_ok("AMQPLAIN", b""));
        }
    }
}

fn a_client_names_a_locale_that_is_on_offer() {
    for (own, offered, expected) in [
        ("en_US", "en_US", "en_US"),
        ("de_DE", "en_US de_DE", "de_DE"),
        ("de_DE", "fr_FR en_US", "en_US"),
        ("de_DE", "de_DEX en_US", "en_US"),
        // A server that doesn't offer what it must.
        ("de_DE", "fr_FR it_IT", "fr_FR"),
        ("de_DE", "", "de_DE"),
    ] {
        let mut config = plain();
        config.locale = own.into();
        let mut end = End::new(Connection::client(config, T0));
        end.sent();
        let locales = long(offered.as_bytes());
        let arguments = [b"\0\x09\0\0\0\0", &long(b"PLAIN")[..], &locales].concat();
        end.takes(&method(0, 10, 10, &arguments));
        let start_ok = start_ok_sent(&mut end);
        assert!(start_ok.ends_with(&short(expected)), "{own} of {offered:?}: {}", hex(&start_ok));
    }
}

fn a_server_offers_en_us_and_ignores_the_choice() {
    let mut end = End::fresh_server();
    end.takes(PROTOCOL_HEADER);
    let (_, rest) = around_the_table(&end.sent(), 6);
    assert_eq!(hex(&rest), hex(&[long(b"PLAIN AMQPLAIN"), long(b"en_US")].concat()));
    for locale in ["en_US", "de_DE", "", "?", &"x".repeat(255)] {
        let parts = [b"\0\0\0\0", &short("PLAIN")[..], &long(b"\0a\0b"), &short(locale)];
        is_accepted(end.clone(), &method(0, 10, 11, &parts.concat()));
    }
}

fn a_client_puts_nul_in_front_of_user_and_password() {
    for (user, password, response) in [
        ("guest", "secret", &b"\0guest\0secret"[..]),
        ("g\u{FC}st", " ", b"\0g\xC3\xBCst\0 "),
        ("", "", b"\0\0"),
    ] {
        let mut end = client_with(vec![Mechanism::plain(user, password)]);
        end.takes(&start("PLAIN"));
        let expected = [short("PLAIN"), long(response), short("en_US")].concat();
        assert_eq!(hex(&start_ok_sent(&mut end)), hex(&expected));
    }
    // What the separator would tear apart isn't sent.
    for (user, password) in [("gu\0est", "secret"), ("guest", "sec\0ret"), ("guest", "\0")] {
        let mut end = client_with(vec![Mechanism::plain(user, password)]);
        let events = end.feed(&start("PLAIN"));
        assert_eq!(the_end(&events).initiator, Initiator::Local);
        assert_eq!(hex(&end.sent()), "");
    }
}

/// User and password as the server reads them from a start-ok, and that a refusal ends it silently.
fn reads(mechanism: &str, response: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut end = server_with(ServerConfig::default());
    let events = end.asks(&start_ok(mechanism, response));
    let [Event::Credentials(credentials)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(credentials.response(), response);
    let login = credentials.login().map(|login| (login.user.to_vec(), login.password.to_vec()));
    if login.is_none() {
        end.connection.decide(Decision::Refuse { code: ReplyCode(403), text: "" }).unwrap();
        let events = end.asks(b"");
        assert_eq!(the_end(&events).detail, CloseDetail::LoginRefused);
        assert_eq!(hex(&end.sent()), "");
    }
    login
}

fn login(user: &[u8], password: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    Some((user.to_vec(), password.to_vec()))
}

fn a_server_reads_a_plain_response_with_two_nuls_only() {
    for (response, expected) in [
        (&b"\0guest\0secret"[..], login(b"guest", b"secret")),
        (b"admin\0guest\0secret", login(b"guest", b"secret")),
        (b"\0guest\0", login(b"guest", b"")),
        (b"\0\xFF\0\xFE", login(b"\xFF", b"\xFE")),
        (b"", None),
        (b"\0", None),
        (b"guest", None),
        (b"\0guest", None),
        (b"guest\0secret", None),
        (b"\0guest\0secret\0", None),
    ] {
        assert_eq!(reads("PLAIN", response), expected, "{}", response.escape_ascii());
    }
}

const AMQPLAIN: &[u8] = b"\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x06secret";

fn a_client_sends_amqplain_as_a_table_without_its_length() {
    let mut end = client_with(vec![Mechanism::amqplain("guest", "secret")]);
    end.takes(&start("AMQPLAIN"));
    let expected = [short("AMQPLAIN"), long(AMQPLAIN), short("en_US")].concat();
    assert_eq!(hex(&start_ok_sent(&mut end)), hex(&expected));
}

fn a_server_reads_amqplain_without_a_length_only() {
    let turned = b"\x08PASSWORDS\0\0\0\x06secret\x01xt\x01\x05LOGINS\0\0\0\x05guest";
    for (response, expected) in [
        (AMQPLAIN, login(b"guest", b"secret")),
        (turned, login(b"guest", b"secret")),
        (b"\x05LOGINS\0\0\0\0\x08PASSWORDS\0\0\0\0", login(b"", b"")),
        (&long(AMQPLAIN), None),
        (&AMQPLAIN[..AMQPLAIN.len() - 1], None),
        (b"", None),
        (b"\x05LOGINS\0\0\0\x05guest", None),
        (b"\x08PASSWORDS\0\0\0\x06secret", None),
        (b"\x05loginS\0\0\0\x01g\x08passwordS\0\0\0\x01s", None),
        (b"\x05LOGINI\0\0\0\x05\x08PASSWORDS\0\0\0\x06secret", None),
        (b"\x05LOGINS\0\0\0\x05guest\x08PASSWORDt\x01", None),
        (b"\0guest\0secret", None),
    ] {
        assert_eq!(reads("AMQPLAIN", response), expected, "{}", response.escape_ascii());
    }
}

/// A client whose application answers challenges, at most so many.
fn riddled(rounds: u8) -> End {
    let mechanisms = vec![Mechanism::custom("RIDDLE", b"sphinx")];
    let mut config = ClientConfig::with_mechanisms(mechanisms);
    config.limits.sasl_rounds = rounds;
    let mut end = End::new(Connection::client(config, T0));
    end.takes(&start("RIDDLE"));
    end.sent();
    end
}

fn a_client_answers_each_challenge_once_and_not_for_ever() {
    assert_eq!(ClientConfig::default().limits.sasl_rounds, 8);
    for rounds in [0, 1, 8, 254, 255] {
        let mut end = riddled(rounds);
        for _ in 0..rounds {
            let events = end.asks(&secure(b"four legs?"));
            assert!(matches!(events[..], [Event::Challenge(_)]), "{:?}", lines(&events));
            // The next one waits its turn, and tune too.
            assert_eq!(lines(&end.asks(HEARTBEAT)), [""; 0]);
            assert_eq!(hex(&end.sent()), "");
            end.connection.decide(Decision::Respond(b"man")).unwrap();
            assert_eq!(hex(&end.sent()), hex(&secure_ok(b"man")));
            let again = end.connection.decide(Decision::Respond(b"man"));
            assert_eq!(again, Err(UsageError::NothingToDecide));
            assert_eq!(hex(&end.sent()), "");
        }
        let mut other = end.clone();
        let violation = end.drops(&secure(b"four legs?"), "HS-07");
        assert_eq!(violation.reply_code, ReplyCode(530), "{rounds} rounds");
        assert_eq!(violation.got, Got::Number(u64::from(rounds) + 1));
        other.takes(&tune(2047, 131_072, 60));
        assert_eq!(other.connection.phase(), Phase::Opening);
    }
    // Two at once are answered one by one, in front of what follows them.
    let mut end = riddled(8);
    let events = end.asks(&[secure(b"1"), secure(b"2"), tune(2047, 131_072, 60)].concat());
    assert_eq!(events.len(), 1);
    end.connection.decide(Decision::Respond(b"one")).unwrap();
    assert_eq!(end.asks(b"").len(), 1);
    end.connection.decide(Decision::Respond(b"two")).unwrap();
    assert_eq!(lines(&end.asks(b"")), [""; 0]);
    let answers = [secure_ok(b"one"), secure_ok(b"two")].concat();
    let expected = [answers, tune_ok(2047, 131_072, 60), open("/")].concat();
    assert_eq!(hex(&end.sent()), hex(&expected));
    // A mechanism without challenges repeats its response where it is asked for, and answers no other.
    let mut end = client_with(vec![Mechanism::plain("a", "b")]);
    end.takes(&start("PLAIN"));
    end.sent();
    end.takes(&secure(b""));
    assert_eq!(hex(&end.sent()), hex(&secure_ok(b"\0a\0b")));
    end.drops(&secure(b"?"), "HS-07");
}

fn a_server_challenges_as_it_likes_and_drops_an_answer_to_nothing() {
    let waiting = server_with(ServerConfig::default());
    waiting.clone().drops(&secure_ok(b""), "HS-01");
    End::server().closes(&secure_ok(b""), "HS-10", ReplyCode(503));
    let mut end = waiting.clone();
    end.asks(&start_ok("PLAIN", b"\0guest\0guest"));
    for round in 0..250 {
        end.connection.decide(Decision::Challenge(b"?")).unwrap();
        assert_eq!(hex(&end.sent()), hex(&secure(b"?")));
        // Not another one before the answer.
        let again = end.connection.decide(Decision::Challenge(b"?"));
        assert_eq!(again, Err(UsageError::NothingToDecide));
        assert_eq!(hex(&end.sent()), "");
        let events = end.asks(&secure_ok(&[round]));
        let [Event::SaslResponse(response)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(response.response(), [round]);
        assert_eq!(hex(&end.sent()), "");
    }
    end.connection.decide(Decision::Accept).unwrap();
    assert_eq!(end.sent(), tune(2047, 131_072, 60));
    end.drops(&secure_ok(b""), "HS-01");
    // The second answer to one challenge.
    let mut end = waiting;
    end.asks(&start_ok("PLAIN", b""));
    end.connection.decide(Decision::Challenge(b"?")).unwrap();
    end.asks(&secure_ok(b"").repeat(2));
    end.connection.decide(Decision::Accept).unwrap();
    end.sent();
    end.drops(HEARTBEAT, "HS-01");
}

/// Frames of 4096 and 8192 octets are taken, one above is refused by its header alone.
fn takes_8192_octets(end: &End, frame_of: fn(usize) -> Vec<u8>) {
    let empty = frame_of(0).len();
    for size in [4096, 8191, 8192] {
        let octets = frame_of(size - empty);
        assert_eq!(octets.len(), size);
        end.clone().takes(&octets);
    }
    for size in [8193, 16_384, 131_072] {
        let violation = end.clone().drops(&frame_of(size - empty)[..7], "LIM-02");
        assert_eq!(violation.reply_code, ReplyCode(501));
    }
}

fn a_client_takes_8192_octets_before_tuning_and_sends_4096() {
    let long_start = |more| start(&format!("PLAIN {}", "X".repeat(more)));
    let mut end = End::fresh_client();
    end.sent();
    takes_8192_octets(&end, long_start);
    // 4096 are taken whatever the configuration says.
    let mut config = plain();
    config.limits.frame_before_tune = 100;
    let mut end = End::new(Connection::client(config, T0));
    end.sent();
    let empty = long_start(0).len();
    end.clone().takes(&long_start(4096 - empty));
    end.drops(&long_start(4097 - empty), "LIM-02");
    let mut end = End::fresh_client();
    end.sent();
    end.takes(&start("PLAIN"));
    let mut end = riddled(8);
    end.asks(&secure(b""));
    let refused = end.connection.decide(Decision::Respond(&[7; 4081])).unwrap_err();
    assert!(matches!(refused, UsageError::Encode(_)), "{refused}");
    assert_eq!(hex(&end.sent()), "");
    end.connection.decide(Decision::Respond(&[7; 4080])).unwrap();
    assert_eq!(hex(&end.sent()), hex(&secure_ok(&[7; 4080])));
    // Start-ok, whose properties take a part of it.
    let start_ok_with = |size| {
        let mut end = client_with(vec![Mechanism::custom("X", &vec![7; size])]);
        let events = end.feed(&start("X"));
        (end.sent().len(), events)
    };
    let (empty, _) = start_ok_with(0);
    let (largest, events) = start_ok_with(4096 - empty);
    assert_eq!((largest, events.len()), (4096, 0));
    let (nothing, events) = start_ok_with(4097 - empty);
    assert_eq!((nothing, the_end(&events).initiator), (0, Initiator::Local));
}

fn a_server_takes_8192_octets_before_tuning_and_sends_4096() {
    let end = server_with(ServerConfig::default());
    takes_8192_octets(&end, |more| start_ok("PLAIN", &vec![7; more]));
    let mut end = end;
    end.asks(&start_ok("PLAIN", b""));
    let refused = end.connection.decide(Decision::Challenge(&[7; 4081])).unwrap_err();
    assert!(matches!(refused, UsageError::Encode(_)), "{refused}");
    assert_eq!(hex(&end.sent()), "");
    end.connection.decide(Decision::Challenge(&[7; 4080])).unwrap();
    assert_eq!(hex(&end.sent()), hex(&secure(&[7; 4080])));
    let start_with = |size| {
        let mut config = ServerConfig::default();
        config.mechanisms = "X".repeat(size);
        let mut end = End::new(Connection::server(config, T0));
        let events = end.feed(PROTOCOL_HEADER);
        (end.sent().len(), events)
    };
    let (empty, _) = start_with(0);
    let (largest, events) = start_with(4096 - empty);
    assert_eq!((largest, events.len()), (4096, 0));
    let (nothing, events) = start_with(4097 - empty);
    assert_eq!((nothing, the_end(&events).initiator), (0, Initiator::Local));
}
