//! Direction, arguments and tables of methods.

use crate::common::*;
use crate::*;

#[test]
fn methods_come_from_the_right_side_and_are_known() {
    let (wrong, unknown) = (("MTH-03", 503), ("MTH-02", 540));
    let blocked = method(0, 10, 60, &short("disk"));
    check_all(vec![
        case("declare-ok", ServerChannel, [], declare_ok(1, "q"), wrong, Close(50, 11)),
        case("deliver", ServerChannel, [], deliver(1, 1), wrong, Close(60, 60)),
        case("channel.open-ok", ServerOpen, [], channel_open_ok(1), wrong, Close(20, 11)),
        case("blocked", ServerOpen, [], blocked, wrong, Close(10, 60)),
        case("start", ServerOpen, [], start("PLAIN"), wrong, Close(10, 10)),
        case("publish", ClientChannel, [], publish(1, "k"), wrong, Close(60, 40)),
        case("declare", ClientChannel, [], declare(1, "q"), wrong, Close(50, 10)),
        case("channel.open", ClientOpen, [], channel_open(1), wrong, Close(20, 10)),
        case("open", ClientOpen, [], open("/"), wrong, Close(10, 40)),
        case("class 99", ServerChannel, [], method(1, 99, 1, b""), unknown, Close(99, 1)),
        case("queue.99", ServerChannel, [], method(1, 50, 99, b"x"), unknown, Close(50, 99)),
        case("connection.99", ServerOpen, [], method(0, 10, 99, b""), unknown, Close(10, 99)),
        case("class 99", ClientChannel, [], method(1, 99, 1, b""), unknown, Close(99, 1)),
        case("file.open", ServerChannel, [], method(1, 70, 40, b"x"), unknown, Close(70, 40)),
        case("0-8's close", ServerOpen, [], method(0, 10, 62, b""), unknown, Close(10, 62)),
        case("class 99 at login", ServerStart, [], method(0, 99, 1, b""), unknown, Nothing),
    ]);
}

#[test]
fn octets_of_methods_are_exact() {
    let (cut, over) = (("MTH-04", 501), ("MTH-05", 501));
    let queue = [b"\0\0", &short("q")[..]].concat();
    let with_table = |table: &[u8]| method(1, 50, 10, &[&queue[..], b"\0", table].concat());
    let lie = [&declare(1, "q")[7..], b""].concat();
    assert_eq!(lie[..4], *b"\0\x32\0\x0A");
    let declare_close = Close(50, 10);
    check_all(vec![
        case("no arguments", ServerChannel, [], method(1, 50, 10, b""), cut, declare_close),
        case("no bits", ServerChannel, [], method(1, 50, 10, &queue), cut, declare_close),
        case("no table", ServerChannel, [], with_table(b""), cut, declare_close),
        case(
            "a table that passes the end",
            ServerChannel,
            [],
            with_table(b"\0\0\0\x01"),
            cut,
            declare_close,
        ),
        case("a table of 2 GiB", ServerChannel, [], with_table(b"\x80\0\0\0"), cut, declare_close),
        case(
            "a string past its table",
            ServerChannel,
            [],
            with_table(b"\0\0\0\x07\x01aS\0\0\0\x01x"),
            cut,
            declare_close,
        ),
        case(
            "a name past its table",
            ServerChannel,
            [],
            with_table(b"\0\0\0\x02\x09a"),
            cut,
            declare_close,
        ),
        case(
            "a table ends inside a value",
            ServerChannel,
            [],
            with_table(b"\0\0\0\x04\x01al\0"),
            cut,
            declare_close,
        ),
        case(
            "a short string past the end",
            ServerChannel,
            [],
            method(1, 50, 10, b"\0\0\xFFq"),
            cut,
            declare_close,
        ),
        case("an octet too many", ServerChannel, [], with_table(b"\0\0\0\0!"), over, declare_close),
        case(
            "an octet behind close-ok",
            ServerOpen,
            [],
            method(0, 10, 51, b"!"),
            ("CLS-04", 503),
            Close(10, 51),
        ),
        case(
            "an octet behind open",
            ServerOpening,
            [],
            method(0, 10, 40, b"\x01/\0\0!"),
            over,
            Close(10, 40),
        ),
        case("half a tune-ok", ServerTune, [], method(0, 10, 31, b"\0"), cut, Nothing),
        case("half a close", ServerOpen, [], method(0, 10, 50, b"\0"), cut, Close(10, 50)),
        case(
            "an octet behind declare-ok",
            ClientCalling,
            [],
            method(1, 50, 11, b"\x01q\0\0\0\0\0\0\0\0!"),
            over,
            Close(50, 11),
        ),
        case("half a delivery", ClientChannel, [], method(1, 60, 60, b"\x01c"), cut, Close(60, 60)),
        case(
            "an empty method frame",
            ServerChannel,
            [],
            frame(1, 1, b""),
            ("FRM-08", 501),
            Close(0, 0),
        ),
        case(
            "a method frame of three",
            ClientChannel,
            [],
            frame(1, 1, b"\0\x0A\0"),
            ("FRM-08", 501),
            Close(0, 0),
        ),
    ]);
}

#[test]
fn tables_are_not_nested_without_end() {
    fn nested(tag: u8, levels: usize) -> Vec<u8> {
        let mut table = Vec::new();
        for _ in 0..levels {
            let name: &[u8] = if tag == b'F' { b"\x01a" } else { b"" };
            table = [name, &[tag], &long(&table)].concat();
        }
        let outer: &[u8] = if tag == b'F' { b"" } else { b"\x01a" };
        long(&[outer, &table].concat())
    }
    let arguments = |table: &[u8]| method(1, 50, 10, &[b"\0\0\x01q\0", table].concat());
    let bomb = |name, tag| {
        let bad = arguments(&nested(tag, 12_000));
        case(name, ServerChannel, [], bad, ("LIM-03", 501), Close(50, 10))
    };
    let cases = vec![bomb("tables", b'F'), bomb("arrays", b'A')];
    for case in cases {
        case.check(1460);
        case.check(usize::MAX);
    }
    let (mut server, _) = ServerChannel.reach();
    feed(&mut server, &arguments(&nested(b'F', 20)));
    assert!(matches!(poll(&mut server)[..], [Event::Request { .. }]));
}
