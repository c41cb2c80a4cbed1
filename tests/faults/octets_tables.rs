//! Malformed tables, property flags and methods: they end with an error, in as many steps as there
//! are octets.

use amqp_proto::protocol::{ContentHeader, Properties, ReplyCode, queue};
use amqp_proto::wire::{Array, DecodeErrorKind, Table, TableLimits, Value};
use amqp_proto::{CloseDetail, Event, Initiator, Phase, Profile};

use crate::common::*;
use crate::end::End;
use crate::fields::*;
use crate::methods::methods;
use crate::support::*;

/// A value of each known type, with its type octet.
fn values() -> Vec<Vec<u8>> {
    let inner = b"\x01at\x01\x01bS\0\0\0\x02xy";
    let mut values: Vec<Vec<u8>> = [
        &b"t\x01"[..],
        b"b\xFE",
        b"B\xFE",
        b"s\xFF\xFE",
        b"U\xFF\xFE",
        b"u\xFF\xFE",
        b"I\0\0\0\x07",
        b"i\0\0\0\x07",
        b"l\0\0\0\0\0\0\0\x07",
        b"L\0\0\0\0\0\0\0\x07",
        b"f\x3F\x80\0\0",
        b"d\x3F\xF0\0\0\0\0\0\0",
        b"D\x02\0\0\0\x69",
        b"S\0\0\0\x03abc",
        b"c\0\0\0\x01a",
        b"C\0\0\0\x01a",
        b"k!",
        b"x\0\0\0\x02\0\xFF",
        b"T\0\0\0\0\0\0\0\x07",
        b"V",
        b"A\0\0\0\0",
        b"F\0\0\0\0",
    ]
    .map(Vec::from)
    .to_vec();
    values.push([b"F", &long(inner)[..]].concat());
    values.push([b"A", &long(&[b"Vt\x01F", &long(inner)[..]].concat())[..]].concat());
    values
}

/// How many values there are to walk through, those of inner tables and arrays included.
fn steps(table: Table<'_>) -> usize {
    let mut open = vec![Value::Table(table)];
    let mut steps = 0;
    while let Some(value) = open.pop() {
        steps += 1;
        match value {
            Value::Table(table) => open.extend(table.iter().map(|(_, value)| value)),
            Value::Array(array) => open.extend(array.iter()),
            _ => {}
        }
    }
    steps
}

/// pamqp: the length of a table or array said more than there was, and the decoder went round and
/// round at the end of the octets. `TBL-02`, `TBL-15`.
pub(crate) fn pamqp_63_tables_that_are_cut_anywhere_end_with_an_error() {
    let limits = TableLimits::default();
    let pairs: Vec<_> = values().iter().map(|value| pair(value)).collect();
    let all = pairs.concat();
    let mut boundaries = vec![0];
    for pair in &pairs {
        boundaries.push(boundaries[boundaries.len() - 1] + pair.len());
    }
    for cut in 0..=all.len() {
        let octets = &all[..cut];
        // With a length that fits, it is a table where a pair ends.
        let parsed = Table::parse(octets, &limits);
        assert_eq!(parsed.is_ok(), boundaries.contains(&cut), "cut at {cut}");
        if let Ok(table) = parsed {
            assert!(steps(table) <= octets.len() + 1);
        }
        // With the length of the whole, never.
        let announced = u32::try_from(all.len()).unwrap().to_be_bytes();
        let cut_off = [&b"\0\x3C\0\0\0\0\0\0\0\0\0\0\x20\0"[..], &announced, octets].concat();
        let header = ContentHeader::parse(&cut_off, &limits);
        assert_eq!(header.is_ok(), cut == all.len(), "cut at {cut}");
    }
    // Each value by itself, cut, and said to be longer than it is.
    for value in values() {
        for cut in 1..value.len() {
            let cut_off = Array::parse(&value[..cut], &limits);
            assert!(cut_off.is_err(), "{}", hex(&value[..cut]));
            let kind = cut_off.unwrap_err().kind();
            assert!(
                matches!(
                    kind,
                    DecodeErrorKind::Truncated { .. } | DecodeErrorKind::LengthOverrun { .. }
                ),
                "{kind}"
            );
        }
        if b"SxFAcC".contains(&value[0]) {
            let len = u32::from_be_bytes(value[1..5].try_into().unwrap());
            for more in 1..=10 {
                let mut longer = value.clone();
                longer[1..5].copy_from_slice(&(len + more).to_be_bytes());
                assert!(Array::parse(&longer, &limits).is_err(), "{}", hex(&longer));
            }
        }
    }
    // The report's array of ten octets, of which two are there, to both roles.
    for end in ends() {
        are_malformed(&end, b"\x01nA\0\0\0\x0Ab\x01");
        are_malformed(&end, b"\x01nF\0\0\0\x0A\x01nb\x01");
        are_malformed(&end, &all[..all.len() - 1]);
    }
}

