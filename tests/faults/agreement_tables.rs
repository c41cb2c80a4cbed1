//! Values in tables: the same on both sides, whoever has written them.

use amqp_proto::wire::{ArrayBuf, EncodeError, TableBuf, Value};
use amqp_proto::{Event, Side};

use crate::common::*;
use crate::end::End;
use crate::fields::{
    are_malformed, content, declare_with, headers, is_client, pair, reads, takes, takes_content,
    writes, writes_table,
};
use crate::independent::{any_table, by_crate, from_crate, read, write};
use crate::rng::Rng;
use crate::support::*;

/// These octets are this value, in both directions and for both roles.
fn agree(octets: &[u8], value: Value<'_>) {
    for end in ends() {
        reads(&end, octets, value);
        writes(&end, value, octets);
    }
}

/// py-amqp before 5.4.2 read `l` without its sign, so that a delay of -1000 became one of half an
/// eternity. `TBL-04`.
pub(crate) fn py_amqp_465_l_is_a_signed_integer_of_64_bits() {
    for (octets, number) in [
        (b"l\xFF\xFF\xFF\xFF\xFF\xFF\xFC\x18", -1000),
        (b"l\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", -1),
        (b"l\0\0\0\0\0\0\0\0", 0),
        (b"l\0\0\0\0\x80\0\0\0", 2_147_483_648),
        (b"l\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", i64::MAX),
        (b"l\x80\0\0\0\0\0\0\0", i64::MIN),
    ] {
        agree(octets, Value::I64(number));
        assert_eq!(Value::I64(number).as_i64(), Some(number));
        assert_eq!(Value::I64(number).as_u64().is_some(), number >= 0);
    }
}

/// py-amqp before 5.4.2 read `s` as a short string, and what came behind it out of step. `TBL-04`.
pub(crate) fn py_amqp_469_s_is_a_signed_integer_of_16_bits() {
    for (octets, number) in [
        (b"s\0\x80", 128),
        (b"s\0\0", 0),
        (b"s\x7F\xFF", i16::MAX),
        (b"s\x80\0", i16::MIN),
        (b"s\xFF\xFF", -1),
    ] {
        agree(octets, Value::I16(number));
        // The next pair is found right behind it.
        for end in ends() {
            let table = takes(&end, &[&pair(octets)[..], b"\x01mt\x01"].concat());
            assert_eq!((table.get("m"), table.len()), (Some(Value::Bool(true)), 2));
        }
    }
}

/// py-amqp before 5.4.2 had `b` and `B` the wrong way round, as pika had. `TBL-10`.
pub(crate) fn py_amqp_472_b_has_a_sign_and_large_b_has_none() {
    for octet in 0..=u8::MAX {
        let signed = if octet < 128 { i16::from(octet) } else { i16::from(octet) - 256 };
        let signed = i8::try_from(signed).unwrap();
        agree(&[b'b', octet], Value::I8(signed));
        agree(&[b'B', octet], Value::U8(octet));
    }
    for (octets, value) in [
        (&b"u\xFF\xFE"[..], Value::U16(65_534)),
        (b"I\xFF\xFF\xFF\xFE", Value::I32(-2)),
        (b"I\x80\0\0\0", Value::I32(i32::MIN)),
        (b"i\xFF\xFF\xFF\xFE", Value::U32(4_294_967_294)),
        (b"i\x80\0\0\0", Value::U32(2_147_483_648)),
    ] {
        agree(octets, value);
    }
}

/// rabbitmq-c in its releases of 2012 and 2013 sent `L` and `U`, which RabbitMQ reads or refuses.
/// They are read here, sent on as they are, and never written. `TBL-05`, `TBL-16`.
pub(crate) fn rabbitmq_c_2012_tags_l_and_u_are_read_and_not_written() {
    for end in ends() {
        for (octets, value, anew) in [
            (&b"L\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE"[..], Value::I64(-2), &b"l"[..]),
            (b"L\x80\0\0\0\0\0\0\0", Value::I64(i64::MIN), b"l"),
            (b"L\0\0\0\0\0\0\0\x07", Value::I64(7), b"l"),
            (b"U\xFF\xFE", Value::I16(-2), b"s"),
            (b"U\x80\0", Value::I16(i16::MIN), b"s"),
            (b"U\0\x07", Value::I16(7), b"s"),
        ] {
            reads(&end, octets, value);
            // Written anew it has the type that all agree on; as a whole the table stays what it
            // was.
            writes(&end, value, &[anew, &octets[1..]].concat());
            let table = takes(&end, &pair(octets));
            writes_table(&end, &table, &pair(octets));
            let outer = TableBuf::new().with("o", &table).unwrap();
            writes_table(&end, &outer, &[b"\x01oF", &long(&pair(octets))[..]].concat());
            are_malformed(&end, &pair(&octets[..octets.len() - 1]));
        }
    }
    // No value of any kind is written with these tags.
    for number in [i64::MIN, -1, 0, 1, i64::MAX] {
        let narrow = number as i16;
        let array = ArrayBuf::new().with(number).unwrap().with(narrow).unwrap();
        assert_eq!([array.as_octets()[0], array.as_octets()[9]], *b"ls");
    }
}

