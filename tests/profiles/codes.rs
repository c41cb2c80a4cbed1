//! Reply codes, which brokers use at different levels.

use amqp_proto::protocol::{ReplyCode, basic};
use amqp_proto::{Event, Initiator, Phase};

use crate::broker::{introductions, on_broker, one, told};
use crate::common::*;

/// Codes that one broker or another sends, whether the specification has them for this level or not.
const CODES: [u16; 16] =
    [311, 312, 313, 320, 403, 404, 405, 406, 409, 502, 503, 504, 505, 530, 540, 542];

#[test]
fn every_code_is_told_at_the_level_that_it_comes() {
    for (properties, _) in introductions() {
        let asked = || {
            let mut client = on_broker(&properties);
            let get = basic::Get { queue: "q".into(), ..Default::default() };
            let request = client.channel(one()).unwrap().call(&get).unwrap().unwrap();
            output(&mut client);
            (client, request)
        };
        for code in CODES {
            let (mut client, request) = asked();
            let events = told(&mut client, &channel_close(1, code, "why"));
            let [Event::RequestFailed { request: failed, .. }, Event::ChannelClosed { reason, .. }] =
                &events[..]
            else {
                panic!("{:?}", lines(&events))
            };
            assert_eq!((*failed, reason.initiator), (request, Initiator::Peer));
            assert_eq!((reason.reply_code, &reason.text[..]), (ReplyCode(code), "why"));
            assert_eq!(client.phase(), Phase::Open);
            assert_eq!(hex(&output(&mut client)), hex(&channel_close_ok(1)));

            let (mut client, request) = asked();
            let events = told(&mut client, &connection_close(code, "why"));
            let [Event::RequestFailed { request: failed, .. }, Event::Closed(reason)] = &events[..]
            else {
                panic!("{:?}", lines(&events))
            };
            assert_eq!((*failed, reason.initiator), (request, Initiator::Peer));
            assert_eq!((reason.reply_code, &reason.text[..]), (ReplyCode(code), "why"));
            assert!(reason.to_string().contains(&code.to_string()), "{reason}");
            assert_eq!(hex(&output(&mut client)), hex(&connection_close_ok()));
        }
    }
}
