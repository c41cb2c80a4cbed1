//! Channel numbers, opening, closing, and replies.

use crate::common::*;
use crate::*;

#[test]
fn channels_have_their_numbers() {
    check_all(vec![
        case(
            "close on 1",
            ServerChannel,
            [],
            close(10, 50, 1, 200, ""),
            ("FRM-09", 503),
            Close(10, 50),
        ),
        case(
            "close on 1",
            ClientChannel,
            [],
            close(10, 50, 1, 200, ""),
            ("FRM-09", 503),
            Close(10, 50),
        ),
        case("channel.open on 0", ServerOpen, [], channel_open(0), ("FRM-10", 504), Close(20, 10)),
        case("declare on 0", ServerOpen, [], declare(0, "q"), ("FRM-10", 504), Close(50, 10)),
        case("deliver on 0", ClientOpen, [], deliver(0, 1), ("FRM-10", 504), Close(60, 60)),
        case("header on 0", ServerOpen, [], header(0, 0, BARE), ("FRM-11", 504), Close(0, 0)),
        case("body on 0", ClientOpen, [], body(0, b"x"), ("FRM-11", 504), Close(0, 0)),
        case("heartbeat on 1", ServerChannel, [], frame(8, 1, b""), ("HB-02", 503), Close(0, 0)),
        case(
            "heartbeat with an octet",
            ClientOpen,
            [],
            frame(8, 0, b"x"),
            ("HB-03", 501),
            Close(0, 0),
        ),
        case(
            "heartbeat with an octet",
            ServerStart,
            [],
            frame(8, 0, b"x"),
            ("HB-03", 501),
            Nothing,
        ),
        case(
            "above channel-max",
            ServerOpen,
            [],
            channel_open(2048),
            ("TUN-12", 504),
            Close(20, 10),
        ),
        case(
            "declare on a closed channel",
            ServerOpen,
            [],
            declare(7, "q"),
            ("CHN-01", 504),
            Close(50, 10),
        ),
        case(
            "header on a closed channel",
            ServerOpen,
            [],
            header(7, 1, BARE),
            ("CHN-01", 504),
            Close(0, 0),
        ),
        case(
            "body on a closed channel",
            ClientOpen,
            [],
            body(7, b"x"),
            ("CHN-01", 504),
            Close(0, 0),
        ),
        case(
            "close of a closed channel",
            ServerOpen,
            [],
            channel_close(7, 200, ""),
            ("CHN-01", 504),
            Close(20, 40),
        ),
        case(
            "close-ok of a closed channel",
            ClientOpen,
            [],
            channel_close_ok(7),
            ("CHN-01", 504),
            Close(20, 41),
        ),
        case(
            "delivery before open-ok",
            ClientChannelOpening,
            [],
            deliver(1, 1),
            ("CHN-01", 504),
            Close(60, 60),
        ),
        case(
            "body before open-ok",
            ClientChannelOpening,
            [],
            body(1, b""),
            ("CHN-01", 504),
            Close(0, 0),
        ),
        case("open twice", ServerChannel, [], channel_open(1), ("CHN-02", 504), Close(20, 10)),
        case(
            "open-ok twice",
            ClientChannel,
            [],
            channel_open_ok(1),
            ("SYN-03", 503),
            Close(20, 11),
        ),
        case(
            "close-ok unasked",
            ServerChannel,
            [],
            channel_close_ok(1),
            ("CHN-07", 503),
            Close(20, 41),
        ),
        case(
            "close-ok unasked",
            ClientChannel,
            [],
            channel_close_ok(1),
            ("CHN-07", 503),
            Close(20, 41),
        ),
        case(
            "connection.close-ok unasked",
            ServerOpen,
            [],
            connection_close_ok(),
            ("CLS-04", 503),
            Close(10, 51),
        ),
        case(
            "connection.close-ok unasked",
            ClientOpen,
            [],
            connection_close_ok(),
            ("CLS-04", 503),
            Close(10, 51),
        ),
    ]);
}

#[test]
fn replies_answer_requests() {
    let rule = ("SYN-03", 503);
    let get_ok = method(1, 60, 71, &[&[0; 9][..], b"\0\x01q\0\0\0\0"].concat());
    let secret_ok = method(0, 10, 71, b"");
    check_all(vec![
        case("declare-ok unasked", ClientChannel, [], declare_ok(1, "q"), rule, Close(50, 11)),
        case("flow-ok unasked", ServerChannel, [], method(1, 20, 21, b"\x01"), rule, Close(20, 21)),
        case(
            "cancel-ok unasked",
            ServerChannel,
            [],
            method(1, 60, 31, b"\x01c"),
            rule,
            Close(60, 31),
        ),
        case("get-ok before its turn", ClientCalling, [], get_ok, rule, Close(60, 71)),
        case(
            "delete-ok for declare",
            ClientCalling,
            [],
            method(1, 50, 41, &[0; 4]),
            rule,
            Close(50, 41),
        ),
        case(
            "declare-ok twice",
            ClientCalling,
            declare_ok(1, "q"),
            declare_ok(1, "q"),
            rule,
            Close(50, 11),
        ),
        case("update-secret-ok unasked", ClientOpen, [], secret_ok, rule, Close(10, 71)),
    ]);
}