/// php-amqplib, told to speak 0-9-1 to the letter, sends `U`, and `s` for a short string; RabbitMQ
/// drops the connection. Here `s` is a number: what doesn't come out even is malformed, and told.
/// `TBL-04`.
pub(crate) fn php_amqplib_0_9_1_short_strings_by_s_are_malformed_or_numbers() {
    for end in ends() {
        // Two octets are a number, whatever was meant.
        reads(&end, b"s\x01A", Value::I16(0x0141));
        let table = takes(&end, b"\x01ns\x01A\x01zt\x01");
        assert_eq!(table.get("z"), Some(Value::Bool(true)));
        // Other lengths aren't the length of anything.
        for text in ["", "AB", "abc", "text", "hello", "application/octet-stream"] {
            let printed = [b"s", &short(text)[..]].concat();
            are_malformed(&end, &pair(&printed));
            let inner = [b"F", &long(&pair(&printed))[..]].concat();
            are_malformed(&end, &pair(&inner));
        }
        // It ends one connection, by 501, and the stream isn't lost before that.
        let pairs = pair(b"s\x05hello");
        let octets = [content(&end, &headers(&pairs)), connection_close_ok()].concat();
        let events = end.clone().feed(&octets);
        assert!(matches!(events[..], [Event::Violation(_), Event::Closed(_)]));
        if !is_client(&end) {
            end.clone().closes(&declare_with(&pairs), "MTH-04", FRAME_ERROR);
        }
        // Its whole table {n: 1 as U, m: true}: nothing else in it is different.
        let table = takes(&end, b"\x01nU\0\x01\x01mt\x01");
        assert_eq!(table.get("n"), Some(Value::I16(1)));
        assert_eq!(table.get("m"), Some(Value::Bool(true)));
        // Text is always written by `S`.
        for text in ["", "A", "hello"] {
            writes(&end, Value::from(text), &[b"S", &long(text.as_bytes())[..]].concat());
        }
        let name = "x".repeat(256);
        let error = TableBuf::new().with(name.as_str(), true).unwrap_err();
        assert!(matches!(error, EncodeError::TooLong { len: 256, .. }));
    }
}

/// pika read floats into integers, and what stood behind the point was gone. `TYP-09`.
pub(crate) fn pika_floats_keep_every_bit() {
    // Zeros, ones, the least and the largest of each kind, infinities, quiet and signalling NaNs
    // with something in them.
    for bits in [
        0x0000_0000_u32,
        0x8000_0000,
        0x3F80_0000,
        0xBF80_0000,
        0x4048_F5C3,
        0x3DCC_CCCD,
        0x0000_0001,
        0x8000_0001,
        0x007F_FFFF,
        0x0080_0000,
        0x7F7F_FFFF,
        0xFF7F_FFFF,
        0x7F80_0000,
        0xFF80_0000,
        0x7FC0_0000,
        0xFFC0_0000,
        0x7FC1_2345,
        0x7F81_2345,
        0xFFA0_0001,
        0x7FFF_FFFF,
    ] {
        let octets = [24, 16, 8, 0].map(|shift| (bits >> shift) as u8);
        is_kept(&[b"f", &octets[..]].concat(), u64::from(bits));
        agree(&[b"f", &octets[..]].concat(), Value::F32(f32::from_bits(bits)));
    }
    for bits in [
        0x0000_0000_0000_0000_u64,
        0x8000_0000_0000_0000,
        0x3FF0_0000_0000_0000,
        0xBFF0_0000_0000_0000,
        0x4009_1EB8_51EB_851F,
        0x3FB9_9999_9999_999A,
        0x0000_0000_0000_0001,
        0x000F_FFFF_FFFF_FFFF,
        0x0010_0000_0000_0000,
        0x7FEF_FFFF_FFFF_FFFF,
        0xFFEF_FFFF_FFFF_FFFF,
        0x7FF0_0000_0000_0000,
        0xFFF0_0000_0000_0000,
        0x7FF8_0000_0000_0000,
        0xFFF8_0000_0000_0000,
        0x7FF8_1234_5678_9ABC,
        0x7FF0_1234_5678_9ABC,
        0xFFF4_0000_0000_0001,
        0x7FFF_FFFF_FFFF_FFFF,
    ] {
        let octets = [56, 48, 40, 32, 24, 16, 8, 0].map(|shift| (bits >> shift) as u8);
        is_kept(&[b"d", &octets[..]].concat(), bits);
        agree(&[b"d", &octets[..]].concat(), Value::F64(f64::from_bits(bits)));
    }
    // A tenth in both widths, as a number.
    let [client, _] = ends();
    let table = takes(&client, b"\x01ff\x3D\xCC\xCC\xCD\x01dd\x3F\xB9\x99\x99\x99\x99\x99\x9A");
    assert_eq!(table.get("d").unwrap().as_f64(), Some(0.1));
    assert_eq!(table.get("f").unwrap().as_f64(), Some(f64::from(0.1_f32)));
}

