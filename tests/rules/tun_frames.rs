//! Tuning: what frame-max means for frames.

use amqp_proto::protocol::{Properties, PropertiesBuf, ReplyCode, basic, confirm, queue};
use amqp_proto::wire::{EncodeError, TableBuf};
use amqp_proto::{
    Connection, Decision, Event, Heartbeat, Initiator, Profile, ServerConfig, UsageError,
};
use bytes::Bytes;

use crate::cls::{is_over, only_end};
use crate::common::*;
use crate::end::End;
use crate::tun::{client_before_tune, offering, server_before_tune_ok, wanting};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("TUN-07", a_client_counts_eight_octets_around_a_payload),
    server("TUN-07", a_server_counts_eight_octets_around_a_payload),
    client("TUN-08", what_is_agreed_holds_for_a_client_behind_tune),
    server("TUN-08", what_is_agreed_holds_for_a_server_behind_tune_ok),
    client("TUN-09", a_client_sends_no_method_or_header_above_frame_max),
    server("TUN-09", a_server_sends_no_method_or_header_above_frame_max),
];

/// An open client with channel 1, agreed on this frame-max.
fn open_client(frame_max: u32, profile: Profile) -> End {
    let mut config = wanting(2047, frame_max, Heartbeat::Prefer(60));
    config.profile = Some(profile);
    End::client_with(config).with_channel(1)
}

/// The same of a server, with a consumer.
fn open_server(frame_max: u32, profile: Profile) -> End {
    let mut config = offering(2047, frame_max, 60);
    config.profile = profile;
    End::server_with(config).with_channel(1).with_consumer(1)
}

/// The seven octets that a frame begins with.
fn beginning(frame_type: u8, channel: u16, size: u32) -> Vec<u8> {
    [&[frame_type][..], &channel.to_be_bytes(), &size.to_be_bytes()].concat()
}

/// Sizes of the payloads of body frames that go out.
fn bodies(end: &mut End) -> Vec<usize> {
    let sent = frames(&end.sent());
    let (head, bodies) = sent.split_at(2);
    assert_eq!([head[0].0, head[1].0], [1, 2]);
    assert!(bodies.iter().all(|(frame_type, channel, _)| (*frame_type, *channel) == (3, 1)));
    assert!(bodies.iter().flat_map(|(.., payload)| payload).all(|octet| *octet == 7));
    bodies.iter().map(|(.., payload)| payload.len()).collect()
}

/// Bodies are cut into frames of 4088 octets and a shorter last one, whichever way they take.
fn cuts_at_4088(end: &End) {
    for (size, last) in [(4087, 4087), (4088, 4088), (4089, 1), (8176, 4088), (300_000, 1576)] {
        let octets = vec![7; size];
        let mut expected = vec![4088; size.div_ceil(4088)];
        *expected.last_mut().unwrap() = last;
        let mut copied = end.clone();
        copied.send_content(1, Properties::EMPTY, &octets).unwrap();
        assert_eq!(bodies(&mut copied), expected, "{size}");
        let mut shared = end.clone();
        shared.send_content(1, Properties::EMPTY, Bytes::from(octets.clone())).unwrap();
        assert_eq!(bodies(&mut shared), expected, "{size}");
        let mut streamed = end.clone();
        streamed.start_content(size as u64);
        streamed.channel().send_body(&octets).unwrap();
        assert_eq!(bodies(&mut streamed), expected, "{size}");
    }
}

/// Takes one body frame of this many octets, and not one more.
fn takes_up_to(end: &End, start: &[u8], largest: usize) {
    let octets = vec![7; largest + 1];
    let mut good = end.clone();
    let events = good.takes(&message(start.into(), 1, &octets[1..], largest));
    assert!(matches!(events[..], [Event::Content(_)]), "{:?}", lines(&events));
    let bad = message(start.into(), 1, &octets, largest + 1);
    let mut end = end.clone();
    if end.connection.profile().close_after_framing_fault {
        end.closes(&bad, "FRM-06", ReplyCode(501));
    } else {
        let violation = end.drops(&bad, "FRM-06");
        assert_eq!(violation.reply_code, ReplyCode(501));
    }
}

fn a_client_counts_eight_octets_around_a_payload() {
    cuts_at_4088(&open_client(4096, Profile::DEFAULT));
    takes_up_to(&open_client(4096, Profile::DEFAULT), &deliver(1, 1), 4096);
    takes_up_to(&open_client(4096, Profile::STRICT), &deliver(1, 1), 4088);
}

fn a_server_counts_eight_octets_around_a_payload() {
    cuts_at_4088(&open_server(4096, Profile::DEFAULT));
    takes_up_to(&open_server(4096, Profile::DEFAULT), &publish(1, "k"), 4096);
    takes_up_to(&open_server(4096, Profile::STRICT), &publish(1, "k"), 4088);
}

