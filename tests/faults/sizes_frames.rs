//! Sizes of received frames: the number in the header against the octets behind it and the limits.

use amqp_proto::frame::{Cut, FrameHeader, FrameType, RawFrame, Scanner, cut};
use amqp_proto::protocol::{ContentHeader, Dialect, Frame, Method, ReplyCode};
use amqp_proto::wire::{Array, DecodeErrorKind, Table, TableLimits, Value};
use amqp_proto::{CloseDetail, Connection, Event, Limits, Phase, ServerConfig};
use bytes::{Bytes, BytesMut};

use crate::common::*;
use crate::end::{End, first_violation};
use crate::support::*;

/// Limits so high that nothing but arithmetic could refuse a size.
fn without_limits(limits: &mut Limits) {
    limits.frame_before_tune = u32::MAX;
    limits.method_or_header_frame = u32::MAX;
    limits.unlimited_frame = u32::MAX;
}

/// rabbitmq-c: the eight octets of overhead were added to a size near 2^32, and the sum wrapped: a
/// small buffer for a large frame. `FRM-07`, `LIM-01`.
pub(crate) fn cve_2019_18609_no_size_wraps_when_the_overhead_is_added() {
    for size in (0xFFFF_FFF0..=u32::MAX).chain([0x7FFF_FFF8, 0x7FFF_FFFF, 0x8000_0000]) {
        for frame_type in TYPES {
            let header = announced(frame_type, 1, size);
            // With octets behind it that a wrapped size would make a frame of.
            for behind in [0, 1, 8, 16] {
                let octets = [&header[..], &vec![0xCE; behind]].concat();
                // Where memory ends at 4 GiB, so does the number of octets that are missing.
                let missing = usize::try_from(size).unwrap() - behind;
                let at_least = missing.saturating_add(1);
                let found = cut(&octets, u32::MAX);
                assert_eq!(found, Ok(Cut::NeedMore { at_least }), "{size:#x}");
                let mut scanner = Scanner::new(&octets, u32::MAX);
                assert!(scanner.next().is_none(), "{size:#x}");
                assert_eq!(scanner.remaining(), octets);
                let refused = cut(&octets, u32::MAX - 16);
                assert_eq!(refused.is_err(), size > u32::MAX - 16, "{size:#x}");
            }
            let parsed = FrameHeader::parse(header[..7].try_into().unwrap());
            assert_eq!(parsed.total_len(), u64::from(size) + 8);
        }
    }
    let (client, server) = configs(0, without_limits);
    let clients = [tune(2047, 0, 60), open_ok()].concat();
    let servers = [tune_ok(2047, 1 << 30, 60), open("/")].concat();
    for (connection, rest) in
        [(Connection::client(client, T0), clients), (Connection::server(server, T0), servers)]
    {
        let tuning = End::new(connection).at(Phase::Start);
        let login = if tuning.is_client() { start("PLAIN") } else { start_ok("PLAIN", b"") };
        let mut open = tuning.clone();
        open.takes(&[login, rest].concat());
        open.sent();
        assert_eq!(open.connection.phase(), Phase::Open);
        for size in (0xFFFF_FFF8..=u32::MAX).chain([0x7FFF_FFFF, 0x8000_0000]) {
            for frame_type in TYPES {
                for behind in [0, 16] {
                    let octets =
                        [&announced(frame_type, 1, size)[..], &vec![0xCE; behind]].concat();
                    open.clone().closes(&octets, "FRM-06", FRAME_ERROR);
                    tuning.clone().drops(&octets, "LIM-02");
                }
            }
        }
    }
}

/// The rule that a frame of this type with so many octets of payload breaks, on channel 1 and
/// inside of a content; `None`: none.
fn rule_of(frame_type: u8, payload: &[u8], legal_len: usize) -> Option<(&'static str, u16)> {
    let len = payload.len();
    match frame_type {
        1 if len < 4 => Some(("FRM-08", 501)),
        1 if payload[..4] == [0; 4] || payload[..4] == [0xFF; 4] => Some(("MTH-02", 540)),
        1 if len < legal_len => Some(("MTH-04", 501)),
        1 if len > legal_len => Some(("MTH-05", 501)),
        2 if len < 14 => Some(("FRM-08", 501)),
        2 if payload[..2] != [0, 60] => Some(("CNT-07", 505)),
        2 if len > legal_len => Some(("CNT-15", 501)),
        8 if len > 0 => Some(("HB-03", 501)),
        1 | 2 | 3 | 8 => None,
        _ => Some(("FRM-03", 501)),
    }
}

