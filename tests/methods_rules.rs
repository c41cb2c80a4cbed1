//! The rules that all methods share (`MTH-02` to `MTH-08`), and how methods are shown.

mod hex;

use amqp_proto::{
    frame::{FrameType, RawFrame},
    protocol::{
        AsMethod as _, Dialect, Frame, Method, MethodKind, ReplyCode, basic, channel, connection,
        exchange, queue,
    },
    wire::{DecodeErrorKind, EncodeError, TableBuf, TableLimits},
};
use hex::{octets, table};

fn decode(payload: &[u8]) -> Result<Method<'_>, amqp_proto::wire::DecodeError> {
    Method::decode(Dialect::V0_9_1, payload, &TableLimits::default())
}

#[test]
fn unknown_ids_are_540() {
    for text in ["0000 0000", "0032 0063", "0046 000a", "000a 0064", "0014 001e"] {
        let error = decode(&octets(text)).unwrap_err();
        assert!(matches!(error.kind(), DecodeErrorKind::UnknownMethod { .. }), "{error}");
        assert_eq!(error.reply_code(), 540);
    }
}

#[test]
fn a_payload_cut_anywhere_is_501() {
    for kind in MethodKind::ALL {
        let mut whole = Vec::new();
        if Method::empty(*kind).encode(Dialect::V0_9_1, &mut whole).is_err() {
            continue;
        }
        for cut in 0..whole.len() {
            let error = decode(&whole[..cut]).unwrap_err();
            assert_eq!(error.reply_code(), 501, "{kind} {error}");
            assert!(error.offset() <= cut, "{kind} {error}");
        }
    }
}

#[test]
fn octets_left_over_are_501() {
    for kind in MethodKind::ALL {
        let mut whole = Vec::new();
        if Method::empty(*kind).encode(Dialect::V0_9_1, &mut whole).is_err() {
            continue;
        }
        let len = whole.len();
        whole.push(0);
        let error = decode(&whole).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::TrailingOctets { count: 1 }, "{kind}");
        assert_eq!((error.reply_code(), error.offset()), (501, len), "{kind}");
    }
}

#[test]
fn every_method_of_every_dialect_comes_back() {
    for dialect in Dialect::ALL {
        for kind in MethodKind::ALL {
            let method = Method::empty(*kind);
            assert_eq!(method.kind(), *kind);
            let mut out = Vec::new();
            match method.encode(*dialect, &mut out) {
                Ok(()) => {
                    let read = Method::decode(*dialect, &out, &TableLimits::default());
                    assert_eq!(read, Ok(method), "{dialect} {kind}");
                }
                Err(error) => {
                    assert_eq!(error, EncodeError::NotInDialect { method: kind.name() });
                    assert_eq!(kind.id(*dialect), None);
                }
            }
        }
    }
}

/// `MTH-08`
#[test]
fn unused_bits_are_ignored() {
    let received = octets("003c 0050  0000000000000001 ff");
    assert_eq!(decode(&received), Ok(basic::Ack { delivery_tag: 1, multiple: true }.into()));
    let received = octets("003c 0050  0000000000000001 fe");
    assert_eq!(decode(&received), Ok(basic::Ack { delivery_tag: 1, multiple: false }.into()));
    let received = octets("000a 0028  012f 00 ff");
    let open = connection::Open { virtual_host: "/".into(), ..Default::default() };
    assert_eq!(decode(&received), Ok(open.into()));
}

/// `MTH-06`: brokers give these two their old meaning back.
#[test]
fn exchanges_keep_auto_delete_and_internal() {
    let received = octets("0028 000a  0000 00 00 0c 00000000");
    let declare = exchange::Declare { auto_delete: true, internal: true, ..Default::default() };
    assert_eq!(decode(&received), Ok(declare.into()));
}

#[test]
fn errors_name_field_and_offset() {
    let error = decode(&octets("0032 000a  0000 0571")).unwrap_err();
    assert_eq!((error.field(), error.offset()), ("queue", 6));
    let error = decode(&octets("0032 0014  0000 0171 0178 0372 6b")).unwrap_err();
    assert_eq!((error.field(), error.offset()), ("routing-key", 10));
    let error = decode(&octets("0032 000a  0000 0171 00 00000007 016b5300000009")).unwrap_err();
    assert_eq!((error.field(), error.offset()), ("arguments", 15));
}

