//! What a peer writes until a connection and its channels are open.

use super::frames::{method, short, sized};

fn tuning(out: &mut Vec<u8>, channel_max: u16) {
    out.extend(channel_max.to_be_bytes());
    out.extend(131_072_u32.to_be_bytes());
    out.extend(60_u16.to_be_bytes());
}

/// All that a server writes until the connection is open. `channel_max` 0: no limit.
pub fn by_server(channel_max: u16) -> Vec<u8> {
    let mut out = Vec::new();
    method(&mut out, 0, (10, 10), |out| {
        out.extend([0, 9]);
        sized(out, |out| {
            // server-properties with the capabilities that publishing with confirms needs
            super::frames::pair(out, "capabilities", b'F', |out| {
                sized(out, |out| {
                    for name in ["publisher_confirms", "basic.nack", "consumer_cancel_notify"] {
                        super::frames::pair(out, name, b't', |out| out.push(1));
                    }
                });
            });
        });
        sized(out, |out| out.extend(b"PLAIN"));
        sized(out, |out| out.extend(b"en_US"));
    });
    method(&mut out, 0, (10, 30), |out| tuning(out, channel_max));
    method(&mut out, 0, (10, 41), |out| out.push(0));
    out
}

/// All that a client writes until the connection is open.
pub fn by_client(channel_max: u16) -> Vec<u8> {
    let mut out = b"AMQP\0\0\x09\x01".to_vec();
    method(&mut out, 0, (10, 11), |out| {
        out.extend([0; 4]);
        short(out, "PLAIN");
        sized(out, |out| out.extend(b"\0guest\0guest"));
        short(out, "en_US");
    });
    method(&mut out, 0, (10, 31), |out| tuning(out, channel_max));
    method(&mut out, 0, (10, 40), |out| {
        short(out, "/");
        out.extend([0, 0]);
    });
    out
}

/// channel.open.
pub fn channel_open(channel: u16) -> Vec<u8> {
    let mut out = Vec::new();
    method(&mut out, channel, (20, 10), |out| out.push(0));
    out
}

/// channel.open-ok.
pub fn channel_open_ok(channel: u16) -> Vec<u8> {
    let mut out = Vec::new();
    method(&mut out, channel, (20, 11), |out| out.extend([0; 4]));
    out
}

/// basic.consume of queue `q` without a reply.
pub fn consume(channel: u16, consumer_tag: &str, no_ack: bool) -> Vec<u8> {
    let mut out = Vec::new();
    method(&mut out, channel, (60, 20), |out| {
        out.extend([0, 0]);
        short(out, "q");
        short(out, consumer_tag);
        out.push(0x08 | u8::from(no_ack) << 1);
        out.extend([0; 4]);
    });
    out
}

/// confirm.select without a reply.
pub fn confirm_select(channel: u16) -> Vec<u8> {
    let mut out = Vec::new();
    method(&mut out, channel, (85, 10), |out| out.push(1));
    out
}