/// rabbitmq-c, 2026: a method or header shorter than its fixed part made `length - 12` wrap.
/// `FRM-08`, `MTH-04`, `CNT-15`.
pub(crate) fn ghsa_9mmv_r8g3_qp46_frames_shorter_than_their_fixed_part_are_malformed() {
    for end in ends() {
        let begun = |with_header: bool| {
            let mut end = end.clone();
            end.ignores(&end.content_of_peer(1, 1));
            if with_header {
                end.ignores(&header(1, 20, BARE));
            }
            end
        };
        let (awaiting_header, awaiting_body) = (begun(false), begun(true));
        let carrier = frames(&end.content_of_peer(1, 1))[0].2.clone();
        let of_basic = b"\0\x3C\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        for frame_type in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xCE, 0xFF] {
            let (end, legal) = match frame_type {
                2 => (&awaiting_header, &of_basic),
                3 => (&awaiting_body, &carrier),
                _ => (&end, &carrier),
            };
            let channel = u16::from(frame_type != 8);
            for len in 0..=20 {
                let mut of_class = legal.clone();
                of_class.resize(legal.len().max(len), 0);
                for payload in [&vec![0; len], &vec![0xFF; len], &of_class[..len].to_vec()] {
                    let octets = frame(frame_type, channel, payload);
                    let Some((rule, code)) = rule_of(frame_type, payload, legal.len()) else {
                        end.clone().takes(&octets);
                        continue;
                    };
                    end.clone().closes(&octets, rule, ReplyCode(code));
                }
            }
        }
    }
    // The decoders by themselves: what is missing is counted, never what is left over.
    let limits = TableLimits::default();
    for len in 0..=20 {
        for octet in [0, 60, 0xFF] {
            let mut payload = vec![octet; len];
            let _ = Method::decode(Dialect::V0_9_1, &payload, &limits);
            for frame_type in TYPES {
                let raw =
                    RawFrame { frame_type: FrameType(frame_type), channel: 1, payload: &payload };
                let _ = Frame::parse(Dialect::V0_9_1, raw, &limits);
            }
            payload.splice(0..2.min(len), [0, 60]);
            let parsed = ContentHeader::parse(&payload, &limits);
            if len >= 14 {
                continue;
            }
            match parsed.unwrap_err().kind() {
                DecodeErrorKind::Truncated { needed, available } => {
                    assert!(available < needed && needed <= 8, "{len}");
                }
                other => panic!("{len} octets: {other}"),
            }
        }
    }
}

/// rabbitmq-c, 2026: offset + length wrapped where both have 32 bits, and the check against the end
/// passed. `TBL-02`, `TYP-06`.
pub(crate) fn ghsa_jgjf_7fwf_f3c7_no_offset_and_length_read_outside() {
    const REST: usize = 24;
    // What lies behind must not be reached, whatever a length says.
    let outside = [0xEE; 64];
    for offset in 0..40_u32 {
        let before = vec![b'V'; offset as usize];
        // Lengths around the end, and those that wrap to a place in front of it.
        let around = (0..=REST as u32 + 2).chain(u32::MAX - 80..=u32::MAX);
        for len in around.chain([0x7FFF_FFFF, 0x8000_0000, 0x8000_0000 - offset]) {
            for tag in *b"SxFA" {
                // Voids are an array of any length, and half of them the pairs of a table.
                let head = [&[tag][..], &len.to_be_bytes()].concat();
                let octets = [&before[..], &head, &[b'V'; REST], &outside].concat();
                let inside = &octets[..before.len() + head.len() + REST];
                let parsed = Array::parse(inside, &TableLimits::default());
                let fits = usize::try_from(len).is_ok_and(|len| len <= REST);
                if tag == b'F' && len > 0 && fits {
                    // Its first name is 86 octets long.
                    assert!(parsed.is_err(), "{len}");
                    continue;
                }
                assert_eq!(parsed.is_ok(), fits, "{tag} at {offset}, length {len:#x}");
                let Ok(array) = parsed else { continue };
                let value = array.get(before.len()).unwrap();
                let found = match value {
                    Value::Array(array) => array.as_octets(),
                    Value::Table(table) => table.as_octets(),
                    other => other.as_octets().unwrap(),
                };
                let start = before.len() + head.len();
                let expected = &octets[start..start + len as usize];
                assert_eq!(found.as_ptr_range(), expected.as_ptr_range());
            }
        }
    }
    // The same of the long string of a method and of the lengths around a table in one.
    let secure = |len: u32| [b"\0\x0A\0\x14", &len.to_be_bytes()[..], &[b'x'; REST]].concat();
    let declare = |len: u32| {
        [b"\0\x32\0\x0A\0\0\x01q\0", &len.to_be_bytes()[..], b"\x01kV", &[0xCE; 8]].concat()
    };
    for len in (0..=REST as u32 + 2).chain(u32::MAX - 40..=u32::MAX).chain([1 << 31]) {
        let decodes = |payload: &[u8]| {
            Method::decode(Dialect::V0_9_1, payload, &TableLimits::default()).is_ok()
        };
        assert_eq!(decodes(&secure(len)), len == REST as u32, "{len:#x}");
        // Three octets are a pair, and what is behind it belongs to nothing.
        assert!(!decodes(&declare(len)), "{len:#x}");
    }
    assert!(Table::parse(b"\x01kV", &TableLimits::default()).is_ok());
}