/// pamqp: the flag that announces another word of flags was read again and again where no such word
/// was. `CNT-14`.
pub(crate) fn pamqp_64_a_continued_flag_word_at_the_end_is_an_error() {
    let golden = b"\x02\0\x01\0\0\0\x0E\0\x3C\0\0\0\0\0\0\0\0\0\0\0\x01\xCE";
    for end in ends() {
        let octets = [&end.content_of_peer(1, 1), &golden[..]].concat();
        end.clone().closes(&octets, "CNT-14", FRAME_ERROR);
        // Behind it a word without flags, properties that aren't flagged, and half a word.
        for behind in [&b"\0\0"[..], b"\0", b"\x03abc", b"\0\x01", b"\0\x01\0\x01"] {
            let values = [&b"\0\x01"[..], behind].concat();
            let octets = [end.content_of_peer(1, 1), header(1, 0, &values)].concat();
            end.clone().closes(&octets, "CNT-14", FRAME_ERROR);
        }
    }
}

/// Octets of the shortest value of each property: strings, the table of headers, two numbers,
/// strings, a timestamp, strings.
const LEAST: [usize; 14] = [1, 1, 4, 1, 1, 1, 1, 1, 1, 8, 1, 1, 1, 1];

/// rabbitmq-c, 2026: bits of a second and third word of flags were shifted by more than a word has.
/// `CNT-14`.
pub(crate) fn rabbitmq_c_883_no_number_of_flag_words_is_taken() {
    let limits = TableLimits::default();
    let [client, server] = ends();
    for word in [0x0001_u16, 0x8001, 0xFFFD, 0xFFFF, 0x0003, 0x0002] {
        for words in (1..=66).chain([1000, 65_000]) {
            let values = [&word.to_be_bytes().repeat(words)[..], &[0; 23]].concat();
            let error = Properties::parse(&values, &limits).unwrap_err();
            assert_eq!(error.kind(), DecodeErrorKind::BadFlags { flags: word });
            if words > 4 && words < 65_000 {
                continue;
            }
            for end in [&client, &server] {
                let octets = [end.content_of_peer(1, 1), header(1, 0, &values)].concat();
                end.clone().closes(&octets, "CNT-14", FRAME_ERROR);
            }
        }
    }
}

/// The same: all words of flags there are, each with the values that it announces, one octet less
/// and one more. `CNT-13` to `CNT-15`.
pub(crate) fn rabbitmq_c_885_each_flag_word_announces_its_own_properties() {
    let limits = TableLimits::default();
    for flags in 0..=u16::MAX {
        let announced = (0..14).filter(|place| flags & (0x8000 >> place) != 0);
        let len: usize = announced.map(|place| LEAST[place]).sum();
        for given in [len, len + 1, len.saturating_sub(1)] {
            let values = [&flags.to_be_bytes()[..], &vec![0; given]].concat();
            let parsed = Properties::parse(&values, &limits);
            assert_eq!(parsed.is_ok(), flags & 3 == 0 && given == len, "{flags:#06x}, {given}");
            if let Ok(properties) = parsed {
                assert_eq!(properties.iter().count(), flags.count_ones() as usize);
            }
        }
    }
}

