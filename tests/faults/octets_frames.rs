//! Streams of frames: odd frames, headers with more in them than they say, and frames that come in
//! pieces.

use amqp_proto::frame::{Cut, RawFrame, Scanner, cut};
use amqp_proto::protocol::{ContentHeader, Properties, ReplyCode, basic, confirm, queue};
use amqp_proto::wire::TableLimits;
use amqp_proto::{Connection, ContentMode, Event, Phase, ServerConfig};
use bytes::{Bytes, BytesMut};

use crate::common::*;
use crate::end::End;
use crate::support::*;

/// streadway/amqp, 2015: go-fuzz found that a heartbeat with a payload and body frames in odd
/// places panicked or asked for gigabytes. `HB-03`, `CNT-03`, `FRM-02`.
pub(crate) fn streadway_amqp_151_odd_frames_are_faults_and_nothing_else() {
    for end in ends() {
        for len in (1..=40).chain([48, 255, 256, 4096, 131_072]) {
            end.clone().closes(&frame(8, 0, &vec![b'0'; len]), "HB-03", FRAME_ERROR);
        }
        for len in [0, 1, 7, 48, 131_072] {
            let payload = vec![b'0'; len];
            end.clone().closes(&body(1, &payload), "CNT-03", UNEXPECTED_FRAME);
            end.clone().closes(&body(0, &payload), "FRM-11", ReplyCode(504));
            end.clone().closes(&body(0x3030, &payload), "CHN-01", ReplyCode(504));
        }
        // A fuzzer's favourite, ASCII zeros: channel 12336 and a size of 808464432.
        for frame_type in TYPES {
            let octets = [&[frame_type][..], &[b'0'; 20]].concat();
            end.clone().closes(&octets, "FRM-06", FRAME_ERROR);
        }
        end.clone().closes(&[b'0'; 8], "FRM-03", FRAME_ERROR);
        for frame_type in TYPES {
            for wrong_end in [0, b'0', 0xCD, 0xCF, 0xFF] {
                let mut octets = frame(frame_type, 1, &[b'0'; 48]);
                *octets.last_mut().unwrap() = wrong_end;
                end.clone().closes(&octets, "FRM-02", FRAME_ERROR);
            }
        }
    }
    for end in fresh_ends() {
        for len in [1, 40, 4096] {
            end.clone().drops(&frame(8, 0, &vec![b'0'; len]), "HB-03");
            end.clone().drops(&body(1, &vec![b'0'; len]), "HS-01");
        }
    }
}

/// All fourteen properties, and some of them.
fn properties() -> [Vec<u8>; 4] {
    let strings = |count| b"\x01s".repeat(count);
    let all = [
        &b"\xFF\xFC"[..],
        &strings(2),
        b"\0\0\0\x03\x01kV\x02\x05",
        &strings(4),
        &[0, 0, 0, 0, 0, 0, 0, 7],
        &strings(4),
    ];
    [BARE.to_vec(), b"\x80\0\x03a/b".to_vec(), b"\x54\0\0\0\0".to_vec(), all.concat()]
}

/// amqp091-go, 2026: octets behind the last property were left in the stream and read as the next
/// frame. Here they are malformed, and frames end where their size says. `CNT-15`.
pub(crate) fn amqp091_go_309_octets_behind_the_last_property_do_not_shift_the_stream() {
    for values in properties() {
        for padding in 0..=20 {
            for octet in [0, 0xCE, 0xFF] {
                let padded = [&values[..], &vec![octet; padding]].concat();
                let octets = [header(1, 4, &padded), body(1, b"body"), HEARTBEAT.to_vec()].concat();
                // Exactly `size` octets and eight more belong to the frame.
                let whole = 7 + 12 + padded.len() + 1;
                let found = cut(&octets, 4088).unwrap();
                assert!(matches!(found, Cut::Frame { consumed, .. } if consumed == whole));
                let places: Vec<_> = Scanner::new(&octets, 4088).map(|(place, _)| place).collect();
                assert_eq!(places, [0, whole, whole + 12]);
                let parsed = ContentHeader::parse(&octets[7..whole - 1], &TableLimits::default());
                assert_eq!(parsed.is_ok(), padding == 0);
                for end in ends() {
                    let octets = [&end.content_of_peer(1, 1), &octets[..]].concat();
                    if padding == 0 {
                        let events = end.clone().takes(&octets);
                        assert!(matches!(events[..], [Event::Content(_)]), "{:?}", lines(&events));
                    } else {
                        end.clone().closes(&octets, "CNT-15", FRAME_ERROR);
                    }
                }
            }
        }
    }
    // The frame of the report.
    let payload = b"\0\x3C\0\0\0\0\0\0\0\0\x0A\x54\x54\0\0\0\0\0";
    let [end, _] = ends();
    end.clone().closes(&[deliver(1, 1), frame(2, 1, payload)].concat(), "CNT-15", FRAME_ERROR);
    let fits = [deliver(1, 1), frame(2, 1, &payload[..17])].concat();
    assert!(end.clone().takes(&fits).is_empty());
}

