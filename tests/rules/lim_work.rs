//! Limits: what a peer can make this side wait for, do, keep and answer.

use amqp_proto::protocol::{Properties, ReplyCode, basic, queue};
use amqp_proto::{
    ClientConfig, CloseDetail, Event, Limits, Phase, PublishSeq, Scope, ServerConfig, UsageError,
};
use bytes::{Buf, BytesMut};

use crate::common::*;
use crate::end::End;
use crate::hb;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("LIM-06", a_client_waits_for_a_bounded_time),
    server("LIM-06", a_server_waits_for_a_bounded_time),
    client("LIM-07", a_client_ends_behind_the_frame_that_it_has_begun),
    server("LIM-07", a_server_ends_behind_the_frame_that_it_has_begun),
    client("LIM-08", an_octet_costs_a_client_little),
    server("LIM-08", an_octet_costs_a_server_little),
    client("LIM-09", a_client_answers_no_end_of_requests_that_nobody_reads_the_answers_of),
    server("LIM-09", a_server_answers_no_end_of_requests_that_nobody_reads_the_answers_of),
    client("LIM-10", a_client_survives_any_octets),
    server("LIM-10", a_server_survives_any_octets),
];

/// A client with channel 1 and these limits.
fn client_limited(limits: impl Fn(&mut Limits)) -> End {
    let mut config: ClientConfig = plain();
    config.frame_max = 4096;
    limits(&mut config.limits);
    End::client_with(config).with_channel(1)
}

/// The same of a server; `c` is a consumer.
fn server_limited(limits: impl Fn(&mut Limits)) -> End {
    let mut config = ServerConfig::default();
    config.frame_max = 4096;
    limits(&mut config.limits);
    let mut end = End::server_with(config).with_channel(1);
    end.takes(&consume(1, "c", false));
    end
}

/// Nothing ends before this moment, at which the connection is over without another word.
fn is_over_at(mut end: End, seconds: u64, is_due: fn(&CloseDetail) -> bool) {
    let events = end.wait_until(millis(seconds * 1000 - 1));
    assert_eq!((lines(&events), end.connection.poll_timeout()), (Vec::new(), Some(at(seconds))));
    end.sent();
    let events = end.wait_until(at(seconds));
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert!(is_due(&reason.detail), "{reason}");
    assert_eq!((hex(&end.sent()), end.connection.poll_timeout()), (String::new(), None));
}

const HANDSHAKE: fn(&CloseDetail) -> bool =
    |detail| matches!(detail, CloseDetail::HandshakeTimeout { .. });
const SILENCE: fn(&CloseDetail) -> bool = |detail| matches!(detail, CloseDetail::HeartbeatLoss);
const NO_CLOSE_OK: fn(&CloseDetail) -> bool = |detail| matches!(detail, CloseDetail::CloseTimeout);

/// The beginning of a frame that never becomes whole.
const HALF: &[u8] = b"\x01\0\0\0\0\0\x05\0\x0A";

/// A handshake ends at this second, whatever comes before.
fn hurries(end: &End, seconds: u64) {
    is_over_at(end.clone(), seconds, HANDSHAKE);
    let mut late = end.clone();
    late.now = at(seconds - 1);
    late.ignores(&HALF[..4]);
    is_over_at(late, seconds, HANDSHAKE);
}

/// An open connection waits twice the heartbeat for the rest of a frame, and ten seconds for close-ok.
fn waits_for_a_bounded_time(end: &End, mut without_heartbeats: End) {
    let mut half = end.clone();
    half.ignores(HALF);
    is_over_at(half, 120, SILENCE);
    // Without heartbeats silence has no bound, inside a frame or not.
    without_heartbeats.ignores(HALF);
    assert_eq!(without_heartbeats.connection.poll_timeout(), None);
    let mut closing = end.clone();
    closing.connection.close(T0, ReplyCode(200), "").unwrap();
    assert_eq!(closing.sent(), connection_close(200, ""));
    is_over_at(closing.clone(), 10, NO_CLOSE_OK);
    closing.now = at(9);
    closing.ignores(HEARTBEAT);
    closing.ignores(HALF);
    is_over_at(closing, 10, NO_CLOSE_OK);
    // After a fault of the peer the time counts from the next moment that is told.
    let mut faulty = end.clone();
    faulty.feed(&declare(0, "q"));
    assert_eq!(faulty.connection.phase(), Phase::Closing);
    faulty.wait_until(T0);
    is_over_at(faulty, 10, NO_CLOSE_OK);
}

