//! Properties and content headers (`CNT-13` to `CNT-15`).

mod hex;

use amqp_proto::{
    protocol::{ContentHeader, ContentHeaderBuf, Properties, PropertiesBuf, Property},
    wire::{DecodeErrorKind, EncodeError, TableLimits, Value},
};
use hex::{octets, table};

/// All fourteen, in the order of the flags.
const ALL: &str = "fffc 02633a 02653a 00000004016b7401 02 09 02693a 02723a 023530 02 6d3a \
                   0102030405060708 02743a 02753a 02613a 02783a";

fn parse(octets: &[u8]) -> Result<Properties<'_>, amqp_proto::wire::DecodeError> {
    Properties::parse(octets, &TableLimits::default())
}

#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
fn all() -> PropertiesBuf {
    let mut properties = PropertiesBuf::new()
        // Out of order on purpose: the wire has its own.
        .with_cluster_id("x:")
        .unwrap()
        .with_timestamp(0x0102_0304_0506_0708)
        .with_priority(9)
        .with_delivery_mode(2);
    properties
        .set_content_type("c:")
        .and_then(|p| p.set_app_id("a:"))
        .and_then(|p| p.set_content_encoding("e:"))
        .and_then(|p| p.set_user_id("u:"))
        .and_then(|p| p.set_headers(table()))
        .and_then(|p| p.set_type("t:"))
        .and_then(|p| p.set_correlation_id("i:"))
        .and_then(|p| p.set_message_id("m:"))
        .and_then(|p| p.set_reply_to("r:"))
        .and_then(|p| p.set_expiration("50"))
        .unwrap();
    properties
}

#[test]
fn all_properties_lie_in_their_order() {
    let mut written = Vec::new();
    all().as_properties().encode(&mut written);
    assert_eq!(written, octets(ALL));
    let read = parse(&written).unwrap();
    assert_eq!(read, all().as_properties());
    assert_eq!(read.content_type().unwrap(), "c:");
    assert_eq!(read.content_encoding().unwrap(), "e:");
    assert_eq!(read.headers().unwrap(), table());
    assert_eq!(read.delivery_mode(), Some(2));
    assert_eq!(read.priority(), Some(9));
    assert_eq!(read.correlation_id().unwrap(), "i:");
    assert_eq!(read.reply_to().unwrap(), "r:");
    assert_eq!(read.expiration().unwrap(), "50");
    assert_eq!(read.message_id().unwrap(), "m:");
    assert_eq!(read.timestamp(), Some(0x0102_0304_0506_0708));
    assert_eq!(read.r#type().unwrap(), "t:");
    assert_eq!(read.user_id().unwrap(), "u:");
    assert_eq!(read.app_id().unwrap(), "a:");
    assert_eq!(read.cluster_id().unwrap(), "x:");
    assert_eq!(read.iter().count(), 14);
    assert_eq!(PropertiesBuf::from(read), all());
}

/// A vector per property: its flag and its value.
#[test]
fn each_property_has_its_flag() {
    let built = |properties: PropertiesBuf| {
        let mut out = Vec::new();
        properties.as_properties().encode(&mut out);
        out
    };
    let new = PropertiesBuf::new;
    assert_eq!(built(new()), octets("0000"));
    assert_eq!(built(new().with_content_type("c").unwrap()), octets("8000 0163"));
    assert_eq!(built(new().with_content_encoding("c").unwrap()), octets("4000 0163"));
    assert_eq!(built(new().with_headers(table()).unwrap()), octets("2000 00000004016b7401"));
    assert_eq!(built(new().with_delivery_mode(2)), octets("1000 02"));
    assert_eq!(built(new().with_priority(9)), octets("0800 09"));
    assert_eq!(built(new().with_correlation_id("c").unwrap()), octets("0400 0163"));
    assert_eq!(built(new().with_reply_to("c").unwrap()), octets("0200 0163"));
    assert_eq!(built(new().with_expiration("c").unwrap()), octets("0100 0163"));
    assert_eq!(built(new().with_message_id("c").unwrap()), octets("0080 0163"));
    assert_eq!(built(new().with_timestamp(1)), octets("0040 0000000000000001"));
    assert_eq!(built(new().with_type("c").unwrap()), octets("0020 0163"));
    assert_eq!(built(new().with_user_id("c").unwrap()), octets("0010 0163"));
    assert_eq!(built(new().with_app_id("c").unwrap()), octets("0008 0163"));
    assert_eq!(built(new().with_cluster_id("c").unwrap()), octets("0004 0163"));
}

#[test]
fn what_is_not_set_is_none() {
    let properties = Properties::EMPTY;
    assert!(properties.is_empty() && properties.content_type().is_none());
    assert_eq!(properties.timestamp(), None);
    let read = octets("1004 02 0178");
    let read = parse(&read).unwrap();
    assert!(read.contains(Property::DeliveryMode) && !read.contains(Property::Priority));
    assert_eq!(read.priority(), None);
    assert_eq!(read.cluster_id().unwrap(), "x");
}

/// `CNT-14`
#[test]
fn flags_without_a_property_are_refused() {
    for text in ["0001", "0002", "0003", "8001 0163", "0001 0000", "8002 0163"] {
        let octets = octets(text);
        let error = parse(&octets).unwrap_err();
        let flags = u16::from_be_bytes([octets[0], octets[1]]);
        assert_eq!(error.kind(), DecodeErrorKind::BadFlags { flags });
        assert_eq!((error.reply_code(), error.offset()), (501, 0));
    }
}

/// `CNT-15`
#[test]
fn properties_cut_anywhere_are_refused() {
    let whole = octets(ALL);
    for cut in 0..whole.len() {
        assert_eq!(parse(&whole[..cut]).unwrap_err().reply_code(), 501, "{cut}");
    }
}

/// `CNT-15`
#[test]
fn octets_left_over_are_refused() {
    for text in ["0000 00", "1000 02 00", "8000 0163 0163"] {
        let error = parse(&octets(text)).unwrap_err();
        assert!(matches!(error.kind(), DecodeErrorKind::TrailingOctets { .. }), "{error}");
        assert_eq!(error.reply_code(), 501);
    }
}

#[test]
fn malformed_headers_are_refused_at_once() {
    let error = parse(&octets("2000 00000007 016b5300000009")).unwrap_err();
    assert_eq!(error.field(), "headers");
    let error = parse(&octets("2000 00000009 016b56")).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::LengthOverrun { declared: 9, available: 3 });
}