/// A way into a connection, which tells how many octets it leaves with the caller.
type Door = fn(&mut Connection, &[u8]) -> usize;

const DOORS: [(&str, Door); 3] = [
    ("handle_input", |connection, octets| {
        let mut buffer = BytesMut::from(octets);
        connection.handle_input(T0, &mut buffer);
        buffer.len()
    }),
    ("handle_bytes", |connection, octets| {
        connection.handle_bytes(T0, Bytes::copy_from_slice(octets));
        0
    }),
    ("handle_slice", |connection, octets| {
        connection.handle_slice(T0, octets);
        0
    }),
];

/// Each door refuses a frame that is announced like this by its seventh octet, and nothing is kept
/// for it.
fn is_refused_by_its_header(end: &End, octets: &[u8], rule: &str) {
    for (name, door) in DOORS {
        let mut connection = end.connection.clone();
        let (left, begun) = cost(|| door(&mut connection, &octets[..6]));
        assert_eq!(lines(&poll(&mut connection)), [""; 0], "{name}");
        let rest = if left > 0 { octets } else { &octets[6..] };
        let (events, seen) = cost(|| {
            door(&mut connection, rest);
            poll(&mut connection)
        });
        assert_eq!(first_violation(&events).rule, rule, "{name}");
        assert!(begun.asked + seen.asked < 4096, "{name}: {begun:?} {seen:?}");
    }
}

/// amqp091-go: the size of a frame was never compared with frame-max. `LIM-01`, `FRM-06`.
pub(crate) fn cve_2026_79921_seven_octets_are_enough_to_refuse_a_frame() {
    for frame_max in [4096, 8192, 131_072, 0] {
        let largest = if frame_max == 0 { 16 << 20 } else { frame_max };
        for end in ends_with(frame_max, |limits| limits.method_or_header_frame = 4096) {
            assert_eq!(end.connection.frame_max(), largest);
            for frame_type in TYPES {
                for size in [largest + 1, largest + 8, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
                    let octets = announced(frame_type, 1, size);
                    is_refused_by_its_header(&end, &octets, "FRM-06");
                    end.clone().closes(&octets, "FRM-06", FRAME_ERROR);
                }
                // The largest that was agreed on is waited for.
                end.clone().ignores(&announced(frame_type, 1, largest));
            }
        }
    }
}