/// What is played to a connection, in which state that is.
struct Session {
    name: &'static str,
    connection: Connection,
    octets: Vec<u8>,
    /// So much is told at least, the octets that are sent among it.
    least: usize,
}

/// A publish, delivery or other content of so many octets, in parts.
fn content(carrier: Vec<u8>, len: usize, largest: usize) -> Vec<u8> {
    let octets: Vec<u8> = (0..len).map(|place| place as u8).collect();
    let [.., all] = properties();
    let mut content = [carrier, header(1, len as u64, &all)].concat();
    for part in octets.chunks(largest) {
        content.extend([body(1, part), HEARTBEAT.to_vec(), body(1, b"")].concat());
    }
    content.truncate(content.len() - if len > 0 { 8 } else { 0 });
    content
}

/// A client's side of a session from the protocol header to close.
fn of_a_client() -> Vec<u8> {
    let table = long(b"\x01aI\0\0\0\x07\x01bF\0\0\0\x04\x01ct\x01\x01dS\0\0\0\x02xy");
    [
        client_handshake(131_072),
        channel_open(1),
        method(1, 50, 10, &[b"\0\0\x01q\x02", &table[..]].concat()),
        consume(1, "c", false),
        method(1, 85, 10, b"\x01"),
        content(publish(1, "key"), 0, 1),
        content(publish(1, "key"), 33, 33),
        content(publish(1, "key"), 33, 20),
        method(1, 20, 20, b"\0"),
        channel_close(1, 200, "done"),
        channel_open(1),
        declare(1, "again"),
        connection_close(200, "bye"),
        b"rubbish behind the end".to_vec(),
    ]
    .concat()
}

/// A client with channel 1 that waits for replies and confirms, and what comes.
fn of_a_server() -> (Connection, Vec<u8>) {
    let mut end = End::client_channel();
    let mut channel = end.channel();
    channel.call(&confirm::Select::default()).unwrap();
    channel.call(&queue::Declare::default()).unwrap();
    let publish = basic::Publish { routing_key: "k".into(), mandatory: true, ..Default::default() };
    for _ in 0..4 {
        channel.publish(&publish, Properties::EMPTY, "out").unwrap();
    }
    channel.call(&basic::Get { queue: "q".into(), ..Default::default() }).unwrap();
    end.sent();
    let ack = |tag: u64, bits| method(1, 60, 80, &[&tag.to_be_bytes()[..], &[bits]].concat());
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\x04\0\x01e\x01k\0\0\0\x05");
    let octets = [
        method(1, 85, 11, b""),
        content(deliver(1, 1), 0, 1),
        declare_ok(1, "amq.gen-1"),
        ack(2, 0),
        content(deliver(1, 2), 33, 33),
        ack(3, 1),
        message(method(1, 60, 50, b"\x01\x38\x08NO_ROUTE\0\x01k"), 1, b"out", 3),
        method(0, 10, 60, &short("disk")),
        content(deliver(1, 3), 33, 20),
        content(get_ok, 5, 5),
        method(1, 60, 30, b"\x01c\x01"),
        channel_close(1, 404, "NOT_FOUND"),
        method(0, 10, 61, b""),
        connection_close(320, "CONNECTION_FORCED"),
        b"rubbish behind the end".to_vec(),
    ];
    (end.connection, octets.concat())
}

