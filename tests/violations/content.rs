//! Contents out of order, too long, or with headers that can't be read.

use crate::common::*;
use crate::*;
use amqp_proto::protocol::Properties;
use amqp_proto::{Profile, ServerConfig};

#[test]
fn contents_come_in_order() {
    let begun = || publish(1, "k");
    let headed = || [publish(1, "k"), header(1, 10, BARE)].concat();
    let half = || [headed(), body(1, b"12345")].concat();
    let empty = || [publish(1, "k"), header(1, 0, BARE)].concat();
    let order = |rule| (rule, 505);
    check_all(vec![
        case("publish, publish", ServerChannel, begun(), begun(), order("CNT-02"), Close(60, 40)),
        case(
            "publish, declare",
            ServerChannel,
            begun(),
            declare(1, "q"),
            order("CNT-02"),
            Close(50, 10),
        ),
        case("publish, body", ServerChannel, begun(), body(1, b"x"), order("CNT-02"), Close(0, 0)),
        case(
            "publish, close",
            ServerChannel,
            begun(),
            channel_close(1, 200, ""),
            order("CNT-02"),
            Close(20, 40),
        ),
        case("a header alone", ServerChannel, [], header(1, 1, BARE), order("CNT-03"), Close(0, 0)),
        case("a body alone", ServerChannel, [], body(1, b"x"), order("CNT-03"), Close(0, 0)),
        case("an empty body alone", ServerChannel, [], body(1, b""), order("CNT-03"), Close(0, 0)),
        case(
            "header, declare",
            ServerChannel,
            headed(),
            declare(1, "q"),
            order("CNT-04"),
            Close(50, 10),
        ),
        case(
            "half a body, publish",
            ServerChannel,
            half(),
            begun(),
            order("CNT-04"),
            Close(60, 40),
        ),
        case(
            "half a body, close",
            ServerChannel,
            half(),
            channel_close(1, 200, ""),
            order("CNT-04"),
            Close(20, 40),
        ),
        case(
            "header, header",
            ServerChannel,
            headed(),
            header(1, 10, BARE),
            order("CNT-05"),
            Close(0, 0),
        ),
        case(
            "half a body, header",
            ServerChannel,
            half(),
            header(1, 5, BARE),
            order("CNT-05"),
            Close(0, 0),
        ),
        case(
            "a body behind size 0",
            ServerChannel,
            empty(),
            body(1, b"x"),
            order("CNT-03"),
            Close(0, 0),
        ),
        case(
            "an empty body behind size 0",
            ServerChannel,
            empty(),
            body(1, b""),
            order("CNT-03"),
            Close(0, 0),
        ),
        case(
            "deliver, deliver",
            ClientChannel,
            deliver(1, 1),
            deliver(1, 2),
            order("CNT-02"),
            Close(60, 60),
        ),
        case(
            "deliver, body",
            ClientChannel,
            deliver(1, 1),
            body(1, b"x"),
            order("CNT-02"),
            Close(0, 0),
        ),
        case("a body alone", ClientChannel, [], body(1, b"x"), order("CNT-03"), Close(0, 0)),
    ]);
}

#[test]
fn contents_have_their_length() {
    let headed = |size| [publish(1, "k"), header(1, size, BARE)].concat();
    let bodies = |count| [headed(10), body(1, b"12345"), body(1, b"").repeat(count)].concat();
    let (over, empty) = (("CNT-11", 501), ("CNT-10", 501));
    let ten = body(1, &[0; 10]);
    check_all(vec![
        case("one octet too many", ServerChannel, headed(9), ten.clone(), over, Close(0, 0)),
        case("too many at the end", ServerChannel, bodies(0), ten, over, Close(0, 0)),
        case("seventeen empty ones", ServerChannel, bodies(16), body(1, b""), empty, Close(0, 0)),
    ]);
    let (mut server, _) = ServerChannel.reach();
    feed(
        &mut server,
        &[bodies(16), body(1, b"6"), body(1, b"").repeat(16), body(1, b"7890")].concat(),
    );
    let events = poll(&mut server);
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.body(), &b"1234567890"[..]);
}

#[test]
fn content_headers_can_be_read() {
    let headed = |properties: &[u8]| header(1, 1, properties);
    let of_class = |class: &[u8]| frame(2, 1, &[class, &[0; 12]].concat());
    let bad = |name, bad, rule| case(name, ServerChannel, publish(1, "k"), bad, rule, Close(0, 0));
    let (flags, octets) = (("CNT-14", 501), ("CNT-15", 501));
    let nested = {
        let mut table = Vec::new();
        for _ in 0..200 {
            table = [b"\x01aF", &long(&table)[..]].concat();
        }
        [b"\x20\0", &long(&table)[..]].concat()
    };
    check_all(vec![
        bad("another class", of_class(b"\0\x32"), ("CNT-07", 505)),
        bad("class 0", of_class(b"\0\0"), ("CNT-07", 505)),
        bad("no octets", frame(2, 1, b""), ("FRM-08", 501)),
        bad("thirteen octets", frame(2, 1, &of_class(b"\0\x3C")[7..20]), ("FRM-08", 501)),
        bad("another flag word announced", headed(b"\0\x01\0\0"), flags),
        bad("another flag word announced and missing", headed(b"\0\x01"), flags),
        bad("an undefined flag", headed(b"\0\x02"), flags),
        bad("a property missing", headed(b"\x80\0"), octets),
        bad("a property cut", headed(b"\x80\0\x05text"), octets),
        bad("an octet left over", headed(b"\x10\0\x02!"), octets),
        bad("octets without a flag", headed(b"\0\0!"), octets),
        bad("headers past the end", headed(b"\x20\0\0\0\0\x01"), octets),
        bad("headers too deep", headed(&nested), ("LIM-03", 501)),
        case(
            "another class",
            ClientChannel,
            deliver(1, 1),
            of_class(b"\0\x32"),
            ("CNT-07", 505),
            Close(0, 0),
        ),
    ]);
}