fn a_client_waits_for_a_bounded_time() {
    let mut end = End::fresh_client();
    for octets in [Vec::new(), start("PLAIN"), tune(2047, 131_072, 60)] {
        end.takes(&octets);
        end.sent();
        hurries(&end, 30);
    }
    waits_for_a_bounded_time(&End::client(), hb::client_of(0));
}

fn a_server_waits_for_a_bounded_time() {
    let mut end = End::fresh_server();
    is_over_at(end.clone(), 10, HANDSHAKE);
    let steps = [PROTOCOL_HEADER.to_vec(), start_ok("PLAIN", b""), tune_ok(2047, 131_072, 60)];
    for octets in steps {
        end.takes(&octets);
        end.sent();
        hurries(&end, 10);
    }
    waits_for_a_bounded_time(&End::server(), hb::server_of(0));
}

/// Exactly so many octets of the output, or all.
fn written(end: &mut End, count: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    loop {
        let transmit = end.connection.transmit();
        let part = transmit.remaining().min(count - octets.len());
        if part == 0 {
            return octets;
        }
        octets.extend_from_slice(&transmit.copy_to_bytes(part));
    }
}

/// Ends an end that has a content to write, after each number of octets of that: what goes out are
/// whole frames, at least those that had begun, and one Close on this channel.
fn ends_behind_whole_frames(end: &End, on_channel: u16, ends: fn(&mut End)) {
    let whole = end.clone().sent();
    assert!(frames(&whole).len() > 4);
    for count in (0..40).chain((40..=whole.len()).step_by(17)) {
        let mut end = end.clone();
        let mut octets = written(&mut end, count);
        assert_eq!(octets.len(), count);
        ends(&mut end);
        octets.extend(written(&mut end, usize::MAX));
        let sent = frames(&octets);
        let (frame_type, channel, close) = sent.last().unwrap();
        assert_eq!((*frame_type, *channel), (1, on_channel), "after {count} octets");
        assert!(close.starts_with(if on_channel == 0 { b"\0\x0A\0\x32" } else { b"\0\x14\0\x28" }));
        let before = octets.len() - close.len() - 8;
        assert!(before >= count && whole.starts_with(&octets[..before]), "after {count} octets");
        // A channel's own Close waits for all of what the channel has queued.
        assert!(on_channel == 0 || before == whole.len(), "after {count} octets");
    }
}

fn faults_and_closes_come_behind_whole_frames(end: &End) {
    ends_behind_whole_frames(end, 0, |end| {
        end.connection.handle_slice(T0, &body(1, b""));
        poll(&mut end.connection);
    });
    // Framing is lost: nobody waits for close-ok, and the output ends in the same way.
    ends_behind_whole_frames(end, 0, |end| {
        end.connection.handle_slice(T0, &frame(9, 0, b""));
        assert_eq!(endings(&poll(&mut end.connection)), 1);
    });
    ends_behind_whole_frames(end, 0, |end| {
        end.connection.close(T0, ReplyCode(200), "").unwrap();
    });
    ends_behind_whole_frames(end, 1, |end| end.channel().close(ReplyCode(200), "").unwrap());
}

fn a_client_ends_behind_the_frame_that_it_has_begun() {
    let mut end = client_limited(|limits| {
        limits.output_window = 4096;
        limits.max_body = Some(0);
    });
    let publish = basic::Publish { routing_key: "k".into(), ..<_>::default() };
    end.channel().publish(&publish, Properties::EMPTY, &[7; 20_000]).unwrap();
    faults_and_closes_come_behind_whole_frames(&end);
    ends_behind_whole_frames(&end, 1, |end| {
        end.connection.handle_slice(T0, &[deliver(1, 1), header(1, 1, BARE)].concat());
        poll(&mut end.connection);
    });
}

