//! Field tables: the types of their values.

use amqp_proto::wire::{Array, ArrayBuf, Decimal, EncodeError, Table, TableBuf, Value};

use crate::common::*;
use crate::end::End;
use crate::fields::*;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("TBL-03", || types_in_use_are_emitted_and_no_others(&End::client_channel())),
    server("TBL-03", || types_in_use_are_emitted_and_no_others(&End::server_channel())),
    client("TBL-04", || s_and_l_have_a_sign(&End::client_channel())),
    server("TBL-04", || s_and_l_have_a_sign(&End::server_channel())),
    client("TBL-05", || u_and_l_are_only_read(&End::client_channel(), &strict_client())),
    server("TBL-05", || u_and_l_are_only_read(&End::server_channel(), &strict_server())),
    client("TBL-06", || unknown_types_are_kept(&End::client_channel(), &strict_client())),
    server("TBL-06", || unknown_types_are_kept(&End::server_channel(), &strict_server())),
    client("TBL-07", || all_but_zero_is_true(&End::client_channel())),
    server("TBL-07", || all_but_zero_is_true(&End::server_channel())),
    client("TBL-08", || decimals_have_a_sign_and_scales_none(&End::client_channel())),
    server("TBL-08", || decimals_have_a_sign_and_scales_none(&End::server_channel())),
    client("TBL-09", || byte_arrays_hold_any_octets(&End::client_channel())),
    server("TBL-09", || byte_arrays_hold_any_octets(&End::server_channel())),
    client("TBL-10", || small_b_has_a_sign_and_large_b_none(&End::client_channel())),
    server("TBL-10", || small_b_has_a_sign_and_large_b_none(&End::server_channel())),
];

/// A value of each type that is emitted, and its octets.
fn in_use() -> Vec<(Value<'static>, &'static [u8])> {
    vec![
        (Value::Bool(true), b"t\x01"),
        (Value::I8(-2), b"b\xFE"),
        (Value::U8(254), b"B\xFE"),
        (Value::I16(-2), b"s\xFF\xFE"),
        (Value::U16(65_534), b"u\xFF\xFE"),
        (Value::I32(-2), b"I\xFF\xFF\xFF\xFE"),
        (Value::U32(4_294_967_294), b"i\xFF\xFF\xFF\xFE"),
        (Value::I64(-2), b"l\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE"),
        (Value::F32(1.0), b"f\x3F\x80\0\0"),
        (Value::F64(1.0), b"d\x3F\xF0\0\0\0\0\0\0"),
        (Value::Decimal(Decimal { scale: 2, value: 105 }), b"D\x02\0\0\0\x69"),
        (Value::from("ab"), b"S\0\0\0\x02ab"),
        (Value::Array(Array::EMPTY), b"A\0\0\0\0"),
        (Value::Timestamp(3), b"T\0\0\0\0\0\0\0\x03"),
        (Value::Table(Table::EMPTY), b"F\0\0\0\0"),
        (Value::Void, b"V"),
        (Value::Bytes(b"\0\xFF"), b"x\0\0\0\x02\0\xFF"),
    ]
}

fn types_in_use_are_emitted_and_no_others(end: &End) {
    let mut tags: Vec<u8> = in_use().iter().map(|(_, octets)| octets[0]).collect();
    tags.sort_unstable();
    assert_eq!(tags, b"ABDFISTVbdfilstux");
    let mut array = ArrayBuf::new();
    for (value, octets) in in_use() {
        reads(end, octets, value);
        writes(end, value, octets);
        array.push(value).unwrap();
        // Nothing of its octets can be missing.
        for cut in 1..octets.len() {
            are_malformed(end, &pair(&octets[..cut]));
        }
    }
    let octets: Vec<u8> = in_use().into_iter().flat_map(|(_, octets)| octets.to_vec()).collect();
    let octets = [b"A", &long(&octets)[..]].concat();
    reads(end, &octets, Value::Array(array.as_array()));
    writes(end, Value::Array(array.as_array()), &octets);
    // What is only read is refused, and leaves nothing behind.
    for (value, tag) in [
        (Value::Char(b'a'), b'k'),
        (Value::Unknown { tag: b'?', rest: b"" }, b'?'),
        (Value::Unknown { tag: b't', rest: b"\x01" }, b't'),
    ] {
        let mut table = TableBuf::new().with("n", Value::Void).unwrap();
        assert_eq!(table.insert("m", value).err(), Some(EncodeError::NotEmittable { tag }));
        writes_table(end, &table, b"\x01nV");
        assert_eq!(array.push(value).err(), Some(EncodeError::NotEmittable { tag }));
    }
    writes(end, Value::Array(array.as_array()), &octets);
}

fn s_and_l_have_a_sign(end: &End) {
    for number in [i16::MIN, -2, -1, 0, 1, 255, i16::MAX] {
        let octets = [b"s", &number.to_be_bytes()[..]].concat();
        reads(end, &octets, Value::I16(number));
        writes(end, Value::I16(number), &octets);
    }
    for number in [i64::MIN, -2, -1, 0, 1, 1 << 40, i64::MAX] {
        let octets = [b"l", &number.to_be_bytes()[..]].concat();
        reads(end, &octets, Value::I64(number));
        writes(end, Value::I64(number), &octets);
        let table = takes(end, &pair(&octets));
        assert_eq!(table.get("n").unwrap().as_i64(), Some(number));
    }
    // Two octets follow `s`, whatever they look like: no short string of three.
    let table = takes(end, b"\x01ns\x03a\x01zV");
    assert_eq!((table.get("n"), table.len()), (Some(Value::I16(0x0361)), 2));
}

