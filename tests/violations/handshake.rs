//! The order of the handshake, logins and tuning.

use crate::common::*;
use crate::*;

#[test]
fn handshakes_out_of_order_are_dropped() {
    let login = start_ok("PLAIN", b"\0guest\0guest");
    let (hs, number) = (("HS-01", 503), tune_ok(2047, 131_072, 60));
    check_all(vec![
        case("tune-ok before start-ok", ServerStart, [], number.clone(), hs, Nothing),
        case("open before start-ok", ServerStart, [], open("/"), hs, Nothing),
        case("channel.open before start-ok", ServerStart, [], channel_open(1), hs, Nothing),
        case("secure-ok unasked", ServerStart, [], method(0, 10, 21, &long(b"")), hs, Nothing),
        case("a content header", ServerStart, [], header(1, 0, BARE), hs, Nothing),
        case("a second start-ok", ServerTune, [], login, hs, Nothing),
        case("open before tune-ok", ServerTune, [], open("/"), hs, Nothing),
        case("close before open", ServerTune, [], connection_close(200, ""), hs, Nothing),
        case("a second tune-ok", ServerOpening, [], number, hs, Close(10, 31)),
        case("channel.open before open", ServerOpening, [], channel_open(1), hs, Close(20, 10)),
        case("tune before start", ClientStart, [], tune(0, 0, 0), hs, Nothing),
        case("close before start", ClientStart, [], connection_close(320, ""), hs, Nothing),
        case("a second start", ClientSecure, [], start("PLAIN"), hs, Nothing),
        case("open-ok before tune", ClientSecure, [], open_ok(), hs, Nothing),
        case("a second tune", ClientOpening, [], tune(0, 0, 0), hs, Close(10, 30)),
        case("a delivery before open-ok", ClientOpening, [], deliver(1, 1), hs, Close(60, 60)),
    ]);
}

#[test]
fn handshakes_are_not_done_twice() {
    let rule = ("HS-10", 503);
    let login = start_ok("PLAIN", b"\0guest\0guest");
    check_all(vec![
        case("start-ok", ServerOpen, [], login, rule, Close(10, 11)),
        case("secure-ok", ServerOpen, [], method(0, 10, 21, &long(b"")), rule, Close(10, 21)),
        case("tune-ok", ServerOpen, [], tune_ok(0, 0, 0), rule, Close(10, 31)),
        case("open", ServerOpen, [], open("/"), rule, Close(10, 40)),
        case("start", ClientOpen, [], start("PLAIN"), rule, Close(10, 10)),
        case("secure", ClientOpen, [], method(0, 10, 20, &long(b"")), rule, Close(10, 20)),
        case("tune", ClientOpen, [], tune(0, 0, 0), rule, Close(10, 30)),
        case("open-ok", ClientOpen, [], open_ok(), rule, Close(10, 41)),
    ]);
}

#[test]
fn logins_and_tuning_have_bounds() {
    let mechanism = |name, mechanism| {
        case(name, ServerStart, [], start_ok(mechanism, b""), ("HS-03", 530), Nothing)
    };
    let tuned = |name, channel_max, frame_max, rule| {
        let bad = tune_ok(channel_max, frame_max, 60);
        case(name, ServerTune, [], bad, (rule, 530), Nothing)
    };
    let offered = |name, frame_max| {
        case(name, ClientSecure, [], tune(0, frame_max, 0), ("TUN-05", 530), Nothing)
    };
    let newer = method(0, 10, 10, &[b"\x01\0\0\0\0\0", &long(b"PLAIN")[..], &long(b"")].concat());
    let challenge = method(0, 10, 20, &long(b"who?"));
    check_all(vec![
        mechanism("a mechanism that isn't offered", "EXTERNAL"),
        mechanism("no mechanism", ""),
        mechanism("a part of a mechanism's name", "PLAI"),
        mechanism("two mechanisms", "PLAIN AMQPLAIN"),
        tuned("frame-max above the offer", 2047, 131_073, "TUN-02"),
        tuned("no limit for frames against an offer", 2047, 0, "TUN-02"),
        tuned("frame-max of 1", 2047, 1, "TUN-05"),
        tuned("frame-max of 4095", 2047, 4095, "TUN-05"),
        tuned("channel-max above the offer", 2048, 131_072, "TUN-03"),
        tuned("no limit for channels against an offer", 0, 131_072, "TUN-03"),
        offered("an offer of 1", 1),
        offered("an offer of 4095", 4095),
        case("a version that wasn't asked for", ClientStart, [], newer, ("HDR-07", 540), Nothing),
        case("a challenge to PLAIN", ClientSecure, [], challenge, ("HS-07", 503), Nothing),
    ]);
}
