//! What both sides agree on, and what follows from it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::{ChannelId, Connection, Heartbeat};
use common::*;

/// A client that wants these values, after a server's tune; what its tune-ok carries.
fn agreed(own: (u16, u32, Heartbeat), offered: (u16, u32, u16)) -> (u16, u32, u16) {
    let mut config = plain();
    (config.channel_max, config.frame_max, config.heartbeat) = own;
    let mut client = Connection::client(config, T0);
    feed(&mut client, &start("PLAIN"));
    feed(&mut client, &tune(offered.0, offered.1, offered.2));
    poll(&mut client);
    let sent = output(&mut client);
    let frames = frames(&sent[8..]);
    let tune_ok = &frames[1].2[4..];
    (
        u16::from_be_bytes(tune_ok[..2].try_into().unwrap()),
        u32::from_be_bytes(tune_ok[2..6].try_into().unwrap()),
        u16::from_be_bytes(tune_ok[6..].try_into().unwrap()),
    )
}

#[test]
fn the_lower_limit_counts_and_zero_is_the_highest() {
    let prefer = Heartbeat::Prefer(60);
    let cases = [
        ((2047, 131_072, prefer), (2047, 131_072, 60), (2047, 131_072, 60)),
        ((2047, 131_072, prefer), (100, 4096, 10), (100, 4096, 10)),
        ((100, 8192, Heartbeat::Prefer(5)), (2047, 131_072, 60), (100, 8192, 5)),
        // TUN-04, TUN-06
        ((0, 0, prefer), (2047, 131_072, 0), (2047, 131_072, 60)),
        ((2047, 131_072, prefer), (0, 0, 60), (2047, 131_072, 60)),
        ((0, 0, Heartbeat::Off), (0, 0, 60), (0, 16 << 20, 0)),
        // TUN-05: nothing below 4096 is ever asked for.
        ((1, 1, prefer), (0, 0, 0), (1, 4096, 60)),
    ];
    for (own, offered, expected) in cases {
        assert_eq!(agreed(own, offered), expected, "{own:?} {offered:?}");
    }
}

#[test]
fn nobody_agrees_to_larger_frames_than_it_takes() {
    // Without a limit of its own the client still has `Limits::unlimited_frame`, 16 MiB.
    let no_limit = (0, 0, Heartbeat::Off);
    assert_eq!(agreed(no_limit, (0, 1 << 30, 0)).1, 16 << 20);
    let most = (0, u32::MAX, Heartbeat::Off);
    assert_eq!(agreed(most, (0, 0, 0)).1, 1 << 30);
}

#[test]
fn a_reader_that_does_not_poll_stops_at_a_frame_that_is_refused() {
    let mut client = client(plain());
    assert!(client.wants_input());
    feed(&mut client, b"\x01\0\0\xff\xff\xff\xff");
    assert!(!client.wants_input());
}

#[test]
fn channels_get_the_lowest_free_number() {
    let mut client = client(plain());
    let open = |client: &mut Connection| client.open_channel().unwrap().number();
    assert_eq!([(); 3].map(|()| open(&mut client)), [1, 2, 3]);
    for number in [3, 1] {
        feed(&mut client, &channel_open_ok(number));
        feed(&mut client, &channel_close(number, 404, ""));
    }
    poll(&mut client);
    assert_eq!([(); 3].map(|()| open(&mut client)), [1, 3, 4]);
    client.open_channel_number(ChannelId::new(5).unwrap()).unwrap();
    assert_eq!(open(&mut client), 6);
}