fn sessions() -> Vec<Session> {
    let mut sessions = Vec::new();
    let mut add = |name, connection: &Connection, octets: &[u8], least| {
        let (connection, octets) = (connection.clone(), octets.to_vec());
        sessions.push(Session { name, connection, octets, least });
    };
    for (mode, least) in [(ContentMode::Whole, 16), (ContentMode::Streamed, 19)] {
        let mut config = ServerConfig::default();
        config.content = mode;
        add("a client's", &Connection::server(config, T0), &of_a_client(), least);
    }
    let (asking, octets) = of_a_server();
    add("a server's", &asking, &octets, 17);
    let (client, server) =
        (Connection::client(plain(), T0), Connection::server(ServerConfig::default(), T0));
    let greeting = [server_handshake(131_072), connection_close(320, "busy")].concat();
    add("a greeting", &client, &greeting, 3);
    let http = b"HTTP/1.1 400 Bad Request\r\n";
    for octets in [&b"AMQP\0\0\x09\x01"[..], http, b"\x15\x03\x01\0\x02\x02\x46"] {
        add("no answer", &client, octets, 2);
    }
    for octets in [&b"AMQP\x03\x01\0\0"[..], b"GET / HTTP/1.1\r\n\r\n", b"\x01\0\0\0\0\0\0\xCE"] {
        add("no request", &server, octets, 2);
    }
    // Sessions that go wrong, with frames behind the fault.
    let [client, server] = ends();
    for end in [client, server] {
        let begun = [end.content_of_peer(1, 1), header(1, 12, BARE)].concat();
        let mut wrong_end = channel_close(1, 200, "text");
        *wrong_end.last_mut().unwrap() = 0xCF;
        for fault in [
            frame(4, 0, b""),
            b"\x03\0\x01\xFF\xFF\xFF\xF8 and so on".to_vec(),
            wrong_end,
            method(1, 99, 9, b"arguments"),
            method(0, 10, 50, b"\0\xC8\xFF"),
            frame(8, 0, b"octets"),
            [&begun[..], &body(1, b"twelve octets")].concat(),
            [&begun[..], &body(1, b"half"), &channel_close(1, 200, "")].concat(),
            [&begun[..], &body(1, b"half"), &body(2, b"octets")].concat(),
        ] {
            let behind = [HEARTBEAT, &connection_close_ok(), HEARTBEAT].concat();
            let octets = [HEARTBEAT, &fault, &behind].concat();
            add("a fault", &end.connection, &octets, 3);
        }
    }
    sessions
}

/// What a connection tells of these pieces, each polled or all at the end; parts of a body that
/// follow each other are one, for where they are cut depends on the pieces.
fn told(connection: &Connection, pieces: &[&[u8]], door: usize, poll_each: bool) -> Vec<String> {
    let mut connection = connection.clone();
    let mut buffer = BytesMut::new();
    let mut events = Vec::new();
    for piece in pieces {
        match door {
            0 => connection.handle_slice(T0, piece),
            1 => connection.handle_bytes(T0, Bytes::copy_from_slice(piece)),
            _ => {
                buffer.extend_from_slice(piece);
                connection.handle_input(T0, &mut buffer);
            }
        }
        if poll_each {
            events.extend(poll(&mut connection));
        }
    }
    let mut left = usize::MAX;
    while left != buffer.len() || left == usize::MAX {
        left = buffer.len();
        events.extend(poll(&mut connection));
        connection.handle_input(T0, &mut buffer);
    }
    connection.handle_eof(T0);
    events.extend(poll(&mut connection));
    let mut told: Vec<String> = Vec::new();
    let mut open = None;
    for event in events {
        match event {
            Event::ContentPart(part) => {
                let (octets, last) = open.get_or_insert((Vec::new(), false));
                octets.extend_from_slice(&part.octets);
                *last = part.last;
                if part.last {
                    told.push(format!("parts: {:?}", open.take()));
                }
            }
            event => {
                told.extend(open.take().map(|part| format!("parts: {part:?}")));
                let body = if let Event::Content(content) = &event { content.body() } else { b"" };
                told.push(format!("{event:?} {body:?}"));
            }
        }
    }
    told.push(hex(&output(&mut connection)));
    told
}

/// Packetbeat: a message that was cut between two packets was read past the end of the first.
/// `FRM-05`.
pub(crate) fn packetbeat_6384_sessions_are_the_same_at_every_split() {
    for Session { name, connection, octets, least } in sessions() {
        let expected = told(&connection, &[&octets], 0, true);
        assert!(expected.len() >= least, "{name}, {}: {expected:#?}", expected.len());
        for split in 0..=octets.len() {
            let (first, second) = octets.split_at(split);
            for door in 0..3 {
                for poll_each in [true, false] {
                    let told = told(&connection, &[first, second], door, poll_each);
                    assert!(
                        told == expected,
                        "{name}, split at {split}: {told:#?}, not {expected:#?}"
                    );
                }
            }
        }
    }
    // Three pieces of what both sides begin with.
    for (connection, octets) in [
        (Connection::server(ServerConfig::default(), T0), client_handshake(131_072)),
        (Connection::client(plain(), T0), server_handshake(131_072)),
    ] {
        let expected = told(&connection, &[&octets], 0, true);
        for first in 0..octets.len() {
            for second in first..octets.len() {
                let pieces = [&octets[..first], &octets[first..second], &octets[second..]];
                let door = (first + second) % 3;
                assert!(told(&connection, &pieces, door, true) == expected, "{first}, {second}");
            }
        }
    }
}