fn a_server_ends_behind_the_frame_that_it_has_begun() {
    let mut end = server_limited(|limits| limits.output_window = 4096);
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..<_>::default() };
    end.channel().deliver(&deliver, Properties::EMPTY, &[7; 20_000]).unwrap();
    faults_and_closes_come_behind_whole_frames(&end);
    ends_behind_whole_frames(&end, 1, |end| {
        end.connection.handle_slice(T0, &method(1, 60, 80, b"\0\0\0\0\0\0\0\x09\0"));
        poll(&mut end.connection);
    });
}

/// Octets of which hardly anything comes.
fn cost_little(end: &End, carrier: &[u8], with_table: fn(&[u8]) -> Vec<u8>) {
    // Heartbeats make no event, no answer and no state.
    let mut beaten = end.clone();
    beaten.ignores(&HEARTBEAT.repeat(20_000));
    assert_eq!(beaten.connection.unsent(), 0);
    // Empty body frames: up to 16 in a row.
    let empty = body(1, b"").repeat(16);
    let slow = [carrier, &header(1, 2, BARE), &empty, &body(1, b"a"), &empty, &body(1, b"b")];
    assert!(matches!(end.clone().takes(&slow.concat())[..], [Event::Content(_)]));
    let empty = body(1, b"").repeat(17);
    for at in [2, 4] {
        let mut slow = slow;
        slow[at + 1..].fill(b"");
        let mut end = end.clone();
        end.ignores(&slow.concat());
        end.closes(&empty[..8], "CNT-10", ReplyCode(501));
    }
    // Entries are counted, those of inner tables and arrays too.
    for fits in [b"\x01aV\x01bV\x01cV".to_vec(), [b"\x01aA", &long(b"VV")[..]].concat()] {
        assert_eq!(end.clone().takes(&with_table(&fits)).len(), 1);
        let fuller = [&fits[..], b"\x01dV"].concat();
        end.clone().closes(&with_table(&fuller), "LIM-03", ReplyCode(501));
    }
}

fn three_entries(limits: &mut Limits) {
    limits.table.max_entries = 3;
}

fn an_octet_costs_a_client_little() {
    cost_little(&client_limited(three_entries), &deliver(1, 1), |table| {
        [deliver(1, 1), header(1, 0, &[b"\x20\0", &long(table)[..]].concat())].concat()
    });
}

fn an_octet_costs_a_server_little() {
    cost_little(&server_limited(three_entries), &publish(1, "k"), |table| {
        method(1, 50, 10, &[b"\0\0\x01q\0", &long(table)[..]].concat())
    });
}

/// Room for 1000 octets of output and 100 more, for 2000 of input, and for two requests.
fn little_room(limits: &mut Limits) {
    limits.unsent_output = 1000;
    limits.output_reserve = 100;
    limits.undecoded_input = 2000;
    limits.open_requests = 2;
}

/// 2000 requests of 13 octets, whose answers have 13 octets too.
fn stops_reading_and_goes_on(mut end: End) {
    let mut buffer = BytesMut::from(&method(1, 20, 20, b"\x01").repeat(2000)[..]);
    let mut told = 0;
    for _ in 0..3 {
        end.connection.handle_input(T0, &mut buffer);
        told += poll(&mut end.connection).len();
        // Nobody writes. What has been answered is limited.
        assert_eq!(end.connection.unsent(), told * 13);
        assert!((1000..1113).contains(&(told * 13)), "{told} requests were answered");
    }
    // So is what waits to be read.
    assert!(!end.connection.wants_input());
    let waiting = 26_000 - told * 13 - buffer.len();
    assert!((1988..=2000).contains(&waiting), "{waiting} octets wait");
    let mut answers = end.sent();
    assert_eq!(end.connection.poll_timeout(), Some(T0), "there is more to poll");
    while told > 0 {
        end.connection.handle_input(T0, &mut buffer);
        told = poll(&mut end.connection).len();
        answers.extend(end.sent());
    }
    assert_eq!((buffer.len(), end.connection.phase()), (0, Phase::Open));
    assert!(answers == method(1, 20, 21, b"\x01").repeat(2000));
}

/// Closes that cross this side's own: each is answered, and none of them is told.
fn stops_at_answers_that_tell_nothing(mut end: End) {
    end.channel().close(ReplyCode(200), "").unwrap();
    let own = end.connection.unsent();
    end.connection.handle_slice(T0, &channel_close(1, 404, "").repeat(1000));
    assert_eq!(lines(&poll(&mut end.connection)), [""; 0]);
    assert!((1000..1113).contains(&end.connection.unsent()), "{}", end.connection.unsent());
    let mut answers = Vec::new();
    while answers.len() < own + 12_000 {
        answers.extend(end.sent());
        assert_eq!(lines(&poll(&mut end.connection)), [""; 0]);
    }
    assert!(answers[own..] == channel_close_ok(1).repeat(1000));
}

