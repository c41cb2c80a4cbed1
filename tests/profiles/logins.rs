//! Logins and tuning, as each broker wants them.

use amqp_proto::protocol::ReplyCode;
use amqp_proto::wire::TableBuf;
use amqp_proto::{
    CloseDetail, CloseReason, Connection, Event, Heartbeat, Initiator, Mechanism, Phase, Profile,
};

use crate::broker::{greeted, introductions, start_by, told};
use crate::common::*;

/// The one event is the end.
fn the_end(events: &[Event]) -> &CloseReason {
    match events {
        [Event::Closed(reason)] => reason,
        _ => panic!("{:?}", lines(events)),
    }
}

/// The mechanism in the start-ok that is written.
fn chosen(client: &mut Connection) -> String {
    let sent = frames(&output(client));
    let [(1, 0, start_ok)] = &sent[..] else { panic!("{sent:?}") };
    let properties = u32::from_be_bytes(start_ok[4..8].try_into().unwrap()) as usize;
    let name = &start_ok[8 + properties..];
    String::from_utf8(name[1..=usize::from(name[0])].to_vec()).unwrap()
}

#[test]
fn a_client_takes_what_each_broker_offers() {
    let mut config = plain();
    config.mechanisms = vec![
        Mechanism::anonymous(),
        #[cfg(feature = "sasl-scram")]
        Mechanism::scram_sha_256("guest", "guest", "fresh"),
        #[cfg(feature = "sasl-scram")]
        Mechanism::cram_md5("guest", "guest"),
        Mechanism::plain("guest", "guest"),
        Mechanism::external(),
    ];
    for (offered, taken) in [
        ("PLAIN AMQPLAIN", "PLAIN"),
        ("PLAIN AMQPLAIN ANONYMOUS", "ANONYMOUS"),
        ("ANONYMOUS", "ANONYMOUS"),
        ("AMQPLAIN EXTERNAL", "EXTERNAL"),
        #[cfg(feature = "sasl-scram")]
        ("PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256", "SCRAM-SHA-256"),
        #[cfg(feature = "sasl-scram")]
        ("CRAM-MD5-HEX CRAM-MD5", "CRAM-MD5"),
    ] {
        let mut client = Connection::client(config.clone(), T0);
        output(&mut client);
        assert_eq!(told(&mut client, &start_by(b"", offered)).len(), 0);
        assert_eq!(chosen(&mut client), taken, "{offered}");
    }
    // A name is a whole word.
    let mut client = Connection::client(config, T0);
    let reason = told(&mut client, &start_by(b"", "XOAUTH2 CRAM-MD5-HEX"));
    let reason = the_end(&reason);
    assert_eq!(reason.detail, CloseDetail::NoCommonMechanism);
    assert!(reason.to_string().ends_with("the server offers XOAUTH2 CRAM-MD5-HEX"), "{reason}");
}

#[test]
fn an_empty_challenge_asks_for_the_response() {
    let mut config = plain();
    for (mechanism, response) in [
        (Mechanism::plain("u", "p"), &b"\0u\0p"[..]),
        (Mechanism::xoauth2("u", "t"), b"user=u\x01auth=Bearer t\x01\x01"),
    ] {
        let name = mechanism.name().to_owned();
        config.mechanisms = vec![mechanism];
        let mut client = Connection::client(config.clone(), T0);
        assert_eq!(told(&mut client, &start_by(b"", &name)).len(), 0);
        assert!(
            frames(&output(&mut client)[8..])[0].2.windows(response.len()).any(|w| w == response)
        );
        assert_eq!(told(&mut client, &method(0, 10, 20, &long(b""))).len(), 0);
        assert_eq!(hex(&output(&mut client)), hex(&method(0, 10, 21, &long(response))));
    }
}

/// What start-ok of `plain()` has beside one property `pad`.
fn padded(octets: usize) -> amqp_proto::ClientConfig {
    let mut config = plain();
    config.client_properties = TableBuf::new();
    config.client_properties.insert("pad", &*"x".repeat(octets)).unwrap();
    config
}

