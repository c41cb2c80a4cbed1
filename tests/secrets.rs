//! Passwords, responses, challenges and new secrets show in no `Debug` and no `Display`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

use amqp_proto::frame::{RawFrame, Scanner};
use amqp_proto::protocol::{Dialect, Frame};
use amqp_proto::sasl::{
    AmqPlainLogin, Login, PlainLogin, Secret, Verdict, Verification, XOAuth2Login,
};
use amqp_proto::wire::TableLimits;
use amqp_proto::{
    ClientConfig, Connection, Decision, Event, Instant, Mechanism, Phase, ServerConfig,
};
use bytes::Buf;
use core::fmt::{Debug, Display};

const SECRET: &str = "S3CRET";
const T0: Instant = Instant::ORIGIN;

/// The secret as it is, and as lists of octets.
fn check(text: &str) {
    let octets = format!("{:?}", SECRET.as_bytes());
    let octets = octets.trim_matches(['[', ']']);
    assert!(!text.contains(SECRET) && !text.contains(octets), "{text}");
}

fn check_debug(value: &impl Debug) {
    check(&format!("{value:?} {value:#?}"));
}

fn check_both(value: &(impl Debug + Display)) {
    check_debug(value);
    check(&value.to_string());
}

fn check_event(event: &Event) {
    check_both(event);
    match event {
        Event::Credentials(login) => {
            check_both(&login.start_ok());
            let plain = PlainLogin::parse(login.response());
            let amqplain = AmqPlainLogin::parse(login.response());
            check_debug(&(plain, amqplain, XOAuth2Login::parse(login.response())));
        }
        Event::Reply { method, .. } | Event::Notice(method) => check_both(&method.method()),
        _ => {}
    }
}

/// Carries all octets, and looks at the frames that they make.
fn carry(from: &mut Connection, to: &mut Connection) {
    check_debug(from);
    let transmit = from.transmit();
    check_debug(transmit);
    let octets = transmit.copy_to_bytes(transmit.remaining());
    check_debug(&from.clone().into_parts());
    let frames = octets.strip_prefix(b"AMQP\0\0\x09\x01").unwrap_or(&octets);
    let scanner = Scanner::new(frames, 131_072);
    check_debug(&scanner);
    for (_, raw) in scanner {
        let raw: RawFrame<'_> = raw.unwrap();
        check_both(&raw);
        let frame = Frame::parse(Dialect::V0_9_1, raw, &TableLimits::DEFAULT).unwrap();
        check_both(&frame);
        if let Frame::Method { method, .. } = frame {
            check_both(&method);
        }
    }
    to.handle_bytes(T0, octets);
    check_debug(to);
    check_debug(&to.clone().into_parts());
}

/// What a server decides on a response, the first one or a later one, of a client whose secret it knows.
fn verdict(login: &mut Option<Verification>, response: &[u8]) -> Verdict {
    // A mechanism of the application's own: one challenge, and any answer will do.
    let Some(verification) = login else {
        *login = Verification::new("ANONYMOUS", "");
        return Verdict::Challenge(SECRET.as_bytes().into());
    };
    let mut verdict = verification.respond(response);
    check_debug(verification);
    if verdict == Verdict::Lookup {
        let secret = Secret::password(SECRET);
        check_debug(&secret);
        verdict = verification.supply(Some(&secret));
        check_debug(verification);
    }
    check_debug(&verdict);
    verdict
}

/// Lets a client with this mechanism log in and renew its secret, and looks at all that can be shown.
fn logs_in(mechanism: Mechanism) {
    check_debug(&mechanism);
    let name = mechanism.name().to_owned();
    let config = ClientConfig::with_mechanisms(vec![mechanism]);
    check_debug(&config);
    let mut client = Connection::client(config, T0);
    let mut config = ServerConfig::default();
    config.mechanisms = name.clone();
    let mut server = Connection::server(config, T0);
    let mut login = Verification::new(&name, "nonce");
    check_debug(&login);
    let respond = Decision::Respond(SECRET.as_bytes());
    check_debug(&(Decision::Challenge(SECRET.as_bytes()), respond));

    let (mut has_renewed, mut renewed) = (false, 0);
    for _ in 0..12 {
        carry(&mut client, &mut server);
        while let Some(event) = server.poll_event() {
            check_event(&event);
            let verdict = match &event {
                Event::Connected => continue,
                Event::Credentials(first) => verdict(&mut login, first.response()),
                Event::SaslResponse(next) => verdict(&mut login, next.response()),
                event => {
                    renewed += usize::from(matches!(event, Event::UpdateSecret(_)));
                    Verdict::Accepted
                }
            };
            let decision = match &verdict {
                Verdict::Challenge(challenge) => Decision::Challenge(challenge),
                Verdict::Accepted => Decision::Accept,
                other => panic!("{name}: {other:?}"),
            };
            server.decide(decision).unwrap();
        }
        carry(&mut server, &mut client);
        while let Some(event) = client.poll_event() {
            check_event(&event);
            if matches!(event, Event::Challenge(_)) {
                client.decide(respond).unwrap();
            }
        }
        if client.phase() == Phase::Open && !has_renewed {
            client.update_secret(SECRET.as_bytes(), "it was old").unwrap();
            has_renewed = true;
        }
    }
    assert_eq!(renewed, 1, "{name}");
    let refused = server.decide(Decision::Challenge(SECRET.as_bytes())).unwrap_err();
    check_both(&refused);
}

#[test]
fn secrets_show_nowhere() {
    logs_in(Mechanism::plain("user", SECRET));
    logs_in(Mechanism::amqplain("user", SECRET));
    logs_in(Mechanism::rabbit_cr_demo("user", SECRET));
    // Nobody is asked for the password before it is said who logs in.
    for of_nobody in [Mechanism::plain, Mechanism::rabbit_cr_demo, Mechanism::xoauth2] {
        logs_in(of_nobody("", SECRET));
    }
    logs_in(Mechanism::xoauth2("user", SECRET));
    logs_in(Mechanism::cram_md5("user", SECRET));
    logs_in(Mechanism::scram_sha_1("user", SECRET, "bm9uY2U"));
    logs_in(Mechanism::scram_sha_256("user", SECRET, "bm9uY2U"));
    logs_in(Mechanism::custom("OWN", SECRET.as_bytes()));
}

/// Who logs in is no secret, and readable.
#[test]
fn users_are_shown_as_text() {
    let response = b"admin\0\"us\xE9r\0S3CRET";
    let (user, more) = (r#"user: "\"us\xe9r", password: ***"#, r#"authorization_id: "admin", "#);
    let plain = format!("{:?}", PlainLogin::parse(response).unwrap());
    assert_eq!(plain, format!("PlainLogin {{ {more}{user} }}"));
    let login = format!("{:?}", Login::parse("PLAIN", response).unwrap());
    assert_eq!(login, format!("Login {{ {user} }}"));
    let response = Mechanism::amqplain("user", SECRET).initial_response();
    let login = format!("{:?}", AmqPlainLogin::parse(&response).unwrap());
    assert_eq!(login, r#"AmqPlainLogin { user: "user", password: *** }"#);
}
