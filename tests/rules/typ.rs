//! Data types: numbers and long strings.

use amqp_proto::protocol::{Method, PropertiesBuf, ReplyCode, basic, queue};
use amqp_proto::wire::{DecodeErrorKind, LongStr, Value};
use amqp_proto::{ClientConfig, Connection, Decision, Event, Got, Mechanism, ServerConfig};

use crate::common::*;
use crate::end::End;
use crate::fields::*;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("TYP-01", a_client_counts_without_sign_in_network_order),
    server("TYP-01", a_server_counts_without_sign_in_network_order),
    client("TYP-05", a_client_puts_any_octets_in_long_strings),
    server("TYP-05", a_server_puts_any_octets_in_long_strings),
    client("TYP-06", lengths_to_a_client_have_no_sign),
    server("TYP-06", lengths_to_a_server_have_no_sign),
    client("TYP-07", || timestamps_are_any_seconds(&End::client_channel())),
    server("TYP-07", || timestamps_are_any_seconds(&End::server_channel())),
    client("TYP-08", numbers_have_their_widths_on_a_client),
    server("TYP-08", numbers_have_their_widths_on_a_server),
    client("TYP-09", || floats_keep_their_bits(&End::client_channel())),
    server("TYP-09", || floats_keep_their_bits(&End::server_channel())),
];

/// One octet and eight: priority and timestamp.
fn one_and_eight_octets(end: &End) {
    let octets = b"\x08\x40\xFE\x81\x02\x03\x04\x05\x06\x07\xF8";
    let (priority, timestamp) = (0xFE, 0x8102_0304_0506_07F8);
    let properties = PropertiesBuf::new().with_priority(priority).with_timestamp(timestamp);
    sends(end, &properties, octets);
    let content = takes_content(end, octets);
    let read = (content.properties().priority(), content.properties().timestamp());
    assert_eq!(read, (Some(priority), Some(timestamp)));
}

fn a_client_counts_without_sign_in_network_order() {
    let mut end = End::client_channel();
    one_and_eight_octets(&end);
    let qos =
        basic::Qos { prefetch_size: 0x8102_03F4, prefetch_count: 0x81F2, ..Default::default() };
    end.channel().call(&qos).unwrap();
    assert_eq!(end.sent(), method(1, 60, 10, b"\x81\x02\x03\xF4\x81\xF2\0"));
    end.takes(&method(1, 60, 11, b""));
    end.channel().call(&queue::Declare::default()).unwrap();
    let ok = method(1, 50, 11, b"\x01q\x81\x02\x03\xF4\xFF\xFF\xFF\xFF");
    let Event::Reply { method, .. } = only_event(&end, &ok) else { panic!() };
    let Method::QueueDeclareOk(ok) = method.method() else { panic!("{method}") };
    assert_eq!((ok.message_count, ok.consumer_count), (0x8102_03F4, u32::MAX));
}

fn a_server_counts_without_sign_in_network_order() {
    let mut end = End::server_channel();
    one_and_eight_octets(&end);
    let qos = method(1, 60, 10, b"\x81\x02\x03\xF4\x81\xF2\0");
    let Event::Request { method: event, .. } = only_event(&end, &qos) else { panic!() };
    let Method::BasicQos(qos) = event.method() else { panic!("{event}") };
    assert_eq!((qos.prefetch_size, qos.prefetch_count), (0x8102_03F4, 0x81F2));
    let events = end.takes(&declare(1, "q"));
    let [Event::Request { token: Some(token), .. }] = &events[..] else { panic!() };
    let (message_count, consumer_count) = (0x8102_03F4, u32::MAX);
    let ok = queue::DeclareOk { queue: "q".into(), message_count, consumer_count };
    end.channel().reply(*token, &ok).unwrap();
    assert_eq!(end.sent(), method(1, 50, 11, b"\x01q\x81\x02\x03\xF4\xFF\xFF\xFF\xFF"));
}