fn what_is_agreed_holds_for_a_client_behind_tune() {
    let end = client_before_tune(wanting(9, 0, Heartbeat::Off));
    // Not before, be the offer what it may.
    end.clone().drops(&beginning(1, 0, 8185), "LIM-02");
    let low = [tune(9, 4096, 0), beginning(3, 1, 4097)].concat();
    end.clone().closes(&low, "FRM-06", ReplyCode(501));

    let mut high = end.clone();
    high.takes(&[tune(9, 131_072, 0), open_ok()].concat());
    high.sent();
    let mut high = high.with_channel(1);
    high.takes(&message(deliver(1, 1), 1, &[7; 131_064], 131_064));
    high.send_content(1, Properties::EMPTY, &[7; 131_064]).unwrap();
    assert_eq!(bodies(&mut high), [131_064]);

    let mut low = end;
    low.takes(&[tune(9, 8192, 0), open_ok()].concat());
    low.sent();
    let mut low = low.with_channel(1);
    low.send_content(1, Properties::EMPTY, &[7; 8185]).unwrap();
    assert_eq!(bodies(&mut low), [8184, 1]);
}

fn what_is_agreed_holds_for_a_server_behind_tune_ok() {
    let end = server_before_tune_ok(offering(9, 131_072, 0));
    // Not before, be the offer what it may.
    end.clone().drops(&beginning(1, 0, 8185), "LIM-02");
    let low = [tune_ok(9, 4096, 0), beginning(3, 1, 4097)].concat();
    end.clone().closes(&low, "FRM-06", ReplyCode(501));

    let mut high = end.clone();
    let at_once = [tune_ok(9, 131_072, 0), open("/"), channel_open(1), consume(1, "c", true)];
    high.takes(&at_once.concat());
    high.sent();
    high.takes(&message(publish(1, "k"), 1, &[7; 131_064], 131_064));
    high.send_content(1, Properties::EMPTY, &[7; 131_064]).unwrap();
    assert_eq!(bodies(&mut high), [131_064]);
    // The large frame may come in the same read.
    let mut pipelined = end.clone();
    let publish = message(publish(1, "k"), 1, &[7; 131_064], 131_064);
    let events = pipelined.takes(&[&at_once.concat()[..], &publish].concat());
    assert!(matches!(events[..], [.., Event::Content(_)]), "{:?}", lines(&events));

    let mut low = end;
    low.takes(&[tune_ok(9, 8192, 0), open("/"), channel_open(1), consume(1, "c", true)].concat());
    low.sent();
    low.send_content(1, Properties::EMPTY, &[7; 8185]).unwrap();
    assert_eq!(bodies(&mut low), [8184, 1]);
}

/// A table of one entry, `octets` longer than an empty one with its length.
fn table(octets: usize) -> TableBuf {
    TableBuf::new().with("h", &"x".repeat(octets - 7)[..]).unwrap()
}

/// Properties with which a content header is this long.
fn properties(payload: usize) -> PropertiesBuf {
    PropertiesBuf::new().with_headers(&table(payload - 18)).unwrap()
}

fn too_large<T>(result: Result<T, UsageError>) {
    let limit = 4088;
    let expected = UsageError::Encode(EncodeError::FrameTooLarge { size: limit + 1, limit });
    assert_eq!(result.err(), Some(expected));
}

/// The payload of the only frame that goes out.
fn only_payload(end: &mut End) -> usize {
    let sent = frames(&end.sent());
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent[0].2.len()
}

/// What is configured doesn't fit the answer to these octets: it is over, and why is told.
fn cannot_begin(end: &mut End, octets: &[u8]) {
    let reason = only_end(&end.feed(octets));
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Local, ReplyCode(541)));
    is_over(end);
}