fn a_client_answers_no_end_of_requests_that_nobody_reads_the_answers_of() {
    stops_reading_and_goes_on(client_limited(little_room));
    stops_at_answers_that_tell_nothing(client_limited(little_room));
    // Answers that have to wait for the end of a content.
    let mut end = client_limited(little_room);
    let publish = basic::Publish::default();
    end.channel().start_publish(&publish, Properties::EMPTY, 4).unwrap();
    let flow = method(1, 20, 20, b"\x01");
    end.takes(&flow.repeat(2));
    end.closes(&flow, "LIM-09", ReplyCode(506));
}

fn a_server_answers_no_end_of_requests_that_nobody_reads_the_answers_of() {
    stops_reading_and_goes_on(server_limited(little_room));
    stops_at_answers_that_tell_nothing(server_limited(little_room));
    // Answers that the application has to give.
    let mut end = server_limited(little_room);
    assert_eq!(end.takes(&declare(1, "q").repeat(2)).len(), 2);
    end.clone().closes(&declare(1, "q"), "LIM-09", ReplyCode(506));
    let no_wait = method(1, 50, 10, b"\0\0\x01q\x10\0\0\0\0");
    assert_eq!(end.takes(&no_wait).len(), 1);
    let secret = method(0, 10, 70, &[long(b"token"), short("")].concat());
    assert_eq!(end.takes(&secret.repeat(2)).len(), 2);
    end.closes(&secret, "LIM-09", ReplyCode(506));
}

/// Takes octets of all kinds, and then the end of the stream: whatever they are, the connection ends
/// once, what it tells and sends is limited by what came, and it sends whole frames.
fn survives(end: &End, octets: &[u8]) {
    let mut end = end.clone();
    end.connection.handle_slice(T0, octets);
    let mut events = poll(&mut end.connection);
    let sent = end.sent();
    let sent = sent.strip_prefix(PROTOCOL_HEADER).unwrap_or(&sent);
    frames(sent);
    assert!(sent.len() < 4096, "{} octets for {}", sent.len(), octets.len());
    end.connection.handle_eof(T0);
    events.extend(poll(&mut end.connection));
    let is_ending = |event: &&Event| match event {
        Event::Violation(violation) => violation.scope == Scope::Connection,
        _ => false,
    };
    // The first is told by a Close; a second one ends the wait for close-ok.
    assert!(events.iter().filter(is_ending).count() <= 2, "{:?}", lines(&events));
    assert!(events.len() <= octets.len() / 8 + 8, "{:?}", lines(&events));
    assert_eq!(endings(&events), 1, "{:?}", lines(&events));
    assert!(matches!(events.last(), Some(Event::Closed(_))), "{:?}", lines(&events));
}

/// A dialogue with each octet changed, left out and the last.
fn survives_all_changes(end: &End, dialogue: &[u8]) {
    survives(end, dialogue);
    for place in 0..dialogue.len() {
        let mut changed = dialogue.to_vec();
        for octet in [0, 1, 0x7F, 0x80, 0xFF, dialogue[place] ^ 1] {
            changed[place] = octet;
            survives(end, &changed);
        }
        changed.remove(place);
        survives(end, &changed);
        survives(end, &dialogue[..place]);
    }
}

/// Frames of all types with sizes that don't fit what they hold.
fn survives_all_sizes(end: &End) {
    let sizes = [0, 1, 3, 4, 5, 4088, 4089, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF8, u32::MAX];
    for frame_type in [0, 1, 2, 3, 8, 206, 255] {
        for channel in [0, 1, 2, u16::MAX] {
            for size in sizes {
                let header = [&[frame_type][..], &channel.to_be_bytes(), &size.to_be_bytes()];
                for rest in [0, 1, 4096, 8192] {
                    survives(end, &[&header.concat()[..], &vec![0xCE; rest]].concat());
                }
            }
        }
    }
}