#[test]
fn a_property_is_replaced_and_removed_in_its_place() {
    let mut properties = all();
    properties.set_reply_to("somewhere else").unwrap();
    assert_eq!(properties.as_properties().reply_to().unwrap(), "somewhere else");
    assert_eq!(properties.as_properties().expiration().unwrap(), "50");
    assert_eq!(properties.as_properties().correlation_id().unwrap(), "i:");
    for property in Property::ALL {
        properties.remove(*property);
        assert!(!properties.as_properties().contains(*property), "{property}");
        let mut written = Vec::new();
        properties.as_properties().encode(&mut written);
        assert_eq!(parse(&written), Ok(properties.as_properties()), "{property}");
        properties.remove(*property);
    }
    assert!(properties.is_empty());
    assert_eq!(properties, PropertiesBuf::new());
}

#[test]
fn a_text_too_long_changes_nothing() {
    let text = "t".repeat(256);
    let mut properties = all();
    let refused = properties.set_content_type(text.as_str()).err();
    let limit = EncodeError::TooLong { field: "content-type", len: 256, limit: 255 };
    assert_eq!(refused, Some(limit));
    assert_eq!(properties, all());
    assert!(PropertiesBuf::new().with_content_type(&text[..255]).is_ok());
}

#[test]
fn properties_are_one_line() {
    let properties = PropertiesBuf::new()
        .with_content_type("text/plain")
        .unwrap()
        .with_headers(table())
        .unwrap()
        .with_delivery_mode(2);
    assert_eq!(
        properties.to_string(),
        r#"content-type="text/plain" headers={k: true} delivery-mode=2"#
    );
    assert_eq!(format!("{:?}", PropertiesBuf::new()), "PropertiesBuf()");
    let values: Vec<_> = properties.as_properties().iter().collect();
    assert_eq!(values[2], (Property::DeliveryMode, Value::U8(2)));
}

#[test]
fn a_content_header_keeps_its_octets() {
    let limits = TableLimits::default();
    let payload = octets("003c 0001  ffffffffffffffff  1000 02");
    let header = ContentHeader::parse(&payload, &limits).unwrap();
    assert_eq!((header.body_size, header.weight), (u64::MAX, 1));
    let owned = ContentHeaderBuf::from(header);
    let mut written = Vec::new();
    owned.encode(&mut written);
    assert_eq!(written, payload);
    assert_eq!(owned.as_header(), header);
    let own = ContentHeader::new(5, Properties::EMPTY);
    written.clear();
    own.encode(&mut written);
    assert_eq!(written, octets("003c 0000  0000000000000005  0000"));
    assert_eq!(own.to_string(), "header basic body-size=5");
}

#[test]
fn a_content_header_cut_or_of_another_class_is_refused() {
    let limits = TableLimits::default();
    let payload = octets("003c 0000  0000000000000005  1000 02");
    for cut in 0..payload.len() {
        let error = ContentHeader::parse(&payload[..cut], &limits).unwrap_err();
        assert_eq!(error.reply_code(), 501, "{cut}");
        assert!(error.offset() <= cut, "{error}");
    }
    let payload = octets("003c 0000  0000000000000005  0001");
    assert_eq!(ContentHeader::parse(&payload, &limits).unwrap_err().offset(), 12);
    let payload = octets("0046 0000  0000000000000005  0000");
    let error = ContentHeader::parse(&payload, &limits).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::UnknownClass { class_id: 70 });
}