fn a_client_sends_no_method_or_header_above_frame_max() {
    let mut end = open_client(4096, Profile::DEFAULT);
    // On channel 0.
    too_large(end.connection.update_secret(&[b's'; 4080], ""));
    assert_eq!(hex(&end.sent()), "");
    end.connection.update_secret(&[b's'; 4079], "").unwrap();
    assert_eq!(only_payload(&mut end), 4088);

    // On a channel.
    let (fits, does_not) = (table(4076), table(4077));
    let declare = queue::Declare { arguments: fits.as_table(), ..Default::default() };
    let too_long = queue::Declare { arguments: does_not.as_table(), ..declare };
    too_large(end.channel().call(&too_long));
    assert_eq!((end.channel().pending_requests(), hex(&end.sent())), (0, String::new()));
    end.channel().call(&declare).unwrap();
    assert_eq!(only_payload(&mut end), 4088);
    end.takes(&declare_ok(1, "q"));

    // In front of a content; neither its method nor its number is used up.
    end.channel().call(&confirm::Select::default()).unwrap();
    end.takes(&method(1, 85, 11, b""));
    end.sent();
    let (route, too_long) = (basic::Publish::default(), properties(4089));
    too_large(end.channel().publish(&route, &too_long, b"body"));
    too_large(end.channel().start_publish(&route, &too_long, 4));
    assert_eq!((end.channel().missing_body(), hex(&end.sent())), (None, String::new()));
    let number = end.channel().publish(&route, &properties(4088), b"body").unwrap();
    assert_eq!(number.number(), 1);
    let sizes: Vec<_> = frames(&end.sent()).iter().map(|(.., payload)| payload.len()).collect();
    assert_eq!(sizes, [4 + 2 + 1 + 1 + 1, 4088, 4]);
    // Nor is anything left of it among frames that wait.
    end.send_content(1, Properties::EMPTY, vec![7; 300_000]).unwrap();
    too_large(end.channel().publish(&route, &too_long, b"body"));
    assert_eq!(bodies(&mut end).len(), 74);

    // Before tuning 4096 is the limit.
    let mut config = plain();
    config.client_properties = table(5000);
    let mut end = End::new(Connection::client(config, T0));
    end.sent();
    cannot_begin(&mut end, &start("PLAIN"));

    takes_methods_and_headers_up_to(&open_client(4096, Profile::DEFAULT), 131_072);
    takes_methods_and_headers_up_to(&open_client(4096, Profile::STRICT), 131_064);
    takes_methods_and_headers_up_to(&open_client(131_072, Profile::STRICT), 131_064);
    takes_methods_and_headers_up_to(&open_client(200_000, Profile::DEFAULT), 200_000);
    takes_methods_and_headers_up_to(&open_client(200_000, Profile::STRICT), 199_992);
    // A whole one, not only its beginning.
    let mut end = open_client(4096, Profile::DEFAULT);
    let headers = [b"\x20\0", &long(&[b"\x01hS", &long(&[b'x'; 131_047])[..]].concat())[..]];
    let octets = [deliver(1, 1), header(1, 0, &headers.concat())].concat();
    assert_eq!(octets.len(), deliver(1, 1).len() + 131_080);
    assert!(matches!(end.takes(&octets)[..], [Event::Content(_)]));
}

fn a_server_sends_no_method_or_header_above_frame_max() {
    let mut end = open_server(4096, Profile::DEFAULT);
    let delivery = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    let too_long = properties(4089);
    too_large(end.channel().deliver(&delivery, &too_long, b"body"));
    too_large(end.channel().start_deliver(&delivery, &too_long, 4));
    too_large(end.channel().return_message(&basic::Return::default(), &too_long, b"body"));
    assert_eq!((end.channel().missing_body(), hex(&end.sent())), (None, String::new()));
    assert_eq!(end.channel().deliver(&delivery, &properties(4088), b"body"), Ok(1));
    let sizes: Vec<_> = frames(&end.sent()).iter().map(|(.., payload)| payload.len()).collect();
    assert_eq!(sizes, [4 + 2 + 8 + 1 + 1 + 1, 4088, 4]);
    // Nor is anything left of it among frames that wait.
    end.send_content(1, Properties::EMPTY, vec![7; 300_000]).unwrap();
    too_large(end.channel().deliver(&delivery, &too_long, b"body"));
    assert_eq!(bodies(&mut end).len(), 74);

    // Before tuning 4096 is the limit.
    let mut end = End::fresh_server();
    feed(&mut end.connection, &[PROTOCOL_HEADER, &start_ok("PLAIN", b"")].concat());
    while end.connection.poll_event().is_some() {}
    end.sent();
    too_large(end.connection.decide(Decision::Challenge(&[0; 4081])));
    assert_eq!(hex(&end.sent()), "");
    end.connection.decide(Decision::Challenge(&[0; 4080])).unwrap();
    assert_eq!(only_payload(&mut end), 4088);
    let mut config = ServerConfig::default();
    config.server_properties = table(5000);
    let mut end = End::new(Connection::server(config, T0));
    cannot_begin(&mut end, PROTOCOL_HEADER);

    takes_methods_and_headers_up_to(&open_server(4096, Profile::DEFAULT), 4096);
    takes_methods_and_headers_up_to(&open_server(4096, Profile::STRICT), 4088);
    takes_methods_and_headers_up_to(&open_server(200_000, Profile::DEFAULT), 200_000);
}

/// Waits for the rest of a frame whose payload is this long, and refuses one that is longer by one.
fn takes_methods_and_headers_up_to(end: &End, largest: u32) {
    for frame_type in [1, 2] {
        end.clone().ignores(&beginning(frame_type, 1, largest));
        let too_long = beginning(frame_type, 1, largest + 1);
        if end.connection.profile().close_after_framing_fault {
            end.clone().closes(&too_long, "FRM-06", ReplyCode(501));
        } else {
            end.clone().drops(&too_long, "FRM-06");
        }
    }
}
