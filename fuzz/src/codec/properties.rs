//! Properties and content headers: written again as they were, whichever way.

use amqp_proto::protocol::{ContentHeader, ContentHeaderBuf, Properties, PropertiesBuf, Property};
use amqp_proto::wire::{ShortStr, Value};

use super::table::check_table;
use super::{WIDEST, check_error, limited, show};

/// Limits, then the octets of properties, which are tried as those of a content header too.
pub(crate) fn run(input: &[u8]) {
    let Some((limits, octets)) = limited(input) else { return };
    match Properties::parse(octets, &limits) {
        Ok(properties) => {
            assert_eq!(Properties::parse(octets, &WIDEST), Ok(properties), "by wider limits");
            let mut written = Vec::new();
            properties.encode(&mut written);
            assert_eq!(written, octets);
            check_properties(properties);
        }
        Err(error) => check_error(&error, octets.len()),
    }
    match ContentHeader::parse(octets, &limits) {
        Ok(header) => check_header(&header, octets),
        Err(error) => check_error(&error, octets.len()),
    }
}

/// All that holds for any header that was read from `octets`.
pub(super) fn check_header(header: &ContentHeader<'_>, octets: &[u8]) {
    let mut written = Vec::new();
    header.encode(&mut written);
    assert_eq!(written, octets);
    let owned = ContentHeaderBuf::from(*header);
    assert_eq!((owned.as_header(), owned.body_size()), (*header, header.body_size));
    assert_eq!(owned.properties(), header.properties);
    written.clear();
    owned.encode(&mut written);
    assert_eq!(written, octets);
    let text = show(header);
    assert_eq!(show(&owned), text);
    check_properties(header.properties);
}

fn check_properties(properties: Properties<'_>) {
    let owned = PropertiesBuf::from(properties);
    assert_eq!(owned.as_properties(), properties);
    assert_eq!(properties.is_empty(), properties.flags() == 0);
    let text = show(&properties);
    assert_eq!(show(&owned), text);

    let all: Vec<_> = properties.iter().collect();
    let set: Vec<_> = Property::ALL.iter().filter(|one| properties.contains(**one)).collect();
    assert!(all.iter().map(|(property, _)| property).eq(set), "not those that the flags name");
    for (property, value) in &all {
        assert_eq!(read(&properties, *property), Some(*value), "{property}");
        if let Value::Table(table) = value {
            check_table(*table);
        }
    }

    // Put in one after the other, in either direction, they find their places.
    let (mut forth, mut back) = (PropertiesBuf::new(), PropertiesBuf::new());
    for (property, value) in &all {
        set_property(&mut forth, *property, *value);
    }
    for (property, value) in all.iter().rev() {
        set_property(&mut back, *property, *value);
    }
    assert_eq!((&forth, &back), (&owned, &owned));
    // Put in anew they replace themselves; taken out, the others stay.
    for (property, value) in &all {
        set_property(&mut back, *property, *value);
        assert_eq!(back, owned);
        forth.remove(*property);
        assert!(!forth.as_properties().contains(*property));
        let left: Vec<_> = forth.as_properties().iter().collect();
        assert!(left.iter().eq(all.iter().filter(|(other, _)| other > property)));
    }
    assert_eq!(forth, PropertiesBuf::new());
}

/// What the accessor of a property says, as its iterator would.
fn read<'a>(properties: &Properties<'a>, property: Property) -> Option<Value<'a>> {
    let text =
        |value: Option<ShortStr<'a>>| value.map(|value| Value::LongStr(value.as_octets().into()));
    match property {
        Property::ContentType => text(properties.content_type()),
        Property::ContentEncoding => text(properties.content_encoding()),
        Property::Headers => properties.headers().map(Value::Table),
        Property::DeliveryMode => properties.delivery_mode().map(Value::U8),
        Property::Priority => properties.priority().map(Value::U8),
        Property::CorrelationId => text(properties.correlation_id()),
        Property::ReplyTo => text(properties.reply_to()),
        Property::Expiration => text(properties.expiration()),
        Property::MessageId => text(properties.message_id()),
        Property::Timestamp => properties.timestamp().map(Value::Timestamp),
        Property::Type => text(properties.r#type()),
        Property::UserId => text(properties.user_id()),
        Property::AppId => text(properties.app_id()),
        Property::ClusterId => text(properties.cluster_id()),
        other => panic!("{other} has no accessor here"),
    }
}

/// Sets what was read: it fits, as it has come from there.
fn set_property(to: &mut PropertiesBuf, property: Property, value: Value<'_>) {
    let text = || ShortStr::from(value.as_octets().unwrap());
    match property {
        Property::ContentType => to.set_content_type(text()).unwrap(),
        Property::ContentEncoding => to.set_content_encoding(text()).unwrap(),
        Property::Headers => to.set_headers(value.as_table().unwrap()).unwrap(),
        Property::DeliveryMode => to.set_delivery_mode(number(value)),
        Property::Priority => to.set_priority(number(value)),
        Property::CorrelationId => to.set_correlation_id(text()).unwrap(),
        Property::ReplyTo => to.set_reply_to(text()).unwrap(),
        Property::Expiration => to.set_expiration(text()).unwrap(),
        Property::MessageId => to.set_message_id(text()).unwrap(),
        Property::Timestamp => to.set_timestamp(value.as_timestamp().unwrap()),
        Property::Type => to.set_type(text()).unwrap(),
        Property::UserId => to.set_user_id(text()).unwrap(),
        Property::AppId => to.set_app_id(text()).unwrap(),
        Property::ClusterId => to.set_cluster_id(text()).unwrap(),
        other => panic!("{other} can't be set here"),
    };
}

fn number(value: Value<'_>) -> u8 {
    u8::try_from(value.as_u64().unwrap()).unwrap()
}