const ANY: &[u8] = b"\0\xFF\xC3 \0";

/// In a table, by both roles.
fn any_octets_in_a_value(end: &End) {
    let octets = [b"S", &long(ANY)[..]].concat();
    reads(end, &octets, Value::LongStr(ANY.into()));
    writes(end, Value::LongStr(ANY.into()), &octets);
    // More than a short string holds, and nothing.
    let text = [b'x'; 70_000];
    for text in [&text[..], &text[..256], b""] {
        let octets = [b"S", &long(text)[..]].concat();
        reads(end, &octets, Value::LongStr(LongStr::from(text)));
        writes(end, Value::LongStr(LongStr::from(text)), &octets);
    }
    // One octet beyond the end.
    are_malformed(end, &pair(b"S\0\0\0\x03ab"));
}

/// A client whose mechanism is the application's own, and which has written its protocol header.
fn client_before_start() -> End {
    let mechanisms = vec![Mechanism::custom("X", ANY)];
    let config = ClientConfig::with_mechanisms(mechanisms);
    let mut end = End::new(Connection::client(config, T0));
    assert_eq!(end.sent(), PROTOCOL_HEADER);
    end
}

/// connection.start with these octets behind the length of its locales.
fn start_with(length: u32, locales: &[u8]) -> Vec<u8> {
    let arguments = [b"\0\x09\0\0\0\0", &long(b"X")[..], &length.to_be_bytes(), locales];
    method(0, 10, 10, &arguments.concat())
}

