//! Properties, headers and arguments on their way through the broker.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::{Broker, Client, declare, key, name};
use amqp_proto::protocol::{
    MethodKind, Properties, PropertiesBuf, Property, ReplyCode, basic, exchange, queue,
};
use amqp_proto::wire::{ArrayBuf, Decimal, TableBuf, Value};
use amqp_proto::{ChannelId, Content, Initiator};

/// A value of every type that is sent, at the ends of its range, but no table or array.
fn flat_values() -> Vec<(&'static str, Value<'static>)> {
    vec![
        ("true", Value::Bool(true)),
        ("false", Value::Bool(false)),
        ("i8", Value::I8(i8::MIN)),
        ("u8", Value::U8(u8::MAX)),
        ("i16", Value::I16(i16::MIN)),
        ("u16", Value::U16(u16::MAX)),
        ("i32", Value::I32(i32::MIN)),
        ("u32", Value::U32(u32::MAX)),
        ("i64", Value::I64(i64::MIN)),
        ("f32", Value::F32(-0.0)),
        ("f64", Value::F64(f64::MIN_POSITIVE)),
        ("decimal", Value::Decimal(Decimal { scale: 255, value: -1 })),
        ("text", Value::LongStr("grüße".into())),
        ("odd text", Value::LongStr(b"\0\xFF".into())),
        ("timestamp", Value::Timestamp(u64::MAX)),
        ("void", Value::Void),
        ("octets", Value::Bytes(b"\0\xFF\x80")),
        ("empty", Value::LongStr("".into())),
    ]
}

/// A value of every type that is sent, in tables and arrays three levels deep.
fn every_type() -> TableBuf {
    let mut table = TableBuf::new();
    for level in 0..3 {
        let inner = table.clone();
        let mut array = ArrayBuf::new();
        for (name, value) in flat_values() {
            table.insert(&format!("{level} {name}"), value).unwrap();
            array.push(value).unwrap();
        }
        array.push(&inner).unwrap();
        table.insert(&format!("{level} array"), &array).unwrap();
        table.insert(&format!("{level} table"), &inner).unwrap();
    }
    table
}

/// Publishes with these properties and gets the message back.
#[track_caller]
fn through(client: &mut Client, channel: ChannelId, properties: &PropertiesBuf) -> Content {
    let queue = client.queue(channel);
    client.on(channel).publish(&key(&queue), properties, "body").unwrap();
    client.get(channel, &queue).unwrap()
}

#[test]
fn headers_of_every_type_come_back_octet_for_octet() {
    let mut client = Client::connect();
    let channel = client.open();
    let headers = every_type();
    let properties = PropertiesBuf::new().with_headers(&headers).unwrap();
    let message = through(&mut client, channel, &properties);
    let received = message.properties().headers().unwrap();
    assert_eq!(received.as_octets(), headers.as_octets());
    for ((name, value), (sent, expected)) in received.iter().zip(headers.iter()) {
        assert_eq!((name, value.tag(), value), (sent, expected.tag(), expected));
    }
    assert_eq!(received.len(), 3 * (flat_values().len() + 2));
    client.close();
}

#[test]
fn headers_that_the_broker_writes_anew_keep_their_meaning() {
    let mut client = Client::connect();
    let channel = client.open();
    let (queue, dead) = (name("rejecting"), client.queue(channel));
    let arguments = TableBuf::new()
        .with("x-dead-letter-exchange", "")
        .and_then(|table| table.with("x-dead-letter-routing-key", dead.as_str()))
        .unwrap();
    let rejecting = queue::Declare { arguments: arguments.as_table(), ..declare(&queue) };
    client.ok(channel, &rejecting, MethodKind::QueueDeclareOk);
    let headers = every_type();
    let properties = PropertiesBuf::new().with_headers(&headers).unwrap();
    client.on(channel).publish(&key(&queue), &properties, "body").unwrap();
    let get = basic::Get { queue: queue.as_str().into(), ..Default::default() };
    let delivery_tag = client.get_with(channel, &get).unwrap().get_ok().unwrap().delivery_tag;
    let reject = basic::Reject { delivery_tag, requeue: false };
    client.on(channel).send(&reject).unwrap();
    client.await_count(channel, &dead, 1, 0);
    let message = client.get(channel, &dead).unwrap();
    let received = message.properties().headers().unwrap();
    // The table was decoded, got more pairs and was encoded again.
    for (name, value) in &headers {
        let Some(came) = received.get(name) else { panic!("{name} is missing in {received}") };
        assert_eq!((came.tag(), came), (value.tag(), value), "{name}");
    }
    let deaths = received.get("x-death").and_then(|value| value.as_array()).unwrap();
    let death = deaths.get(0).and_then(|value| value.as_table()).unwrap();
    assert_eq!(death.get("reason"), Some(Value::from("rejected")));
    assert_eq!(death.get("queue"), Some(Value::from(queue.as_str())));
    assert_eq!(death.get("count"), Some(Value::I64(1)));
    assert!(matches!(death.get("time"), Some(Value::Timestamp(_))));
    assert_eq!(received.len(), headers.len() + 4, "{received}");
    client.close();
}

