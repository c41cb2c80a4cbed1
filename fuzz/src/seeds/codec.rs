//! Seeds for the targets without a connection.

use amqp_proto::protocol::Dialect;

use super::Seed;
use crate::common::{self, BARE, HEARTBEAT, long, short};
use crate::layout::{self, Filling};

/// First octets: the limits that an input asks for.
const DEFAULT: u8 = 0;
const STRICT: u8 = 1;
const SMALL: u8 = 2;
const WIDE: u8 = 3;

/// For targets that cut frames: payloads of up to 4088 octets.
const LARGEST: u8 = 4;

pub(super) fn all() -> Vec<Seed> {
    let mut seeds = tables();
    seeds.extend(properties());
    seeds.extend(methods());
    seeds.extend(frames());
    seeds.extend(scans());
    seeds.extend(differences());
    seeds
}

/// A value of every type octet that is known, and one that isn't.
fn values() -> Vec<(char, Vec<u8>)> {
    let inner = b"\x01kV";
    let fixed: [(char, &[u8]); 15] = [
        ('t', b"\x02"),
        ('b', b"\x80"),
        ('B', b"\xFF"),
        ('s', b"\x80\0"),
        ('U', b"\x7F\xFF"),
        ('u', b"\xFF\xFF"),
        ('I', b"\x80\0\0\0"),
        ('i', b"\xFF\xFF\xFF\xFF"),
        ('l', b"\x80\0\0\0\0\0\0\0"),
        ('L', b"\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
        ('f', b"\x7F\xA0\0\x01"),
        ('d', b"\xFF\xF0\0\0\0\0\0\x01"),
        ('D', b"\x02\xFF\xFF\xFF\x97"),
        ('T', b"\0\0\0\0\x65\0\0\0"),
        ('k', b"A"),
    ];
    let counted: [(char, &[u8]); 6] = [
        ('S', b"text\0\xFF"),
        ('c', b"text"),
        ('C', b"text"),
        ('x', b"\0\x01"),
        ('A', b"VVt\x01"),
        ('F', inner),
    ];
    let mut values: Vec<_> = fixed.map(|(tag, value)| (tag, value.to_vec())).into();
    values.extend(counted.map(|(tag, value)| (tag, long(value))));
    values.extend([('V', Vec::new()), ('?', b"all the rest".to_vec())]);
    values
}

fn pair(name: &str, tag: char, value: &[u8]) -> Vec<u8> {
    [&short(name)[..], &[tag as u8], value].concat()
}

/// A table of all types that are sent, inside itself.
fn rich_table() -> Vec<u8> {
    let sent = |(tag, _): &(char, Vec<u8>)| *tag != '?' && *tag != 'k';
    let mut table = Vec::new();
    for level in 0..2 {
        let inner = long(&table);
        for (tag, value) in values().into_iter().filter(sent) {
            table.extend(pair(&format!("{level}{tag}"), tag, &value));
        }
        table.extend(pair("in", 'F', &inner));
    }
    table
}

/// Tables (or arrays) of this many levels inside one another.
fn nested(levels: usize, tag: u8, name: &[u8]) -> Vec<u8> {
    let each = name.len() + 5;
    let level = |left: usize| {
        let len = u32::try_from(left * each).unwrap().to_be_bytes();
        [name, &[tag], &len].concat()
    };
    (0..levels).rev().flat_map(level).collect()
}

fn tables() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |name: String, limits: u8, octets: &[u8]| {
        seeds.push(Seed::new("table", name, [&[limits], octets].concat()));
    };
    for (tag, value) in values() {
        let name = format!("type-{:02x}", tag as u8);
        add(name, DEFAULT, &[pair("a", tag, &value), pair("b", 't', &[1])].concat());
    }
    add("empty".into(), DEFAULT, b"");
    add("all-types".into(), DEFAULT, &rich_table());
    add("all-types-strict".into(), STRICT, &rich_table());
    let array: Vec<u8> =
        values().into_iter().flat_map(|(tag, value)| [vec![tag as u8], value].concat()).collect();
    add("array-of-all-types".into(), DEFAULT, &array);
    add("tables-in-tables".into(), DEFAULT, &nested(32, b'F', b"\x01n"));
    add("tables-too-deep".into(), DEFAULT, &nested(34, b'F', b"\x01n"));
    add("arrays-in-arrays".into(), WIDE, &nested(200, b'A', b""));
    add("small-limits-kept".into(), SMALL, &nested(2, b'F', b"\x01n"));
    add("too-many-entries".into(), SMALL, &b"\x01aV".repeat(5));
    add("duplicates".into(), DEFAULT, b"\x01at\x01\x01aV\x01bV");
    add("odd-names".into(), DEFAULT, b"\0V\x03\xFF\0 V\x07x-deathV");
    add("bad-name-strict".into(), STRICT, b"\x07x-deathV");
    add("unknown-type-strict".into(), STRICT, b"\x01a?rest");
    add("length-overrun".into(), DEFAULT, b"\x01aS\xFF\xFF\xFF\xFFtext");
    add("inner-beyond-outer".into(), DEFAULT, b"\x01aF\0\0\0\x08\x01bS\0\0\0\x04te");
    add("cut-short".into(), DEFAULT, b"\x01al\0\0\0");
    seeds
}

