//! Arguments as each broker looks for them.

use amqp_proto::Profile;
use amqp_proto::profile::{Argument, ArgumentError, StreamOffset};

use crate::common::hex;

const RABBITMQ_3: &str = "RabbitMQ 3";
const RABBITMQ_4: &str = "RabbitMQ 4";
const BROKER_J: &str = "Broker-J";
const LAVINMQ: &str = "LavinMQ";

const DEFAULT: &str = "default";

/// An argument, its octets, and the brokers that it has these for.
type Row = (Argument<'static>, &'static [u8], &'static [&'static str]);

const ALL: &[&str] = &[RABBITMQ_3, RABBITMQ_4, BROKER_J, LAVINMQ, DEFAULT];
const RABBIT_LIKE: &[&str] = &[RABBITMQ_3, RABBITMQ_4, LAVINMQ, DEFAULT];

const ROWS: &[Row] = &[
    (Argument::Browse, b"\x13x-filter-no-consumet\x01", &[BROKER_J]),
    (Argument::AutoClose, b"\x13x-filter-auto-closet\x01", &[BROKER_J]),
    (Argument::Selector("a = 1"), b"\x15x-filter-jms-selectorS\0\0\0\x05a = 1", &[BROKER_J]),
    (Argument::ReplayPeriod(60), b"\x14x-qpid-replay-periodl\0\0\0\0\0\0\0\x3C", &[BROKER_J]),
    (Argument::ConsumerPriority(-2), b"\x0Ax-priorityI\xFF\xFF\xFF\xFE", ALL),
    (
        Argument::StreamOffset(StreamOffset::First),
        b"\x0Fx-stream-offsetS\0\0\0\x05first",
        RABBIT_LIKE,
    ),
    (
        Argument::StreamOffset(StreamOffset::Last),
        b"\x0Fx-stream-offsetS\0\0\0\x04last",
        RABBIT_LIKE,
    ),
    (
        Argument::StreamOffset(StreamOffset::Next),
        b"\x0Fx-stream-offsetS\0\0\0\x04next",
        RABBIT_LIKE,
    ),
    (
        Argument::StreamOffset(StreamOffset::Offset(258)),
        b"\x0Fx-stream-offsetl\0\0\0\0\0\0\x01\x02",
        RABBIT_LIKE,
    ),
    (
        Argument::StreamOffset(StreamOffset::Offset(u64::MAX)),
        b"\x0Fx-stream-offsetl\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        RABBIT_LIKE,
    ),
    (
        Argument::StreamOffset(StreamOffset::Timestamp(1)),
        b"\x0Fx-stream-offsetT\0\0\0\0\0\0\0\x01",
        RABBIT_LIKE,
    ),
    (
        Argument::StreamOffset(StreamOffset::Interval("1h")),
        b"\x0Fx-stream-offsetS\0\0\0\x021h",
        RABBIT_LIKE,
    ),
    (
        Argument::LastValueKey("symbol"),
        b"\x19qpid.last_value_queue_keyS\0\0\0\x06symbol",
        &[BROKER_J],
    ),
    (Argument::MaxPriority(9), b"\x0Ex-max-priorityI\0\0\0\x09", RABBIT_LIKE),
    (Argument::MaxPriority(9), b"\x11x-qpid-prioritiesI\0\0\0\x0A", &[BROKER_J]),
    (Argument::QueueType("stream"), b"\x0Cx-queue-typeS\0\0\0\x06stream", RABBIT_LIKE),
    (Argument::QueueType("lvq"), b"\x0Cx-queue-typeS\0\0\0\x03lvq", RABBIT_LIKE),
    (Argument::QueueType("lvq"), b"\x04typeS\0\0\0\x03lvq", &[BROKER_J]),
    (Argument::QueueType("stream"), b"\x04typeS\0\0\0\x06stream", &[BROKER_J]),
    (Argument::MessageTtl(1000), b"\x0Dx-message-ttll\0\0\0\0\0\0\x03\xE8", RABBIT_LIKE),
    (Argument::MessageTtl(1000), b"\x11maximumMessageTtll\0\0\0\0\0\0\x03\xE8", &[BROKER_J]),
    (Argument::SingleActiveConsumer, b"\x18x-single-active-consumert\x01", ALL),
    (Argument::AlternateExchange("rest"), b"\x12alternate-exchangeS\0\0\0\x04rest", RABBIT_LIKE),
    (Argument::AlternateExchange("rest"), b"\x11alternateExchangeS\0\0\0\x04rest", &[BROKER_J]),
];

#[test]
fn each_argument_has_the_name_and_type_that_the_broker_looks_for() {
    for profile in Profile::ALL.iter().filter(|profile| ALL.contains(&profile.name)) {
        for (argument, octets, brokers) in ROWS {
            let others = ROWS
                .iter()
                .any(|(same, _, brokers)| same == argument && brokers.contains(&profile.name));
            match profile.arguments(&[*argument]) {
                Ok(table) if brokers.contains(&profile.name) => {
                    assert_eq!(hex(table.as_table().as_octets()), hex(octets), "{argument:?}");
                }
                Ok(_) => assert!(others, "{}: {argument:?}", profile.name),
                Err(ArgumentError::Unknown { argument: what, peer }) => {
                    assert!(!others, "{}: {argument:?}", profile.name);
                    assert_eq!((what, peer), (&argument.to_string()[..], profile.name));
                }
                Err(error) => panic!("{}: {argument:?}: {error}", profile.name),
            }
        }
    }
}

#[test]
fn several_stand_in_one_table_and_more_can_follow() {
    let wanted = [Argument::Browse, Argument::AutoClose, Argument::Selector("a = 1")];
    let mut table = Profile::BROKER_J.arguments(&wanted).unwrap();
    table.insert("local-address", "here").unwrap();
    let names: Vec<_> = table.as_table().iter().map(|(name, _)| name.to_string()).collect();
    let expected =
        ["x-filter-no-consume", "x-filter-auto-close", "x-filter-jms-selector", "local-address"];
    assert_eq!(names, expected);
    assert!(Profile::STRICT.arguments(&[]).unwrap().as_table().is_empty());
}

#[test]
fn the_letter_of_the_specification_has_none() {
    for (argument, ..) in ROWS {
        let refused = Profile::STRICT.arguments(&[*argument]).unwrap_err();
        assert!(matches!(refused, ArgumentError::Unknown { peer: "strict", .. }), "{refused}");
    }
}

#[test]
fn priorities_have_a_range() {
    for (profile, most) in
        [(Profile::RABBITMQ_3, 255), (Profile::BROKER_J, 254), (Profile::LAVINMQ, 255)]
    {
        for value in [0, 255].into_iter().filter(|value| !(1..=most).contains(value)) {
            let refused = profile.arguments(&[Argument::MaxPriority(value)]).unwrap_err();
            let argument = "the highest priority";
            assert_eq!(refused, ArgumentError::OutOfRange { argument, value: value.into() });
        }
        for value in [1, most] {
            profile.arguments(&[Argument::MaxPriority(value)]).unwrap();
        }
    }
    // Each broker has one name for them, not both.
    for profile in Profile::ALL {
        let names = [profile.arguments.max_priority, profile.arguments.priority_levels];
        let expected = usize::from(profile.name != "strict");
        assert_eq!(names.iter().flatten().count(), expected, "{}", profile.name);
    }
    let refused = ArgumentError::OutOfRange { argument: "the highest priority", value: 0 };
    assert_eq!(refused.to_string(), "the highest priority can't be 0");
}