#[test]
fn arguments_of_every_type_are_understood() {
    let mut client = Client::connect();
    let channel = client.open();
    let arguments = every_type();
    let (exchange, queue) = (name("headers"), client.queue(channel));
    let declare = exchange::Declare {
        exchange: exchange.as_str().into(),
        r#type: "headers".into(),
        auto_delete: true,
        arguments: arguments.as_table(),
        ..Default::default()
    };
    client.ok(channel, &declare, MethodKind::ExchangeDeclareOk);
    client.ok(channel, &declare, MethodKind::ExchangeDeclareOk);
    let bind = queue::Bind {
        queue: queue.as_str().into(),
        exchange: exchange.as_str().into(),
        arguments: arguments.as_table(),
        ..Default::default()
    };
    client.ok(channel, &bind, MethodKind::QueueBindOk);
    // The broker decodes both tables and compares all their values.
    let publish = basic::Publish { exchange: exchange.as_str().into(), ..Default::default() };
    let same = PropertiesBuf::new().with_headers(&arguments).unwrap();
    client.on(channel).publish(&publish, &same, "routed").unwrap();
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "routed");
    let other = PropertiesBuf::new().with_headers(&TableBuf::new()).unwrap();
    client.on(channel).publish(&publish, &other, "dropped").unwrap();
    assert_eq!(client.get(channel, &queue), None);
    let unbind = queue::Unbind {
        queue: queue.as_str().into(),
        exchange: exchange.as_str().into(),
        arguments: arguments.as_table(),
        ..Default::default()
    };
    client.ok(channel, &unbind, MethodKind::QueueUnbindOk);
    client.close();
}

#[test]
fn every_property_comes_back() {
    let mut client = Client::connect();
    let channel = client.open();
    let user = Broker::from_env().user;
    let headers = TableBuf::new().with("a", 1).unwrap();
    let all = PropertiesBuf::new()
        .with_content_type("text/plain")
        .and_then(|all| all.with_content_encoding("identity"))
        .and_then(|all| all.with_headers(&headers))
        .and_then(|all| all.with_delivery_mode(2).with_priority(255).with_correlation_id("mine"))
        .and_then(|all| all.with_reply_to("somewhere"))
        .and_then(|all| all.with_expiration("60000"))
        .and_then(|all| all.with_message_id("number 1"))
        .and_then(|all| all.with_timestamp(u64::MAX).with_type("grüße"))
        .and_then(|all| all.with_user_id(&user))
        .and_then(|all| all.with_app_id(&"a".repeat(255)))
        .and_then(|all| all.with_cluster_id("nowhere"))
        .unwrap();
    let message = through(&mut client, channel, &all);
    let properties = message.properties();
    assert_eq!(properties, all.as_properties());
    assert_eq!(properties.iter().count(), Property::ALL.len());
    assert_eq!(properties.correlation_id().unwrap(), "mine");
    assert_eq!((properties.delivery_mode(), properties.priority()), (Some(2), Some(255)));
    assert_eq!(properties.timestamp(), Some(u64::MAX));
    assert_eq!(properties.r#type().unwrap(), "grüße");
    client.close();
}

#[test]
fn each_property_comes_back_alone() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    let user = Broker::from_env().user;
    let mut single: Vec<_> = vec![
        PropertiesBuf::new(),
        PropertiesBuf::new().with_headers(&TableBuf::new()).unwrap(),
        PropertiesBuf::new().with_delivery_mode(1),
        PropertiesBuf::new().with_priority(0),
        PropertiesBuf::new().with_timestamp(0),
        PropertiesBuf::new().with_expiration("1000").unwrap(),
        PropertiesBuf::new().with_user_id(&user).unwrap(),
    ];
    let set: [fn(PropertiesBuf, &str) -> PropertiesBuf; 8] = [
        |properties, text| properties.with_content_type(text).unwrap(),
        |properties, text| properties.with_content_encoding(text).unwrap(),
        |properties, text| properties.with_correlation_id(text).unwrap(),
        |properties, text| properties.with_reply_to(text).unwrap(),
        |properties, text| properties.with_message_id(text).unwrap(),
        |properties, text| properties.with_type(text).unwrap(),
        |properties, text| properties.with_app_id(text).unwrap(),
        |properties, text| properties.with_cluster_id(text).unwrap(),
    ];
    for text in ["", "x"] {
        single.extend(set.iter().map(|set| set(PropertiesBuf::new(), text)));
    }
    for properties in &single {
        client.on(channel).publish(&key(&queue), properties, "").unwrap();
    }
    for properties in &single {
        let message = client.get(channel, &queue).unwrap();
        assert_eq!(message.properties(), properties.as_properties());
    }
    client.close();
}