/// A value of each property, in the order of the flags.
fn property_values() -> [Vec<u8>; 14] {
    let headers = long(&pair("x-death", 'I', &[0, 0, 0, 1]));
    let texts = ["text/plain", "gzip", "id", "amq.rabbitmq.reply-to", "60000", "message", "kind"];
    let [mime, encoding, id, reply_to, expiration, message, kind] = texts.map(short);
    let [user, app, cluster] = ["guest", "app", "cluster"].map(short);
    let timestamp = 0x6500_0000_u64.to_be_bytes().to_vec();
    [
        mime,
        encoding,
        headers,
        vec![2],
        vec![9],
        id,
        reply_to,
        expiration,
        message,
        timestamp,
        kind,
        user,
        app,
        cluster,
    ]
}

/// All properties at once, flags first.
fn all_properties() -> Vec<u8> {
    [&[0xFF, 0xFC][..], &property_values().concat()].concat()
}

fn properties() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |name: String, limits: u8, octets: &[u8]| {
        seeds.push(Seed::new("properties", name, [&[limits], octets].concat()));
    };
    for (place, value) in property_values().iter().enumerate() {
        let flags = (0x8000_u16 >> place).to_be_bytes();
        add(format!("one-{place:02}"), DEFAULT, &[&flags, &value[..]].concat());
    }
    add("none".into(), DEFAULT, BARE);
    add("all".into(), DEFAULT, &all_properties());
    let begin =
        |class: u8, weight: u8| [&[0, class, 0, weight][..], &[0, 0, 0, 0, 0, 0, 1, 0]].concat();
    add("header".into(), DEFAULT, &[begin(60, 0), all_properties()].concat());
    add("header-with-weight".into(), DEFAULT, &[begin(60, 7), BARE.to_vec()].concat());
    add("header-of-no-class".into(), DEFAULT, &[begin(61, 0), BARE.to_vec()].concat());
    add("continuation-flag".into(), DEFAULT, b"\0\x01\0\0");
    add("flag-without-value".into(), DEFAULT, b"\x80\0");
    add("octets-behind".into(), DEFAULT, b"\0\0\0");
    add("text-strict".into(), STRICT, b"\x80\0\x02\xFF\0");
    add("rich-headers".into(), WIDE, &[b"\x20\0", &long(&rich_table())[..]].concat());
    seeds
}

/// Each method as its dialects have it, once where they agree.
fn methods() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = Vec::new();
    let mut add = |name: String, octets: Vec<u8>| {
        if seeds.iter().all(|seed| seed.octets != octets) {
            seeds.push(Seed::new("method", name, octets));
        }
    };
    for dialect in Dialect::ALL.iter().rev() {
        for (id, layout) in layout::of_dialect(*dialect) {
            let name = |what: &str| format!("{}-{dialect}-{what}", layout.name);
            for (filling, what) in [(Filling::Something, "filled"), (Filling::Empty, "empty")] {
                let payload = layout.payload(filling);
                assert_eq!(payload[..4], layout::octets_of(id));
                add(name(what), [vec![DEFAULT], payload].concat());
            }
        }
    }
    let declare = layout::named(Dialect::V0_9_1, "queue.declare").payload(Filling::Empty);
    let [behind, mut bits, mut cut] = [&declare; 3].map(Clone::clone);
    bits[7] = 0xFF;
    cut.pop();
    add("octets-behind".into(), [vec![DEFAULT], behind, vec![0]].concat());
    add("unused-bits".into(), [vec![DEFAULT], bits].concat());
    add("cut-short".into(), [vec![DEFAULT], cut].concat());
    add("unknown".into(), b"\0\0\x63\0\x09".to_vec());
    add("name-strict".into(), b"\x01\0\x32\0\x0A\0\0\x02\xFF\0\0\0\0\0\0".to_vec());
    seeds
}