/// Wireshark's AMQP 1.0 dissector: a list said how many elements it had, and elements without
/// octets made it go on for ever. Here lengths are in octets, and whatever is in a table takes at
/// least one. `LIM-08`, `LIM-03`.
pub(crate) fn cve_2017_11408_work_is_bounded_by_octets() {
    let limits = TableLimits::default();
    let most = 65_536;
    for (element, octets_of_each) in [(&b"V"[..], 1), (b"A\0\0\0\0", 5), (b"F\0\0\0\0", 5)] {
        for count in [0, 1, 1000, most] {
            let octets = element.repeat(count);
            let array = Array::parse(&octets, &limits).unwrap();
            assert_eq!((array.len(), octets.len()), (count, count * octets_of_each));
        }
        let error = Array::parse(&element.repeat(most + 1), &limits).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::TooManyEntries { limit: 65_536 });
    }
    // Pairs without a name, and lists in lists without elements.
    let table = b"\0V".repeat(most);
    assert_eq!(steps(Table::parse(&table, &limits).unwrap()), most + 1);
    assert!(Table::parse(&b"\0V".repeat(most + 1), &limits).is_err());
    let inner = [b"A", &long(&b"V".repeat(200))[..]].concat();
    for (count, fits) in [(326, true), (327, false)] {
        // An array of 200 elements is 201 entries.
        let octets = [b"\0A", &long(&inner.repeat(count))[..]].concat();
        let parsed = Table::parse(&octets, &limits);
        assert_eq!(parsed.is_ok(), fits, "{count}");
        assert!(parsed.is_err() || steps(parsed.unwrap()) == 1 + 1 + count * 201);
    }
    // In a connection: the fullest table that a frame holds, and one entry too many.
    for end in ends() {
        let full = takes(&end, &b"\0V".repeat(65_400));
        assert_eq!(full.len(), 65_400);
        let array = [b"\0A", &long(&b"V".repeat(most))[..]].concat();
        end.clone().closes(&content(&end, &headers(&array)), "LIM-03", FRAME_ERROR);
        // Frames without octets: as many as one likes where they mean nothing, few inside a
        // content.
        end.clone().ignores(&HEARTBEAT.repeat(10_000));
        let begun = [end.content_of_peer(1, 1), header(1, 1, BARE)].concat();
        let empty = [begun, body(1, b"").repeat(17)].concat();
        end.clone().closes(&empty, "CNT-10", FRAME_ERROR);
    }
    // A search for frames goes forward by at least an octet, whatever it finds.
    for octet in [0, 1, 3, 8, 0xCE, 0xFF] {
        let octets = vec![octet; 5000];
        let mut scanner = amqp_proto::frame::Scanner::new(&octets, 4088);
        let mut rounds = 0;
        loop {
            let found = scanner.by_ref().count();
            let before = scanner.position();
            rounds += 1 + found;
            match scanner.resync() {
                Some(place) => assert!(place > before),
                None => break,
            }
        }
        assert!(rounds <= octets.len(), "{octet}: {rounds}");
    }
}