#[test]
fn a_string_too_long_leaves_the_buffer_as_it_was() {
    let name = "n".repeat(256);
    let declare = queue::Declare { queue: name.as_str().into(), ..Default::default() };
    let mut out = vec![7];
    let refused = declare.encode(Dialect::V0_9_1, &mut out);
    assert_eq!(refused, Err(EncodeError::TooLong { field: "queue", len: 256, limit: 255 }));
    let publish = basic::Publish {
        exchange: "x".into(),
        routing_key: name.as_str().into(),
        ..Default::default()
    };
    let refused = publish.as_method().encode(Dialect::V0_9_1, &mut out);
    assert_eq!(refused, Err(EncodeError::TooLong { field: "routing-key", len: 256, limit: 255 }));
    assert_eq!(out, [7]);
}

#[test]
fn a_method_is_one_line_without_what_says_nothing() {
    let arguments = TableBuf::new().with("x-max-length", 5).unwrap();
    let declare = queue::Declare {
        queue: "q".into(),
        durable: true,
        auto_delete: true,
        arguments: arguments.as_table(),
        ..Default::default()
    };
    assert_eq!(
        declare.to_string(),
        r#"queue.declare queue="q" durable auto-delete arguments={x-max-length: 5}"#
    );
    assert_eq!(declare.as_method().to_string(), declare.to_string());
    assert_eq!(queue::Declare::default().to_string(), "queue.declare");
    assert_eq!(queue::BindOk.to_string(), "queue.bind-ok");
    let close = channel::Close {
        reply_code: ReplyCode::NOT_FOUND,
        reply_text: "no queue\n'q'".into(),
        class_id: 50,
        method_id: 10,
    };
    assert_eq!(
        close.to_string(),
        r#"channel.close reply-code=404 reply-text="no queue\n'q'" class-id=50 method-id=10"#
    );
}

#[test]
fn secrets_are_masked() {
    let start_ok = connection::StartOk {
        client_properties: table(),
        mechanism: "PLAIN".into(),
        response: "\0user\0hunter2".into(),
        locale: "en_US".into(),
    };
    let secure = connection::Secure { challenge: "hunter2".into() };
    let secure_ok = connection::SecureOk { response: "hunter2".into() };
    let update =
        connection::UpdateSecret { new_secret: "hunter2".into(), reason: "expired".into() };
    assert_eq!(
        start_ok.to_string(),
        r#"connection.start-ok client-properties={k: true} mechanism="PLAIN" response=*** locale="en_US""#
    );
    assert_eq!(update.to_string(), r#"connection.update-secret new-secret=*** reason="expired""#);
    let methods = [start_ok.into(), secure.into(), secure_ok.into(), update.into()];
    for method in methods {
        let method: Method<'_> = method;
        let shown = format!("{method} {method:?} {method:#?}");
        assert!(shown.contains("***") && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn frames_are_read_and_shown() {
    let limits = TableLimits::default();
    let parse = |frame_type, channel, payload| {
        Frame::parse(Dialect::V0_9_1, RawFrame { frame_type, channel, payload }, &limits)
    };
    let ack = octets("003c 0050  0000000000000001 00");
    let frame = parse(FrameType::METHOD, 3, &ack).unwrap();
    assert_eq!(frame.to_string(), "ch 3 basic.ack delivery-tag=1");
    assert_eq!(frame.channel(), 3);
    let header = octets("003c 0000  0000000000000005  8000 0a746578742f706c61696e");
    let frame = parse(FrameType::HEADER, 1, &header).unwrap();
    assert_eq!(frame.to_string(), r#"ch 1 header basic body-size=5 content-type="text/plain""#);
    let frame = parse(FrameType::BODY, 1, b"hello").unwrap();
    assert_eq!(frame.to_string(), "ch 1 body 5 octets");
    assert!(!format!("{frame:?}").contains("hello"));
    assert_eq!(parse(FrameType::HEARTBEAT, 0, b"").unwrap().to_string(), "heartbeat");
    let error = parse(FrameType::HEARTBEAT, 0, b"x").unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::TrailingOctets { count: 1 });
    let error = parse(FrameType(4), 0, b"").unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::UnknownFrameType { frame_type: 4 });
}