/// The same for one direction that is only looked at: what is found in a part of a capture is found
/// in all of it. `FRM-05`.
pub(crate) fn packetbeat_6384_a_capture_may_end_anywhere() {
    let session = of_a_client();
    let octets = &session[8..session.len() - b"rubbish behind the end".len()];
    let found = |octets| -> Vec<(usize, RawFrame<'_>)> {
        Scanner::new(octets, 4088).map(|(place, frame)| (place, frame.unwrap())).collect()
    };
    let whole = found(octets);
    assert!(whole.len() > 20);
    for end in 0..octets.len() {
        let part = found(&octets[..end]);
        assert_eq!(part, whole[..part.len()]);
        let next = part.last().map_or(0, |(place, frame)| place + frame.total_len());
        let mut scanner = Scanner::new(&octets[..end], 4088);
        scanner.by_ref().for_each(drop);
        assert_eq!(scanner.remaining(), &octets[next..end]);
        // From the middle of a frame on it finds its way.
        let mut scanner = Scanner::new(octets, 4088).starting_at(end);
        if let Some(place) = scanner.resync() {
            assert!(place >= end);
            assert!(scanner.next().is_some_and(|(at, frame)| at == place && frame.is_ok()));
        }
    }
}

/// Hands a stream in by pieces of this size, as a driver does that keeps one buffer.
fn read_by_pieces(connection: &mut Connection, octets: &[u8], piece: usize) -> Vec<Event> {
    let mut buffer = BytesMut::new();
    let mut events = Vec::new();
    for read in octets.chunks(piece) {
        buffer.extend_from_slice(read);
        connection.handle_input(T0, &mut buffer);
        events.extend(poll(connection));
    }
    events
}

/// The bodies among these events, of which nothing else may be.
fn bodies(events: Vec<Event>) -> Vec<Vec<u8>> {
    let body = |event| match event {
        Event::Content(content) => content.body().to_vec(),
        event => panic!("{event}"),
    };
    events.into_iter().map(body).collect()
}

/// AMQP-CPP: after hours of reading by a kilobyte at a time it took other octets for a size, and
/// told of a frame above the limit. `FRM-05`.
pub(crate) fn amqp_cpp_18_reading_by_pieces_never_loses_a_frame() {
    for end in ends() {
        let sent: Vec<Vec<u8>> =
            [0, 1, 7, 8, 1000, 1015, 1016, 1023, 1024, 2050, 4096, 70_000, 131_064]
                .into_iter()
                .map(|len| (0..len).map(|place| (place % 253) as u8).collect())
                .collect();
        let stream: Vec<u8> = (1..)
            .zip(&sent)
            .flat_map(|(tag, octets)| message(end.content_of_peer(1, tag), 1, octets, 131_064))
            .collect();
        for piece in [1, 7, 8, 1023, 1024, 1460, 4096, 65_536] {
            let mut connection = end.connection.clone();
            assert!(bodies(read_by_pieces(&mut connection, &stream, piece)) == sent, "{piece}");
            assert_eq!(connection.phase(), Phase::Open);
        }
    }
}

/// node-amqp: frames of the largest size, which never fit one read, were told to be above it.
/// `FRM-05`, `FRM-06`.
pub(crate) fn node_amqp_351_the_largest_frames_may_begin_at_any_place_of_a_read() {
    for end in ends() {
        for heartbeats in 0..3 {
            for shift in 0..8 {
                // A short body in front moves the large frame by an octet.
                let small = vec![b's'; shift];
                let large = vec![b'l'; 131_064];
                let stream = [
                    message(end.content_of_peer(1, 1), 1, &small, 100),
                    HEARTBEAT.repeat(heartbeats),
                    message(end.content_of_peer(1, 2), 1, &large.repeat(3), 131_064),
                    message(end.content_of_peer(1, 3), 1, &small, 100),
                ]
                .concat();
                let mut connection = end.connection.clone();
                let read = bodies(read_by_pieces(&mut connection, &stream, 65_536));
                assert!(read == [&small[..], &large.repeat(3), &small], "{heartbeats}, {shift}");
            }
        }
    }
}

/// node-amqp: a body was cut by frame-max without the eight octets of each frame, and its octets
/// ran over the end octet. `TUN-07`, `CNT-12`.
pub(crate) fn node_amqp_288_every_frame_of_a_large_body_ends_with_its_end_octet() {
    for mut end in ends() {
        let octets = vec![b'x'; 256_000];
        end.send_content(1, Properties::EMPTY, octets).unwrap();
        let sent = end.sent();
        let mut scanner = Scanner::new(&sent, 131_064);
        let sizes: Vec<_> =
            scanner.by_ref().map(|(_, frame)| frame.unwrap().payload.len()).collect();
        assert_eq!(sizes[2..], [131_064, 124_936]);
        assert_eq!(scanner.remaining(), b"");
        let own = end.own_content(1, 1).len();
        let second = own + 22 + 131_072;
        assert_eq!((sent[second - 1], sent[sent.len() - 1]), (0xCE, 0xCE));
    }
}