fn frames() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |name: &str, octets: &[u8]| {
        seeds.push(Seed::new("frame", name, [&[DEFAULT, LARGEST], octets].concat()));
    };
    for dialect in Dialect::ALL {
        let frame = |filling| {
            let methods = layout::of_dialect(*dialect);
            let frames = methods.map(|(_, layout)| common::frame(1, 1, &layout.payload(filling)));
            frames.collect::<Vec<_>>().concat()
        };
        add(&format!("all-methods-{dialect}"), &frame(Filling::Empty));
    }
    add("client-handshake", &common::client_handshake(4096)[8..]);
    add("server-handshake", &common::server_handshake(4096));
    add("content", &content());
    add("heartbeat", HEARTBEAT);
    add("heartbeat-with-octets", &common::frame(8, 0, b"octets"));
    add("unknown-type", &common::frame(4, 0, b""));
    add("wrong-end", b"\x03\0\x01\0\0\0\x01x\xCF");
    add("too-large", b"\x03\0\x01\0\0\x0F\xF9and so on");
    add("cut-off", &content()[..40]);
    seeds
}

/// A content with all properties in two body frames, and a heartbeat between them.
fn content() -> Vec<u8> {
    [
        common::deliver(1, 1),
        common::header(1, 12, &all_properties()),
        common::body(1, b"octets"),
        HEARTBEAT.to_vec(),
        common::body(1, b"octets"),
    ]
    .concat()
}

fn scans() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |name: &str, offset: u16, octets: &[u8]| {
        let [high, low] = offset.to_be_bytes();
        seeds.push(Seed::new("scan", name, [&[LARGEST, high, low], octets].concat()));
    };
    let frames = [content(), HEARTBEAT.to_vec(), content()].concat();
    add("from-the-start", 0, &frames);
    add("from-inside-a-frame", 5, &frames);
    add("beyond-the-end", 5000, &frames);
    add("cut-off", 9, &frames[..frames.len() - 3]);
    add("behind-noise", 0, &[b"\x01\0\x03lost\xCE\x08", &frames[..]].concat());
    // The payload of a body looks like frames.
    add("frames-in-a-body", 1, &common::body(1, &frames));
    let mut broken = frames;
    broken[30] ^= 0xFF;
    add("broken", 0, &broken);
    add("ends-alone", 0, &[0xCE; 40]);
    add("types-alone", 0, &[1, 2, 3, 8].repeat(20));
    add("headers-alone", 0, &b"\x03\0\x01\0\0\0\x07".repeat(12));
    seeds
}

/// What another codec takes in the same way, and what only one of both takes.
fn differences() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |name: &str, octets: &[u8]| seeds.push(Seed::new("differential", name, octets));
    let declare = |arguments: &[u8]| {
        let parts = [b"\0\0", &short("queue")[..], &[0x12], &long(arguments)];
        common::method(1, 50, 10, &parts.concat())
    };
    for (filling, name) in [(Filling::Empty, "empty"), (Filling::Something, "filled")] {
        let methods = layout::of_dialect(Dialect::V0_9_1);
        let frames = methods.map(|(_, layout)| common::frame(1, 1, &layout.payload(filling)));
        add(&format!("all-methods-{name}"), &frames.collect::<Vec<_>>().concat());
    }
    add("client-handshake", &common::client_handshake(4096)[8..]);
    add("server-handshake", &common::server_handshake(4096));
    add("content", &content());
    add("all-types", &declare(&rich_table()));
    add("duplicates", &declare(b"\x01at\x01\x01aV"));
    add("names-of-octets", &declare(b"\x01\xFFV"));
    add("unknown-type", &declare(b"\x01aF\0\0\0\x04\x01b?x"));
    add("types-of-qpid", &declare(b"\x01ac\0\0\0\x01x\x01bkx"));
    add("tables-too-deep", &declare(&nested(34, b'F', b"\x01n")));
    add("continuation-flag", &common::header(1, 0, b"\0\x01"));
    add("other-class", &common::frame(2, 1, b"\0\x3D\0\0\0\0\0\0\0\0\0\0\0\0"));
    add("weight", &common::frame(2, 1, b"\0\x3C\0\x07\0\0\0\0\0\0\0\0\0\0"));
    add("heartbeat-with-octets", &common::frame(8, 0, b"octets"));
    add("heartbeat-of-a-channel", &common::frame(8, 1, b""));
    add("cut-off", &content()[..40]);
    add("wrong-end", b"\x03\0\x01\0\0\0\x01x\xCF");
    add("protocol-header", common::PROTOCOL_HEADER);
    seeds
}