/// These bits come out of the octets of a float, and the table is the same when it is sent on.
fn is_kept(octets: &[u8], expected: u64) {
    for end in ends() {
        let table = takes(&end, &pair(octets));
        let bits = match table.get("n") {
            Some(Value::F32(float)) => u64::from(float.to_bits()),
            Some(Value::F64(float)) => float.to_bits(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bits, expected, "{}", hex(octets));
        writes_table(&end, &table, &pair(octets));
    }
}

/// amqp-client.js: values of tables came back with another type than they had. Here a reader and a
/// writer of this test's own see what the crate sees, type by type. `TBL-03`, `TBL-16`.
pub(crate) fn amqp_client_js_36_two_decoders_agree_on_every_table() {
    let mut kinds = [false; 128];
    for seed in 0..1500 {
        let rng = &mut Rng::new(seed);
        let pairs = any_table(rng, 4);
        let octets = write(&pairs);
        let built = by_crate(&pairs);
        assert_eq!(hex(built.as_octets()), hex(&octets), "seed {seed}: {pairs:?}");
        assert_eq!(read(built.as_octets()), pairs, "seed {seed}");
        let limits = amqp_proto::wire::TableLimits::default();
        let table = amqp_proto::wire::Table::parse(&octets, &limits).unwrap();
        assert_eq!(from_crate(table), pairs, "seed {seed}");
        for (_, value) in &table {
            kinds[usize::from(value.tag())] = true;
        }
    }
    let seen: Vec<u8> = (0..).zip(kinds).filter_map(|(tag, is)| is.then_some(tag)).collect();
    assert_eq!(seen, b"ABDFISTVbdfilstux");
}

/// The same through a connection: from one application's table to the other's, both ways.
pub(crate) fn amqp_client_js_36_tables_arrive_with_their_types() {
    let [client, server] = ends();
    for seed in 2000..2100 {
        let pairs = any_table(&mut Rng::new(seed), 3);
        let built = by_crate(&pairs);
        for (from, to) in [(&client, &server), (&server, &client)] {
            let sent = sent_with(from, &built);
            let octets = if to.connection.side() == Side::Client {
                [deliver(1, 1), sent].concat()
            } else {
                [publish(1, "k"), sent].concat()
            };
            let events = to.clone().takes(&octets);
            let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
            let table = content.properties().headers().unwrap();
            assert_eq!(from_crate(table), pairs, "seed {seed}");
            assert_eq!(read(table.as_octets()), pairs, "seed {seed}");
        }
        let arrived = takes_content(&client, &headers(&write(&pairs)));
        assert_eq!(from_crate(arrived.properties().headers().unwrap()), pairs);
    }
}

/// The header frame with this table that goes out.
fn sent_with(end: &End, table: &TableBuf) -> Vec<u8> {
    let mut end = end.clone();
    let properties = amqp_proto::protocol::PropertiesBuf::new().with_headers(table).unwrap();
    end.send_content(1, properties.as_properties(), "").unwrap();
    let sent = end.sent();
    let carrier = end.own_content(1, 1).len();
    sent[carrier..].to_vec()
}
