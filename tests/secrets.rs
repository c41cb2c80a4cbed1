//! Passwords, responses, challenges and new secrets show in no `Debug` and no `Display`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

use amqp_proto::frame::{RawFrame, Scanner};
use amqp_proto::protocol::{Dialect, Frame};
use amqp_proto::sasl::{AmqPlainLogin, Login, PlainLogin};
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
            check_debug(&(plain, amqplain));
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

#[test]
fn secrets_show_nowhere() {
    let mechanisms = [
        Mechanism::plain("user", SECRET),
        Mechanism::amqplain("user", SECRET),
        Mechanism::custom("OWN", SECRET.as_bytes()),
    ];
    for mechanism in mechanisms {
        let own = matches!(mechanism, Mechanism::Custom { .. });
        check_debug(&mechanism);
        let config = ClientConfig::with_mechanisms(vec![mechanism]);
        check_debug(&config);
        let mut client = Connection::client(config, T0);
        let mut config = ServerConfig::default();
        config.mechanisms = "PLAIN AMQPLAIN OWN".into();
        let mut server = Connection::server(config, T0);
        let challenge = Decision::Challenge(SECRET.as_bytes());
        let response = Decision::Respond(SECRET.as_bytes());
        check_debug(&(challenge, response));

        let (mut renewed, mut told) = (false, 0);
        for _ in 0..12 {
            carry(&mut client, &mut server);
            while let Some(event) = server.poll_event() {
                check_event(&event);
                told += 1;
                let decision = match &event {
                    Event::Credentials(_) if own => challenge,
                    Event::Connected => continue,
                    _ => Decision::Accept,
                };
                server.decide(decision).unwrap();
            }
            carry(&mut server, &mut client);
            while let Some(event) = client.poll_event() {
                check_event(&event);
                if matches!(event, Event::Challenge(_)) {
                    client.decide(response).unwrap();
                }
            }
            if client.phase() == Phase::Open && !renewed {
                client.update_secret(SECRET.as_bytes(), "it was old").unwrap();
                renewed = true;
            }
        }
        // Login, perhaps the response to a challenge, virtual host, connected, new secret.
        assert_eq!(told, if own { 5 } else { 4 });
        let refused = server.decide(challenge).unwrap_err();
        check_both(&refused);
    }
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
