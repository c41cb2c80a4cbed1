//! Field tables: their structure, their names and what a peer can make of them.

use amqp_proto::protocol::{Method, PropertiesBuf, Property, queue};
use amqp_proto::wire::{ArrayBuf, EncodeError, Table, TableBuf, TableLimits, Value};
use amqp_proto::{Event, Profile};

use crate::common::*;
use crate::end::End;
use crate::fields::*;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("TBL-01", a_client_counts_the_octets_of_a_table),
    server("TBL-01", a_server_counts_the_octets_of_a_table),
    client("TBL-02", a_client_reads_nothing_past_the_end_of_a_table),
    server("TBL-02", a_server_reads_nothing_past_the_end_of_a_table),
    client("TBL-11", || names_are_judged_where_strict(&End::client_channel(), &strict_client())),
    server("TBL-11", || names_are_judged_where_strict(&End::server_channel(), &strict_server())),
    client("TBL-12", || the_first_of_a_name_counts(&End::client_channel())),
    server("TBL-12", || the_first_of_a_name_counts(&End::server_channel())),
    client("TBL-13", || nesting_has_a_limit(0)),
    server("TBL-13", || nesting_has_a_limit(1)),
    client("TBL-14", || an_empty_table_is_not_an_absent_one(&End::client_channel())),
    server("TBL-14", || an_empty_table_is_not_an_absent_one(&End::server_channel())),
    client("TBL-15", || nothing_is_believed_before_it_is_there(0)),
    server("TBL-15", || nothing_is_believed_before_it_is_there(1)),
    client("TBL-16", || tables_go_on_octet_for_octet(&End::client_channel())),
    server("TBL-16", || tables_go_on_octet_for_octet(&End::server_channel())),
    client("TBL-17", || names_are_octets(&End::client_channel())),
    server("TBL-17", || names_are_octets(&End::server_channel())),
];

/// `{ab: true, "": [1, {}], t: {x: void}, z: ""}`
const NESTED: &[u8] = b"\x02abt\x01\
    \0A\0\0\0\x0AI\0\0\0\x01F\0\0\0\0\
    \x01tF\0\0\0\x03\x01xV\
    \x01zS\0\0\0\0";

fn nested() -> TableBuf {
    let array = ArrayBuf::new().with(1).unwrap().with(&TableBuf::new()).unwrap();
    let inner = TableBuf::new().with("x", Value::Void).unwrap();
    let table = TableBuf::new().with("ab", true).unwrap().with("", &array).unwrap();
    table.with("t", &inner).unwrap().with("z", "").unwrap()
}

fn the_length_counts_octets(end: &End) {
    let table = takes(end, NESTED);
    assert_eq!(table, nested());
    let names: Vec<_> = table.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["ab", "", "t", "z"]);
    let array = table.get("").and_then(|value| value.as_array()).unwrap();
    assert_eq!(array.iter().collect::<Vec<_>>(), [Value::I32(1), Value::Table(Table::EMPTY)]);
    assert_eq!(table.get("z"), Some(Value::from("")));
    writes_table(end, &nested(), NESTED);
    // Lengths that count entries: of one pair, of two booleans, of one pair in a table.
    let counts = [&b"\x20\0\0\0\0\x01"[..], b"\x01at\x01"].concat();
    end.clone().closes(&content(end, &counts), "CNT-15", 501.into());
    are_malformed(end, &pair(b"A\0\0\0\x02t\x01t\x01"));
    are_malformed(end, &pair(b"F\0\0\0\x01\x01at\x01"));
}

fn a_client_counts_the_octets_of_a_table() {
    let mut end = End::client_channel();
    the_length_counts_octets(&end);
    let table = nested();
    let declare =
        queue::Declare { queue: "q".into(), arguments: table.as_table(), ..Default::default() };
    end.channel().call(&declare).unwrap();
    assert_eq!(end.sent(), declare_with(NESTED));
}

fn a_server_counts_the_octets_of_a_table() {
    let end = End::server_channel();
    the_length_counts_octets(&end);
    let event = only_event(&end, &declare_with(NESTED));
    let Event::Request { method, .. } = &event else { panic!("{event}") };
    let Method::QueueDeclare(declare) = method.method() else { panic!("{method}") };
    assert_eq!(declare.arguments, nested().as_table());
}