/// amqp091-go: before tuning frames had no limit at all, so that a server could send a start of any
/// size. `HS-09`, `LIM-02`.
pub(crate) fn ghsa_w6r9_248c_frg8_a_start_of_one_mebibyte_is_refused() {
    for end in fresh_ends() {
        let properties = [&short("product")[..], b"S", &long(&vec![b'x'; 1 << 20])].concat();
        let octets = if end.is_client() {
            let parts = [b"\0\x09", &long(&properties)[..], &long(b"PLAIN"), &long(b"en_US")];
            method(0, 10, 10, &parts.concat())
        } else {
            let login = [&short("PLAIN")[..], &long(b"\0a\0b"), &short("en_US")].concat();
            method(0, 10, 11, &[&long(&properties)[..], &login].concat())
        };
        is_refused_by_its_header(&end, &octets[..7], "LIM-02");
        end.clone().drops(&octets[..7], "LIM-02");
        // It may come in pieces, and still nothing of it is gathered.
        let mut connection = end.connection.clone();
        let ((), cost) = cost(|| {
            let mut told = 0;
            for piece in octets.chunks(1000) {
                connection.handle_slice(T0, piece);
                told += poll(&mut connection).len();
            }
            assert_eq!(told, 2, "the violation and the end");
        });
        assert!(cost.asked < 16 << 10 && cost.kept < 4096, "{cost:?}");
        assert_eq!(output(&mut connection), b"");
        // Up to 8192 octets in all it is taken.
        let fits = if end.is_client() {
            let shortest = start("PLAIN ").len();
            start(&format!("PLAIN {}", "x".repeat(8192 - shortest)))
        } else {
            let shortest = start_ok("PLAIN", b"").len();
            start_ok("PLAIN", &vec![0; 8192 - shortest])
        };
        assert_eq!(fits.len(), 8192);
        let mut end = end;
        end.takes(&fits);
        assert!(end.connection.phase() > Phase::Start);
    }
}

/// RabbitMQ's .NET client: after a disturbance of the network other octets were read as a size, and
/// it asked for one gibibyte. `LIM-01`.
pub(crate) fn rabbitmq_dotnet_client_1226_garbage_for_a_size_asks_for_no_memory() {
    // Text in place of a header, and a header that lost octets.
    let garbage = [
        &b"\x01\0\0HTTP"[..],
        b"\x01\0\x01P009",
        b"\x02\x01\0\0\x3F\xFF\xFF",
        b"\x03\0\x01\x3F\xFF\xFF\xF0",
        b"\x03\0\x01\x40\0\0\0",
        b"\x08\x08\x08\x08\x08\x08\x08",
        b"\x01\0\0\xCE\x01\0\0",
    ];
    for end in ends() {
        for octets in garbage {
            is_refused_by_its_header(&end, octets, "FRM-06");
            let behind = [octets, &[b'x'; 1000]].concat();
            end.clone().closes(&behind, "FRM-06", FRAME_ERROR);
        }
    }
    for end in fresh_ends() {
        for octets in garbage {
            is_refused_by_its_header(&end, octets, "LIM-02");
        }
    }
}

/// Qpid Broker-J: the size of an AMQP 1.0 frame wasn't limited, so that unauthenticated peers
/// exhausted the memory. Here 1.0 is refused by its header, and its frames are not even looked at.
/// `HDR-03`, `LIM-02`.
pub(crate) fn cve_2017_15701_frames_of_amqp_1_0_are_never_gathered() {
    for protocol in [b"AMQP\0\x01\0\0", b"AMQP\x02\x01\0\0", b"AMQP\x03\x01\0\0"] {
        let mut server = Connection::server(ServerConfig::default(), T0);
        // An open frame of 1.0 that announces two gibibytes, and the beginning of these.
        let octets = [&protocol[..], b"\x7F\xFF\xFF\xFF\x02\0\0\0", &[0; 50_000]].concat();
        let (events, cost) = cost(|| {
            let mut events = Vec::new();
            for piece in octets.chunks(1000) {
                server.handle_slice(T0, piece);
                events.extend(poll(&mut server));
            }
            events
        });
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert!(matches!(reason.detail, CloseDetail::OtherProtocol(_)), "{reason}");
        assert_eq!(output(&mut server), PROTOCOL_HEADER);
        assert!(cost.asked < 8192, "{cost:?}");
    }
    // A frame of 1.0 where one of 0-9-1 is due has an unknown type, or a size that is refused. As
    // the first that a client hears it is another protocol.
    let [mut client, server] = fresh_ends();
    let events = client.clone().feed(b"\x7F\xFF\xFF\xFF\x02\0\0\0");
    assert!(matches!(events[..], [Event::Closed(_)]), "{:?}", lines(&events));
    client.takes(&start("PLAIN"));
    client.sent();
    for end in [client, server] {
        end.clone().drops(b"\x7F\xFF\xFF\xFF\x02\0\0\0", "FRM-03");
        end.clone().drops(b"\x01\0\0\xFF\x02\0\0\0", "LIM-02");
    }
}