#[test]
fn a_user_id_that_is_not_the_login_ends_the_channel() {
    let mut client = Client::connect();
    let channel = client.open();
    let somebody = PropertiesBuf::new().with_user_id("somebody").unwrap();
    client.on(channel).publish(&key("nowhere"), &somebody, "").unwrap();
    let reason = client.channel_closed(channel);
    assert_eq!(reason.reply_code.0, 406);
    assert!(reason.text.contains("user_id"), "{reason}");
    client.close();
}

#[test]
fn headers_almost_as_large_as_a_frame() {
    let mut client = Client::connect();
    let channel = client.open();
    let text = "h".repeat(131_072 - 8 - 14 - 4 - 2 - 5);
    let headers = TableBuf::new().with("a", text.as_str()).unwrap();
    let properties = PropertiesBuf::new().with_headers(&headers).unwrap();
    let message = through(&mut client, channel, &properties);
    assert_eq!(message.properties(), properties.as_properties());

    let headers = TableBuf::new().with("ab", text.as_str()).unwrap();
    let too_large = PropertiesBuf::new().with_headers(&headers).unwrap();
    let refused = client.on(channel).publish(&key("nowhere"), &too_large, "").unwrap_err();
    assert!(matches!(refused, amqp_proto::UsageError::Encode(_)), "{refused}");
    client.check_alive(channel);
    client.close();
}

#[test]
fn headers_larger_than_a_small_frame_max_still_arrive() {
    let mut config = Broker::from_env().config();
    config.frame_max = 4096;
    let mut small = Client::connect_with(config);
    let here = small.open();
    let name = name("shared");
    let shared = queue::Declare { exclusive: false, auto_delete: true, ..declare(&name) };
    small.ok(here, &shared, MethodKind::QueueDeclareOk);

    let mut large = Client::connect();
    let there = large.open();
    let text = "h".repeat(20_000);
    let headers = TableBuf::new().with("a", text.as_str()).unwrap();
    let properties = PropertiesBuf::new().with_headers(&headers).unwrap();
    large.on(there).publish(&key(&name), &properties, "body").unwrap();
    large.check_alive(there);
    large.close();

    // RabbitMQ doesn't split header frames, and can't: TUN-09.
    small.await_count(here, &name, 1, 0);
    let message = small.get(here, &name).unwrap();
    assert_eq!(message.properties(), properties.as_properties());
    let delete = queue::Delete { queue: name.as_str().into(), ..Default::default() };
    small.ok(here, &delete, MethodKind::QueueDeleteOk);
    small.close();
}

/// Erlang has no such floats, so RabbitMQ can't decode them.
#[test]
fn floats_that_are_no_numbers_end_the_connection() {
    for float in [Value::F64(f64::NAN), Value::F32(f32::INFINITY)] {
        let mut client = Client::connect();
        let channel = client.open();
        let headers = TableBuf::new().with("float", float).unwrap();
        let properties = PropertiesBuf::new().with_headers(&headers).unwrap();
        client.on(channel).publish(&key("nowhere"), &properties, "body").unwrap();
        let reason = client.closed();
        assert_eq!(reason.initiator, Initiator::Peer);
        assert_eq!(reason.reply_code, ReplyCode::INTERNAL_ERROR, "{reason}");
    }
}

#[test]
fn no_properties_at_all() {
    let mut client = Client::connect();
    let channel = client.open();
    let message = through(&mut client, channel, &PropertiesBuf::new());
    assert_eq!(message.properties(), Properties::default());
    assert_eq!(message.into_body(), "body");
    client.close();
}