/// Pairs whose values would read on behind the end of what holds them, or of the pairs themselves.
fn overreaching() -> Vec<Vec<u8>> {
    let mut all = vec![
        // A string, a number and a name that leave the inner table, with octets enough behind it.
        [&pair(b"F\0\0\0\x07\x01mS\0\0\0\x01")[..], b"\x01xt\x01"].concat(),
        [&pair(b"F\0\0\0\x05\x01mI\0\0")[..], b"\x01xt\x01\x01yt\x01"].concat(),
        [&pair(b"F\0\0\0\x02\x03m")[..], b"\x01xt\x01"].concat(),
        // A name without a value.
        [&pair(b"F\0\0\0\x02\x01m")[..], b"V\x01xV"].concat(),
        // The same in an array, and in an array inside a table inside an array.
        [&pair(b"A\0\0\0\x02I\0")[..], b"\0\0\x05"].concat(),
        [&pair(b"A\0\0\0\x0EF\0\0\0\x09\x01mA\0\0\0\x02I\0")[..], b"\0\0\x05"].concat(),
        // Inner lengths that pass the outer end by one.
        pair(b"A\0\0\0\x0CF\0\0\0\x08\x01mS\0\0\0\0"),
        pair(b"F\0\0\0\x09\x01mA\0\0\0\x03t\x01"),
        pair(b"F\0\0\0\x04\x01xV"),
        pair(b"x\0\0\0\x03ab"),
    ];
    // The pairs end inside a value: everywhere but where a pair ends.
    let ends = [0, 5, 21, 31];
    all.extend((1..NESTED.len()).filter(|end| !ends.contains(end)).map(|end| NESTED[..end].into()));
    all
}

fn nothing_is_read_past_the_end(end: &End) {
    for pairs in overreaching() {
        are_malformed(end, &pairs);
        // There is more payload: a second property.
        let properties = [&b"\x30\0"[..], &long(&pairs), b"\x02"].concat();
        end.clone().closes(&content(end, &properties), "CNT-15", 501.into());
    }
    // The outermost length takes the octet of the second property, and is one octet short.
    let with_length =
        |length: u8| [&b"\x30\0\0\0\0"[..], &[length], b"\x01nt\x01", b"\x02"].concat();
    let whole = takes_content(end, &with_length(4));
    assert_eq!(whole.properties().delivery_mode(), Some(2));
    assert_eq!(whole.properties().headers().unwrap().as_octets(), b"\x01nt\x01");
    for length in [3, 5, 6] {
        end.clone().closes(&content(end, &with_length(length)), "CNT-15", 501.into());
    }
}

fn a_client_reads_nothing_past_the_end_of_a_table() {
    nothing_is_read_past_the_end(&End::client_channel());
    let start = |properties: &[u8]| {
        let arguments = [b"\0\x09", &long(properties)[..], &long(b"PLAIN"), &long(b"en_US")];
        method(0, 10, 10, &arguments.concat())
    };
    let mut end = End::fresh_client();
    end.sent();
    for pairs in overreaching() {
        end.clone().drops(&start(&pairs), "MTH-04");
    }
    end.takes(&start(NESTED));
    assert_eq!(end.connection.peer_properties(), nested().as_table());
}

fn a_server_reads_nothing_past_the_end_of_a_table() {
    nothing_is_read_past_the_end(&End::server_channel());
    let start_ok = |properties: &[u8]| {
        let login = [&short("PLAIN")[..], &long(b"\0guest\0guest"), &short("en_US")].concat();
        method(0, 10, 11, &[long(properties), login].concat())
    };
    let mut end = End::fresh_server();
    end.takes(PROTOCOL_HEADER);
    end.sent();
    for pairs in overreaching() {
        end.clone().drops(&start_ok(&pairs), "MTH-04");
    }
    end.takes(&start_ok(NESTED));
    assert_eq!(end.connection.peer_properties(), nested().as_table());
}

fn names_are_judged_where_strict(end: &End, strict: &End) {
    let longest = [b'n'; 255];
    let legal: [&[u8]; 6] = [b"a", b"Z", b"$", b"#", b"a1_$#Z", &longest[..128]];
    let illegal: [&[u8]; 11] = [
        b"",
        b"1a",
        b"_a",
        b"x-death",
        b"a.b",
        b"a b",
        b"a\0",
        "é".as_bytes(),
        b"\xFF",
        &longest[..129],
        &longest,
    ];
    for name in legal.into_iter().chain(illegal) {
        let named = [&[u8::try_from(name.len()).unwrap()], name, b"V"].concat();
        let inner = pair(&[b"F", &long(&named)[..]].concat());
        assert_eq!(takes(end, &named).get(name), Some(Value::Void));
        // What is sent is nobody's to judge.
        let table = TableBuf::new().with(name, Value::Void).unwrap();
        writes_table(end, &table, &named);
        writes_table(strict, &table, &named);
        for pairs in [named, inner] {
            if legal.contains(&name) {
                takes(strict, &pairs);
                continue;
            }
            refuses(strict, &pairs, "TBL-11", 502);
            if !is_client(strict) {
                strict.clone().closes(&declare_with(&pairs), "TBL-11", 502.into());
            }
        }
    }
    // Whatever is enforced, a name that its length can't say is never built.
    let (mut table, name) = (TableBuf::new(), [b'n'; 256]);
    let error = table.insert(&name, Value::Void).unwrap_err();
    assert_eq!(error, EncodeError::TooLong { field: "field name", len: 256, limit: 255 });
    writes_table(end, &table, b"");
}