/// RabbitMQ 3.10.8 resets the stream without a word when a method has unknown ids. This engine says
/// 540 and names them. `MTH-02`.
pub(crate) fn rabbitmq_3_10_8_an_unknown_method_is_told_by_540() {
    let known: Vec<_> = methods().iter().map(|method| (method.1, method.2)).collect();
    let [client, server] = ends();
    let classes = (0..=130).chain([255, 256, 2560, 61_440, 65_535]);
    for class_id in classes {
        let is_known = known.iter().any(|known| known.0 == class_id);
        let last = if is_known { 130 } else { 0 };
        for method_id in (0..=last).chain([131, 256, 2560, 61_440, 65_535]) {
            if known.contains(&(class_id, method_id)) {
                continue;
            }
            for end in [&client, &server] {
                let mut connection = end.connection.clone();
                connection.handle_slice(T0, &method(1, class_id, method_id, b""));
                let events = poll(&mut connection);
                let [Event::Violation(violation)] = &events[..] else {
                    panic!("{class_id}.{method_id}: {:?}", lines(&events));
                };
                assert_eq!((violation.rule, violation.reply_code.0), ("MTH-02", 540));
                let text = short(&violation.to_string());
                let blamed = [class_id.to_be_bytes(), method_id.to_be_bytes()].concat();
                let close = [&540_u16.to_be_bytes()[..], &text, &blamed].concat();
                assert_eq!(hex(&output(&mut connection)), hex(&method(0, 10, 50, &close)));
            }
        }
    }
    // As every other fault it ends one connection, once, and the frames behind it are discarded.
    for mut end in [client, server] {
        let behind = [method(1, 99, 99, b"?"), declare(1, "q"), connection_close_ok()].concat();
        let events = end.feed(&behind);
        assert!(
            matches!(events[..], [Event::Violation(_), Event::Closed(_)]),
            "{:?}",
            lines(&events)
        );
    }
}

/// The types of values that are known.
const KNOWN: &[u8] = b"tbBsUuIilLfdDScCAFTVxk";

/// RabbitMQ 3.10.8 resets the stream when a value in a method has an unknown type, and says 541
/// when it is in headers. Here the rest of that table is kept as it is; the strict profile says
/// 501. `TBL-06`.
pub(crate) fn rabbitmq_3_10_8_an_unknown_type_is_kept_or_told_by_501() {
    let [strict_client, strict_server] = both_with(Profile::STRICT, TableLimits::DEFAULT);
    for (end, strict) in ends().into_iter().zip([strict_client, strict_server]) {
        for tag in 0..=u8::MAX {
            let rest = b"\0\0\0\x01\x01at\x01";
            let pairs = [b"\x01bV\x01n", &[tag][..], rest].concat();
            if KNOWN.contains(&tag) {
                continue;
            }
            // Kept, readable up to there, and the same when it is sent on.
            let table = takes(&end, &pairs);
            assert_eq!((table.get("b"), table.len()), (Some(Value::Void), 2));
            assert_eq!(table.get("n"), Some(Value::Unknown { tag, rest }));
            writes_table(&end, &table, &pairs);
            refuses(&strict, &pairs, "TBL-06", 501);
            if !is_client(&strict) {
                let octets = declare_with(&pairs);
                assert_eq!(end.clone().takes(&octets).len(), 1);
                strict.clone().closes(&octets, "TBL-06", FRAME_ERROR);
            }
        }
        // The known ones aren't unknown to anybody: cut short they are malformed, not kept.
        for tag in KNOWN.iter().filter(|tag| **tag != b'V') {
            are_malformed(&end, &[b"\x01n", &[*tag][..]].concat());
        }
    }
}

/// What a client hears of such a broker: the end of the stream, or 541. Each is told, once.
/// `CLS-10`, `RC-02`.
pub(crate) fn rabbitmq_3_10_8_a_reset_and_541_are_ends_like_others() {
    let mut end = End::client_channel();
    let declare = queue::Declare { queue: "q".into(), ..Default::default() };
    end.channel().call(&declare).unwrap();
    end.sent();
    let mut reset = end.clone();
    reset.connection.handle_eof(T0);
    let events = poll(&mut reset.connection);
    let [Event::RequestFailed { .. }, Event::Closed(reason)] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(reason.initiator, Initiator::Transport);
    assert!(matches!(reason.detail, CloseDetail::EndOfStream { .. }), "{reason}");
    assert_eq!(hex(&reset.sent()), "");

    let events = end.feed(&connection_close(541, "INTERNAL_ERROR"));
    let [Event::RequestFailed { .. }, Event::Closed(reason)] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode(541)));
    assert_eq!(end.sent(), connection_close_ok());
    assert_eq!(end.connection.phase(), Phase::Closed);
}