#[test]
fn a_start_ok_is_as_large_as_the_peer_takes() {
    let start_ok_of = |octets, properties: &[u8]| {
        let mut client = Connection::client(padded(octets), T0);
        output(&mut client);
        let events = told(&mut client, &start_by(properties, "PLAIN"));
        (output(&mut client).len(), events)
    };
    let (empty, _) = start_ok_of(0, b"");
    for (properties, profile) in introductions() {
        let limit = if profile == Profile::RABBITMQ_4 { 8192 } else { 4096 };
        assert_eq!(profile.frame_before_tune as usize, limit);
        let (len, events) = start_ok_of(limit - empty, &properties);
        assert_eq!((len, events.len()), (limit, 0), "{}", profile.name);

        let (len, events) = start_ok_of(limit - empty + 1, &properties);
        assert_eq!(len, 0, "{}", profile.name);
        let reason = the_end(&events);
        assert_eq!(reason.initiator, Initiator::Local);
        // Without the eight octets around the payload.
        let told = format!("connection.start-ok can't be sent: a frame of {} octets", limit - 7);
        assert!(reason.text.starts_with(&told), "{reason}");
    }
    // Unknown peers and strict ones take what the specification grants.
    assert_eq!(start_ok_of(4097 - empty, b"").0, 0);
    assert_eq!(Profile::DEFAULT.frame_before_tune, 4096);
    assert_eq!(Profile::STRICT.frame_before_tune, 4096);
}

#[test]
fn a_refused_login_is_told_however_it_comes() {
    for (properties, profile) in introductions() {
        for code in [403, 530, 320] {
            let mut client = greeted(plain(), &properties);
            output(&mut client);
            let events = told(&mut client, &connection_close(code, "no"));
            let reason = the_end(&events);
            let expected = (Initiator::Peer, ReplyCode(code), CloseDetail::LoginRefused);
            assert_eq!((reason.initiator, reason.reply_code, reason.detail), expected);
            assert_eq!(reason.to_string(), "the login was refused: no", "{}", profile.name);
            assert_eq!(hex(&output(&mut client)), hex(&connection_close_ok()));
        }
        let mut client = greeted(plain(), &properties);
        client.handle_eof(T0);
        let events = poll(&mut client);
        assert!(the_end(&events).to_string().contains("the login may have been refused"));
    }
}

#[test]
fn a_close_of_any_code_is_told_before_open_ok() {
    let opening = || {
        let mut client = greeted(plain(), b"");
        feed(&mut client, &tune(2047, 131_072, 60));
        poll(&mut client);
        assert_eq!(client.phase(), Phase::Opening);
        client
    };
    for code in [530, 404, 402] {
        let events = told(&mut opening(), &connection_close(code, "nowhere"));
        let reason = the_end(&events);
        let expected = (ReplyCode(code), CloseDetail::VirtualHostRefused);
        assert_eq!((reason.reply_code, reason.detail), expected);
        assert_eq!(reason.to_string(), "the virtual host was refused: nowhere");
    }
    // RabbitMQ 4.1 wants 8192 octets at least, and blames tune-ok.
    let text =
        "NOT_ALLOWED - negotiated frame_max = 4096 is lower than the minimum allowed value (8192)";
    let arguments = [&530_u16.to_be_bytes()[..], &short(text), b"\0\x0A\0\x1F"].concat();
    let events = told(&mut opening(), &method(0, 10, 50, &arguments));
    let reason = the_end(&events);
    assert_eq!(reason.detail, CloseDetail::TuningRefused);
    assert_eq!(reason.to_string(), format!("the tuning was refused: {text}"));
}

#[test]
fn heartbeats_wait_for_open_ok_where_they_must() {
    for profile in Profile::ALL {
        let mut config = plain();
        (config.heartbeat, config.profile) = (Heartbeat::Prefer(4), Some(*profile));
        let mut client = greeted(config, b"");
        feed(&mut client, &tune(2047, 131_072, 4));
        poll(&mut client);
        output(&mut client);
        let mut heard = Vec::new();
        for second in 1..=6 {
            client.handle_slice(at(second), HEARTBEAT);
            poll(&mut client);
            client.handle_timeout(at(second));
            heard.extend(output(&mut client));
        }
        let waits = *profile == Profile::LAVINMQ;
        assert_eq!(profile.heartbeats_before_open, !waits);
        assert_eq!(heard.is_empty(), waits, "{}: {}", profile.name, hex(&heard));

        client.handle_slice(at(7), &open_ok());
        assert_eq!(poll(&mut client).len(), 1);
        for second in 8..=10 {
            client.handle_timeout(at(second));
        }
        assert_eq!(hex(&output(&mut client)), hex(HEARTBEAT), "{}", profile.name);
    }
}