fn the_first_of_a_name_counts(end: &End) {
    const PAIRS: &[u8] = b"\x01bt\x01\x01at\0\x01bI\0\0\0\x07\x01bV";
    let table = takes(end, PAIRS);
    assert_eq!((table.get("b"), table.len()), (Some(Value::Bool(true)), 4));
    let values: Vec<_> = table.iter().filter(|(name, _)| *name == "b").map(|(_, v)| v).collect();
    assert_eq!(values, [Value::Bool(true), Value::I32(7), Value::Void]);
    let mut built = TableBuf::new();
    for (name, value) in [("b", Value::from(true)), ("a", false.into()), ("b", 7.into())] {
        built.insert(name, value).unwrap();
    }
    built.insert("b", Value::Void).unwrap();
    writes_table(end, &built, PAIRS);
    writes_table(end, &table, PAIRS);
}

/// Pairs with so many levels inside them, tables and arrays by turns.
fn levels(count: usize) -> Vec<u8> {
    // From the innermost outwards, and turned round in the end.
    let mut octets: Vec<u8> = Vec::new();
    for level in (0..count).rev() {
        let length = u32::try_from(octets.len()).unwrap();
        octets.extend(length.to_le_bytes());
        octets.push(if level % 2 == 0 { b'A' } else { b'F' });
        if level % 2 == 0 {
            octets.extend(b"n\x01");
        }
    }
    octets.reverse();
    octets
}

/// `side`: 0 for the client, 1 for the server.
fn nesting_has_a_limit(side: usize) {
    assert_eq!(levels(3), b"\x01nA\0\0\0\x0CF\0\0\0\x07\x01nA\0\0\0\0");
    for limit in [0, 1, 32, 33, u8::MAX] {
        let limits = TableLimits::DEFAULT.with_max_depth(limit);
        let end = &both_with(Profile::DEFAULT, limits)[side];
        let limit = usize::from(limit);
        takes(end, &levels(limit));
        // By one, by many, and by as many as a frame holds.
        for count in [limit + 1, limit + 2, 1000, 18_000] {
            refuses(end, &levels(count), "LIM-03", 501);
        }
    }
    // By default 32 levels.
    let end = &both_with(Profile::DEFAULT, TableLimits::DEFAULT)[side];
    takes(end, &levels(32));
    refuses(end, &levels(33), "LIM-03", 501);
    // What no peer with the widest limit could read is never built.
    let mut table = TableBuf::new();
    for _ in 0..255 {
        table = TableBuf::new().with("n", &table).unwrap();
    }
    let error = TableBuf::new().with("n", &table).unwrap_err();
    assert_eq!(error, EncodeError::TooDeep { limit: 255 });
    writes_table(end, &table, table.as_octets());
}

fn an_empty_table_is_not_an_absent_one(end: &End) {
    let empty = b"\x20\0\0\0\0\0";
    let content = takes_content(end, empty);
    assert!(content.properties().contains(Property::Headers));
    assert_eq!(content.properties().headers(), Some(Table::EMPTY));
    let content = takes_content(end, BARE);
    assert!(!content.properties().contains(Property::Headers));
    assert_eq!(content.properties().headers(), None);
    sends(end, &PropertiesBuf::new().with_headers(Table::EMPTY).unwrap(), empty);
    sends(end, &PropertiesBuf::new(), BARE);
    // Inside another table and an array too.
    reads(end, b"F\0\0\0\0", Value::Table(Table::EMPTY));
    writes(end, Value::Table(Table::EMPTY), b"F\0\0\0\0");
    writes(end, Value::Array(ArrayBuf::new().as_array()), b"A\0\0\0\0");
}