#[test]
fn a_weight_is_passed_over_unless_strict() {
    let weighty = [publish(1, "k"), frame(2, 1, b"\0\x3C\0\x01\0\0\0\0\0\0\0\0\0\0")].concat();
    let (mut server, _) = ServerChannel.reach();
    feed(&mut server, &weighty);
    assert!(matches!(poll(&mut server)[..], [Event::Content(_)]));

    let mut config = ServerConfig::default();
    config.profile = Profile::STRICT;
    let mut strict = server_with_channel(config);
    feed(&mut strict, &weighty);
    let events = poll(&mut strict);
    let [Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((violation.rule, violation.reply_code.0), ("CNT-08", 501));
}

fn server_with_channel(config: ServerConfig) -> Connection {
    let mut server = server(config);
    feed(&mut server, &[channel_open(1), channel_open(2)].concat());
    poll(&mut server);
    output(&mut server);
    server
}

#[test]
fn a_body_above_the_limit_ends_its_channel_alone() {
    let mut config = ServerConfig::default();
    config.limits.max_body = Some(10);
    for (size, shown) in [(11, 3), (u64::MAX, 3), (1 << 63, 0)] {
        let mut server = server_with_channel(config.clone());
        let before = server.clone();
        feed(&mut server, &publish(1, "k"));
        feed(&mut server, &header(1, size, BARE));
        let events = poll(&mut server);
        let [Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(violation.rule, "LIM-04");
        assert_eq!(violation.reply_code.0, 311);
        assert_eq!(violation.scope, Scope::Channel(1));
        assert_eq!(violation.got.to_string(), size.to_string());
        let sent = frames(&output(&mut server));
        let [(1, 1, payload)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(payload[..6], *b"\0\x14\0\x28\x01\x37");
        assert_eq!(payload[payload.len() - 4..], *b"\0\x3C\0\x28");

        // The rest is thrown away, the other channel lives, and so does the number after close-ok.
        feed(&mut server, &body(1, b"0123456789").repeat(shown));
        feed(&mut server, &message(publish(2, "k"), 2, b"ten octets", 4));
        feed(&mut server, &[channel_close_ok(1), channel_open(1)].concat());
        feed(&mut server, &message(publish(1, "k"), 1, b"ten octets", 10));
        let events = poll(&mut server);
        let kinds = lines(&events);
        assert!(
            matches!(
                events[..],
                [
                    Event::Content(_),
                    Event::ChannelClosed { .. },
                    Event::ChannelOpened(_),
                    Event::Content(_)
                ]
            ),
            "{kinds:?}"
        );
        assert_eq!(frames(&output(&mut server)).len(), 1, "open-ok");
        assert_eq!(server.phase(), before.phase());
    }
}

#[test]
fn a_body_at_the_limit_is_taken() {
    let mut config = ServerConfig::default();
    config.limits.max_body = Some(10);
    let mut server = server_with_channel(config);
    feed(&mut server, &message(publish(1, "k"), 1, &[7; 10], 3));
    assert!(matches!(poll(&mut server)[..], [Event::Content(_)]));
}

/// channel.close can't be sent inside a content, so the whole connection has to end, and not by a code
/// that is for channels (CHN-12).
#[test]
fn a_body_above_the_limit_ends_the_connection_inside_a_content_of_this_side() {
    let mut config = plain();
    config.limits.max_body = Some(10);
    let mut client = client(config);
    let id = client.open_channel().unwrap();
    feed(&mut client, &channel_open_ok(1));
    poll(&mut client);
    let mut channel = client.channel(id).unwrap();
    channel.start_publish(&basic::Publish::default(), Properties::EMPTY, 10).unwrap();
    output(&mut client);
    feed(&mut client, &[deliver(1, 1), header(1, 11, BARE)].concat());
    let events = poll(&mut client);
    let [Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((violation.rule, violation.scope), ("LIM-04", Scope::Connection));
    let sent = frames(&output(&mut client));
    assert!(matches!(&sent[..], [(1, 0, payload)] if payload.starts_with(b"\0\x0A\0\x32\x01\xF5")));
    feed(&mut client, &connection_close_ok());
    assert_eq!(endings(&poll(&mut client)), 1);
}