fn u_and_l_are_only_read(end: &End, strict: &End) {
    for end in [end, strict] {
        for (number, octets) in [(-2, b"U\xFF\xFE"), (i16::MIN, b"U\x80\0"), (7, b"U\0\x07")] {
            reads(end, octets, Value::I16(number));
            let table = takes(end, &pair(octets));
            // Read and written anew.
            writes(end, table.get("n").unwrap(), &[b"s", &octets[1..]].concat());
        }
        for number in [-2, i64::MIN, 7] {
            let octets = [b"L", &number.to_be_bytes()[..]].concat();
            reads(end, &octets, Value::I64(number));
            let table = takes(end, &pair(&octets));
            writes(end, table.get("n").unwrap(), &[b"l", &octets[1..]].concat());
        }
        for cut in [&b"U\0"[..], b"L\0\0\0\0\0\0\0"] {
            are_malformed(end, &pair(cut));
        }
    }
}

fn unknown_types_are_kept(end: &End, strict: &End) {
    let known = b"tbBsuIilfdDSATFVxULcCk";
    for tag in (0..=u8::MAX).filter(|tag| !known.contains(tag)) {
        for rest in [&b""[..], b"\0\x01zt\x01"] {
            let octets = [&[tag], rest].concat();
            reads(end, &octets, Value::Unknown { tag, rest });
            refuses(strict, &pair(&octets), "TBL-06", 501);
        }
    }
    // It ends with the innermost table or array, whose length is exact; what holds that goes on.
    let inner = b"\x01nF\0\0\0\x0A\x01at\x01\x01q?\x01bt\x01zI\0\0\0\x07";
    let table = takes(end, inner);
    assert_eq!((table.get("z"), table.len()), (Some(Value::I32(7)), 2));
    let held = table.get("n").and_then(|value| value.as_table()).unwrap();
    assert_eq!(held.get("a"), Some(Value::Bool(true)));
    assert_eq!(held.get("q"), Some(Value::Unknown { tag: b'?', rest: b"\x01bt" }));
    writes_table(end, &table, inner);
    let array = b"\x01nA\0\0\0\x05V?t\x01t\x01zV";
    let table = takes(end, array);
    let held = table.get("n").and_then(|value| value.as_array()).unwrap();
    let unknown = Value::Unknown { tag: b'?', rest: b"t\x01t" };
    assert_eq!(held.iter().collect::<Vec<_>>(), [Value::Void, unknown]);
    writes_table(end, &table, array);
    for pairs in [&inner[..], array] {
        refuses(strict, pairs, "TBL-06", 501);
        if !is_client(strict) {
            strict.clone().closes(&declare_with(pairs), "TBL-06", 501.into());
        }
    }
    // Those of Broker-J are known.
    for end in [end, strict] {
        reads(end, b"c\0\0\0\x02ab", Value::from("ab"));
        reads(end, b"C\0\0\0\x02ab", Value::from("ab"));
        reads(end, b"k\xFF", Value::Char(0xFF));
        are_malformed(end, &pair(b"c\0\0\0\x03ab"));
        are_malformed(end, &pair(b"k"));
    }
}

fn all_but_zero_is_true(end: &End) {
    for octet in 0..=u8::MAX {
        reads(end, &[b't', octet], Value::Bool(octet != 0));
    }
    writes(end, Value::Bool(true), b"t\x01");
    writes(end, Value::Bool(false), b"t\0");
    // Read as true and written anew.
    writes(end, takes(end, &pair(b"t\xFF")).get("n").unwrap(), b"t\x01");
}

fn decimals_have_a_sign_and_scales_none(end: &End) {
    for (scale, value) in [(2, 105), (2, -105), (0, i32::MIN), (255, i32::MAX), (128, 0)] {
        let octets = [&[b'D', scale], &i32::to_be_bytes(value)[..]].concat();
        reads(end, &octets, Value::Decimal(Decimal { scale, value }));
        writes(end, Value::Decimal(Decimal { scale, value }), &octets);
    }
    reads(end, b"D\x01\xFF\xFF\xFF\xFF", Value::Decimal(Decimal { scale: 1, value: -1 }));
    are_malformed(end, &pair(b"D\x01\0\0\0"));
}

fn byte_arrays_hold_any_octets(end: &End) {
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(70_000).collect();
    for bytes in [&b""[..], b"\0", b"\xFF\xFE", &large[..255], &large] {
        let octets = [b"x", &long(bytes)[..]].concat();
        reads(end, &octets, Value::Bytes(bytes));
        writes(end, Value::Bytes(bytes), &octets);
    }
    // Behind it comes the next pair; it is no string, and a string is none.
    let table = takes(end, b"\x01nx\0\0\0\x01a\x01zS\0\0\0\x01a");
    assert_eq!(table.get("n").map(|value| value.as_str()), Some(None));
    assert_ne!(table.get("n"), table.get("z"));
    are_malformed(end, &pair(b"x\0\0\0\x02a"));
}

fn small_b_has_a_sign_and_large_b_none(end: &End) {
    for octet in 0..=u8::MAX {
        reads(end, &[b'b', octet], Value::I8(i8::from_be_bytes([octet])));
        reads(end, &[b'B', octet], Value::U8(octet));
    }
    writes(end, Value::I8(-128), b"b\x80");
    writes(end, Value::I8(127), b"b\x7F");
    writes(end, Value::U8(255), b"B\xFF");
    writes(end, Value::U8(0), b"B\0");
}