/// `side`: 0 for the client, 1 for the server.
fn nothing_is_believed_before_it_is_there(side: usize) {
    let end = &both_with(Profile::DEFAULT, TableLimits::DEFAULT)[side];
    // A table that is on its way is waited for, and nothing is told of it.
    let octets = content(end, &headers(&pair(&[b"x", &long(&[7; 50_000])[..]].concat())));
    let (begun, rest) = octets.split_at(1000);
    let mut waiting = end.clone();
    assert_eq!(lines(&waiting.takes(begun)), [""; 0]);
    assert_eq!(waiting.takes(rest).len(), 1);
    // Once the frame is there, so is what its lengths speak of, or it is refused.
    for tag in *b"AFSx" {
        for length in [1, 0xFFFF, 0x7FFF_FFFF, u32::MAX] {
            are_malformed(end, &pair(&[&[tag], &u32::to_be_bytes(length)[..]].concat()));
        }
    }
    // Entries are counted at all levels before anything is made of them: the smallest are one octet.
    let voids = |count| pair(&[b"A", &long(&vec![b'V'; count])[..]].concat());
    assert_eq!(takes(end, &voids(65_535)).get("n").unwrap().as_array().unwrap().len(), 65_535);
    refuses(end, &voids(65_536), "LIM-03", 501);
    let three = &both_with(Profile::DEFAULT, TableLimits::DEFAULT.with_max_entries(3))[side];
    takes(three, b"\x01nA\0\0\0\x01V\x01mV");
    refuses(three, b"\x01nA\0\0\0\x02VV\x01mV", "LIM-03", 501);
    let ten = &both_with(Profile::DEFAULT, TableLimits::DEFAULT.with_max_octets(10))[side];
    takes(ten, b"\x01nx\0\0\0\x03abc");
    refuses(ten, b"\x01nx\0\0\0\x04abcd", "LIM-03", 501);
}

/// All that a table can hold and a builder would write in another way, or not at all.
const ODD: &[u8] = b"\x01aL\0\0\0\0\0\0\0\x01\x01aU\xFF\xFE\x01at\x07\
    \x01bf\x7F\xA0\0\x01\x01bd\xFF\xF0\0\0\0\0\0\x01\x01bD\xFF\x80\0\0\0\
    \x02\xFF\0c\0\0\0\x01z\0C\0\0\0\0\x01kk\xFF\x01AA\0\0\0\x0Ft\x02U\0\x01F\0\0\0\x05\x01q?\0\x01\
    \x01~~rest";

fn tables_go_on_octet_for_octet(end: &End) {
    let content = takes_content(end, &[&b"\xA0\0\x01c"[..], &long(ODD)].concat());
    let properties = content.properties();
    let table = properties.headers().unwrap();
    assert_eq!(table.len(), 11);
    // As they are, in other properties, and inside another table.
    sends(end, &PropertiesBuf::from(properties), &[&b"\xA0\0\x01c"[..], &long(ODD)].concat());
    writes_table(end, &TableBuf::from(table), ODD);
    writes(end, Value::Table(table), &[b"F", &long(ODD)[..]].concat());
    if is_client(end) {
        let mut end = end.clone();
        let declare = queue::Declare { queue: "q".into(), arguments: table, ..Default::default() };
        end.channel().call(&declare).unwrap();
        assert_eq!(end.sent(), declare_with(ODD));
    } else {
        let event = only_event(end, &declare_with(ODD));
        let Event::Request { method, .. } = &event else { panic!("{event}") };
        assert!(method.octets().ends_with(ODD));
    }
}

fn names_are_octets(end: &End) {
    const PAIRS: &[u8] = b"\x02\xFF\xFEt\x01\x01\0t\0\0V\x02\xC3\xA9V";
    let table = takes(end, PAIRS);
    let names: Vec<_> = table.iter().map(|(name, _)| name.as_octets()).collect();
    assert_eq!(names, [&b"\xFF\xFE"[..], b"\0", b"", "é".as_bytes()]);
    assert_eq!(table.get(b"\xFF\xFE"), Some(Value::Bool(true)));
    assert_eq!(table.get("\u{FFFD}\u{FFFD}"), None);
    assert!(table.iter().next().unwrap().0.as_str().is_err());
    let built = TableBuf::new().with(b"\xFF\xFE", true).unwrap().with(b"\0", false).unwrap();
    let built = built.with("", Value::Void).unwrap().with("é", Value::Void).unwrap();
    writes_table(end, &built, PAIRS);
    // The length of a name is one octet, and its 255 octets are there or not.
    let name = [0xFF; 255];
    let named = [&[255], &name[..], b"V"].concat();
    assert_eq!(takes(end, &named).get(&name), Some(Value::Void));
    are_malformed(end, &named[..255]);
}