fn a_client_puts_any_octets_in_long_strings() {
    let mut end = End::client_channel();
    any_octets_in_a_value(&end);
    end.connection.update_secret(ANY, "r").unwrap();
    assert_eq!(end.sent(), method(0, 10, 70, &[&long(ANY)[..], b"\x01r"].concat()));

    let mut end = client_before_start();
    end.clone().drops(&start_with(6, ANY), "MTH-04");
    assert_eq!(lines(&end.takes(&start_with(5, ANY))), [""; 0]);
    let start_ok = frames(&end.sent()).remove(0);
    let response = [&b"\x01X"[..], &long(ANY)].concat();
    assert!(start_ok.2.windows(response.len()).any(|octets| octets == response));
    let secure = |length: u8| method(0, 10, 20, &[&[0, 0, 0, length], ANY].concat());
    end.clone().drops(&secure(6), "MTH-04");
    let events = end.takes(&secure(5));
    let [Event::Challenge(challenge)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(challenge.challenge().as_octets(), ANY);
    end.connection.decide(Decision::Respond(ANY)).unwrap();
    assert_eq!(end.sent(), method(0, 10, 21, &long(ANY)));
}

fn a_server_puts_any_octets_in_long_strings() {
    let end = End::server_channel();
    any_octets_in_a_value(&end);
    let update = |length: u8| method(0, 10, 70, &[&[0, 0, 0, length], ANY, b"\x01r"].concat());
    let Event::UpdateSecret(secret) = only_event(&end, &update(5)) else { panic!() };
    assert_eq!(secret.new_secret(), ANY);
    end.clone().closes(&method(0, 10, 70, b"\0\0\0\x06\0\xFF\xC3 \0"), "MTH-04", ReplyCode(501));
}

/// Lengths that are too long by one, and those whose highest bit is set.
const LENGTHS: [u32; 6] = [4, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0003, 0xFFFF_FFFC, u32::MAX];

/// The violation tells the length as it was declared, and what there was.
fn tells_length(end: &End, octets: &[u8], rule: &str, length: u32, available: usize) {
    let violation = end.clone().closes(octets, rule, ReplyCode(501));
    let Got::Malformed(error) = violation.got else { panic!("{violation}") };
    let declared = u64::from(length);
    assert_eq!(error.kind(), DecodeErrorKind::LengthOverrun { declared, available });
}

fn lengths_in_headers_have_no_sign(end: &End) {
    for length in LENGTHS {
        let octets = [&length.to_be_bytes()[..], b"abc"].concat();
        let table = [b"\x20\0", &octets[..]].concat();
        tells_length(end, &content(end, &table), "CNT-15", length, 3);
        for tag in *b"SxFAcC" {
            let pairs = pair(&[&[tag], &octets[..]].concat());
            tells_length(end, &content(end, &headers(&pairs)), "CNT-15", length, 3);
        }
    }
}

fn lengths_to_a_client_have_no_sign() {
    lengths_in_headers_have_no_sign(&End::client_channel());
    for length in LENGTHS {
        let violation = client_before_start().drops(&start_with(length, b"abc"), "MTH-04");
        let Got::Malformed(error) = violation.got else { panic!("{violation}") };
        let declared = u64::from(length);
        assert_eq!(error.kind(), DecodeErrorKind::LengthOverrun { declared, available: 3 });
    }
}

fn lengths_to_a_server_have_no_sign() {
    let end = End::server_channel();
    lengths_in_headers_have_no_sign(&end);
    for length in LENGTHS {
        let octets = [&length.to_be_bytes()[..], b"abc"].concat();
        tells_length(&end, &method(0, 10, 70, &octets), "MTH-04", length, 3);
        let declare = method(1, 50, 10, &[b"\0\0\x01q\0", &octets[..]].concat());
        tells_length(&end, &declare, "MTH-04", length, 3);
    }
}

fn timestamps_are_any_seconds(end: &End) {
    // In 2023, the last of 32 bits, beyond 9999, and what a signed number would take for -2^63 and -1.
    for seconds in [0, 1_700_000_000, 0xFFFF_FFFF, 1 << 40, 1 << 63, u64::MAX] {
        let octets = [&b"\0\x40"[..], &u64::to_be_bytes(seconds)].concat();
        let content = takes_content(end, &octets);
        assert_eq!(content.properties().timestamp(), Some(seconds));
        sends(end, &PropertiesBuf::new().with_timestamp(seconds), &octets);
        let octets = [&b"T"[..], &u64::to_be_bytes(seconds)].concat();
        reads(end, &octets, Value::Timestamp(seconds));
        writes(end, Value::Timestamp(seconds), &octets);
    }
    are_malformed(end, &pair(b"T\0\0\0\0\0\0\0"));
}

fn numbers_have_their_widths_on_a_client() {
    let mut end = End::client_channel().with_channel(2);
    // The same delivery-tag on two channels is two deliveries; each is acked on its own.
    let tag = u64::MAX;
    let delivery = |channel| [deliver(channel, tag), header(channel, 0, BARE)].concat();
    assert_eq!(end.takes(&[delivery(1), delivery(2)].concat()).len(), 2);
    let ack = basic::Ack { delivery_tag: tag, multiple: false };
    for channel in [2, 1] {
        end.channel_number(channel).send(&ack).unwrap();
        assert_eq!(end.sent(), method(channel, 60, 80, b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0"));
    }
    let content = [deliver(1, 1), header(1, u64::MAX, BARE)].concat();
    let mut end = End::client_channel();
    let Event::ContentStart(start) = only_event(&end, &content) else { panic!() };
    assert_eq!(start.body_size(), u64::MAX);

    end.channel().call(&basic::Get { queue: "q".into(), ..Default::default() }).unwrap();
    let get_ok = method(1, 60, 71, b"\x81\0\0\0\0\0\0\x02\x01\0\x01q\xFF\xFF\xFF\xFE");
    let event = only_event(&end, &[get_ok, header(1, 0, BARE)].concat());
    let Event::Content(content) = &event else { panic!("{event}") };
    let get_ok = content.get_ok().unwrap();
    assert_eq!(get_ok.delivery_tag, 0x8100_0000_0000_0002);
    assert_eq!(get_ok.message_count, 0xFFFF_FFFE);
    let closed = only_event(&End::client_channel(), &channel_close(1, u16::MAX, ""));
    let Event::ChannelClosed { reason, .. } = closed else { panic!("{closed}") };
    assert_eq!(reason.reply_code, ReplyCode(u16::MAX));
}

fn numbers_have_their_widths_on_a_server() {
    let mut config = ServerConfig::default();
    config.limits.max_body = Some(u64::MAX);
    let mut end = End::server_with(config).with_channel(1).with_channel(2);
    let content = [publish(1, "k"), header(1, u64::MAX, BARE)].concat();
    let Event::ContentStart(start) = only_event(&end, &content) else { panic!() };
    assert_eq!(start.body_size(), u64::MAX);
    // Each channel counts its own deliveries.
    for (channel, tag) in [(1, 1), (2, 1), (1, 2)] {
        let (consumer, bare) = (format!("c{tag}"), PropertiesBuf::new());
        end.takes(&consume(channel, &consumer, false));
        let deliver = basic::Deliver { consumer_tag: (&consumer).into(), ..Default::default() };
        assert_eq!(end.channel_number(channel).deliver(&deliver, &bare, ""), Ok(tag));
        let arguments =
            [&short(&consumer)[..], b"\0\0\0\0\0\0\0", &[u8::try_from(tag).unwrap()], b"\0\0\0"];
        let carrier = method(channel, 60, 60, &arguments.concat());
        assert_eq!(end.sent(), [carrier, header(channel, 0, BARE)].concat());
    }
    let ack =
        |channel, tag: u64| method(channel, 60, 80, &[&tag.to_be_bytes()[..], b"\0"].concat());
    end.clone().closes_channel(&ack(1, 1 << 32 | 1), "ACK-01", ReplyCode(406));
    assert_eq!(end.takes(&[ack(2, 1), ack(1, 1)].concat()).len(), 2);

    let events = end.takes(&method(1, 60, 70, b"\0\0\x01q\0"));
    let [Event::Request { token: Some(token), .. }] = &events[..] else { panic!() };
    let ok = basic::GetOk { message_count: 0xFFFF_FFFE, ..Default::default() };
    assert_eq!(end.channel().get_ok(*token, &ok, &PropertiesBuf::new(), ""), Ok(3));
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\x03\0\0\0\xFF\xFF\xFF\xFE");
    assert_eq!(end.sent(), [get_ok, header(1, 0, BARE)].concat());
    end.channel().close(ReplyCode(u16::MAX), "").unwrap();
    assert_eq!(end.sent(), channel_close(1, u16::MAX, ""));
}

fn floats_keep_their_bits(end: &End) {
    // A signalling NaN, a quiet one with a payload, both zeros and infinities, the smallest number.
    for bits in [0x7FA0_0001, 0xFFC1_2345, 0, 0x8000_0000, 0x7F80_0000, 0xFF80_0000, 1_u32] {
        let (octets, value) = ([b"f", &bits.to_be_bytes()[..]].concat(), f32::from_bits(bits));
        reads(end, &octets, Value::F32(value));
        writes(end, Value::F32(value), &octets);
        let table = takes(end, &pair(&octets));
        assert!(matches!(table.get("n"), Some(Value::F32(read)) if read.to_bits() == bits));
    }
    let quiet = 0xFFF8_0000_0000_0001;
    for bits in [0x7FF0_0000_0000_0001, quiet, 0, 1 << 63, 0x7FF0 << 48, 0xFFF0 << 48, 1_u64] {
        let (octets, value) = ([b"d", &bits.to_be_bytes()[..]].concat(), f64::from_bits(bits));
        reads(end, &octets, Value::F64(value));
        writes(end, Value::F64(value), &octets);
        let table = takes(end, &pair(&octets));
        assert!(matches!(table.get("n"), Some(Value::F64(read)) if read.to_bits() == bits));
    }
}