const TABLE: &[u8] = b"\x01aF\0\0\0\x04\x01bt\x01\x01cA\0\0\0\x06S\0\0\0\x01x\x01dD\x02\0\0\0\x07";

/// A body of no limit comes in parts, none of which is kept.
fn gathers_nothing(end: &mut End, carrier: &[u8]) {
    let events = end.takes(&[carrier, &header(1, u64::MAX, BARE)].concat());
    assert!(matches!(events[..], [Event::ContentStart(_)]), "{:?}", lines(&events));
    for _ in 0..3 {
        let events = end.takes(&body(1, &[7; 4000]));
        let [Event::ContentPart(part)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!((part.octets.len(), part.last), (4000, false));
    }
}

fn a_client_survives_any_octets() {
    survives_all_changes(&End::fresh_client(), &server_handshake(131_072));
    let mut end = client_limited(|limits| limits.consumers = 2);
    let mut channel = end.channel();
    let declare = queue::Declare { queue: "q".into(), ..<_>::default() };
    channel.call(&declare).unwrap();
    channel.call(&amqp_proto::protocol::confirm::Select { no_wait: true }).unwrap();
    channel.publish(&basic::Publish::default(), Properties::EMPTY, "body").unwrap();
    end.sent();
    let headed = [b"\x20\0", &long(TABLE)[..]].concat();
    let dialogue = [
        declare_ok(1, "q"),
        [deliver(1, 1), header(1, 5, &headed), body(1, b"he"), body(1, b"llo")].concat(),
        method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0"),
        method(1, 20, 20, b"\0"),
        channel_close(1, 404, "gone"),
    ];
    survives_all_changes(&end, &dialogue.concat());
    survives_all_sizes(&end);

    gathers_nothing(&mut end.clone(), &deliver(1, 1));
    let last = [deliver(1, u64::MAX), header(1, 0, BARE)].concat();
    assert_eq!(end.takes(&last).len(), 1);
    let events = end.feed(&last);
    assert!(matches!(events[..], [Event::Irregular(_), Event::Content(_)]), "{:?}", lines(&events));
    let ack = basic::Ack { delivery_tag: u64::MAX, multiple: true };
    assert_eq!(end.channel().send(&ack), Ok(()));
    for (consumer_tag, expected) in
        [("a", None), ("b", None), ("c", Some(UsageError::TooManyConsumers { limit: 2 }))]
    {
        let (queue, consumer_tag) = ("q".into(), consumer_tag.into());
        let consume = basic::Consume { queue, consumer_tag, ..<_>::default() };
        assert_eq!(end.channel().call(&consume).err(), expected);
    }
}

fn a_server_survives_any_octets() {
    survives_all_changes(&End::fresh_server(), &client_handshake(131_072));
    let mut end = server_limited(|limits| {
        (limits.consumers, limits.unconfirmed, limits.max_body) = (2, 1, None);
    });
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..<_>::default() };
    end.channel().deliver(&deliver, Properties::EMPTY, "body").unwrap();
    end.sent();
    let headed = [b"\x20\0", &long(TABLE)[..]].concat();
    let dialogue = [
        method(1, 50, 10, &[b"\0\0\x01q\0", &long(TABLE)[..]].concat()),
        consume(1, "d", true),
        [publish(1, "k"), header(1, 5, &headed), body(1, b"he"), body(1, b"llo")].concat(),
        method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0"),
        method(1, 20, 20, b"\0"),
        channel_close(1, 200, ""),
    ];
    survives_all_changes(&end, &dialogue.concat());
    survives_all_sizes(&end);

    gathers_nothing(&mut end.clone(), &publish(1, "k"));
    end.takes(&consume(1, "d", true));
    end.clone().closes(&consume(1, "e", true), "LIM-10", ReplyCode(506));
    // What waits for its confirm is limited as well: further publishes wait undecoded.
    end.takes(&method(1, 85, 10, b"\x01"));
    let publish = [publish(1, "k"), header(1, 0, BARE)].concat();
    let mut events = end.takes(&publish.repeat(3));
    for number in 1..=3 {
        let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(content.publish_seq().map(PublishSeq::number), Some(number));
        let ack = basic::Ack { delivery_tag: number, multiple: false };
        end.channel().send(&ack).unwrap();
        events = poll(&mut end.connection);
    }
}
