//! The arguments of each method, as data.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use crate::protocol::{
    Dialect, MethodKind,
    argument::{Argument, WireType},
};

impl MethodKind {
    /// In the order of the wire.
    pub(crate) const fn arguments(self) -> &'static [Argument] {
        match self {
            Self::ConnectionStart => &[
                Argument { name: "version-major", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "version-minor", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument {
                    name: "server-properties",
                    wire: WireType::Table,
                    dialects: Dialect::ALL,
                },
                Argument { name: "mechanisms", wire: WireType::LongStr, dialects: Dialect::ALL },
                Argument { name: "locales", wire: WireType::LongStr, dialects: Dialect::ALL },
            ],
            Self::ConnectionStartOk => &[
                Argument {
                    name: "client-properties",
                    wire: WireType::Table,
                    dialects: Dialect::ALL,
                },
                Argument { name: "mechanism", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "response", wire: WireType::LongStr, dialects: Dialect::ALL },
                Argument { name: "locale", wire: WireType::ShortStr, dialects: Dialect::ALL },
            ],
            Self::ConnectionSecure => {
                &[Argument { name: "challenge", wire: WireType::LongStr, dialects: Dialect::ALL }]
            }
            Self::ConnectionSecureOk => {
                &[Argument { name: "response", wire: WireType::LongStr, dialects: Dialect::ALL }]
            }
            Self::ConnectionTune => &[
                Argument { name: "channel-max", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "frame-max", wire: WireType::Long, dialects: Dialect::ALL },
                Argument { name: "heartbeat", wire: WireType::Short, dialects: Dialect::ALL },
            ],
            Self::ConnectionTuneOk => &[
                Argument { name: "channel-max", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "frame-max", wire: WireType::Long, dialects: Dialect::ALL },
                Argument { name: "heartbeat", wire: WireType::Short, dialects: Dialect::ALL },
            ],
            Self::ConnectionOpen => &[
                Argument { name: "virtual-host", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "capabilities", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "insist", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::ConnectionOpenOk => &[Argument {
                name: "known-hosts",
                wire: WireType::ShortStr,
                dialects: Dialect::ALL,
            }],
            Self::ConnectionRedirect => &[
                Argument { name: "host", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "known-hosts", wire: WireType::ShortStr, dialects: Dialect::ALL },
            ],
            Self::ConnectionClose => &[
                Argument { name: "reply-code", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "reply-text", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "class-id", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "method-id", wire: WireType::Short, dialects: Dialect::ALL },
            ],
            Self::ConnectionCloseOk => &[],
            Self::ConnectionBlocked => {
                &[Argument { name: "reason", wire: WireType::ShortStr, dialects: Dialect::ALL }]
            }
            Self::ConnectionUnblocked => &[],
            Self::ConnectionUpdateSecret => &[
                Argument { name: "new-secret", wire: WireType::LongStr, dialects: Dialect::ALL },
                Argument { name: "reason", wire: WireType::ShortStr, dialects: Dialect::ALL },
            ],
            Self::ConnectionUpdateSecretOk => &[],
            Self::ChannelOpen => &[Argument {
                name: "out-of-band",
                wire: WireType::ShortStr,
                dialects: Dialect::ALL,
            }],
            Self::ChannelOpenOk => &[Argument {
                name: "channel-id",
                wire: WireType::LongStr,
                dialects: &[Dialect::V0_9, Dialect::V0_9_1],
            }],
            Self::ChannelFlow => {
                &[Argument { name: "active", wire: WireType::Octet, dialects: Dialect::ALL }]
            }
            Self::ChannelFlowOk => {
                &[Argument { name: "active", wire: WireType::Octet, dialects: Dialect::ALL }]
            }
            Self::ChannelAlert => &[
                Argument { name: "reply-code", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "reply-text", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "details", wire: WireType::Table, dialects: Dialect::ALL },
            ],
            Self::ChannelClose => &[
                Argument { name: "reply-code", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "reply-text", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "class-id", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "method-id", wire: WireType::Short, dialects: Dialect::ALL },
            ],
            Self::ChannelCloseOk => &[],
            Self::ChannelResume => {
                &[Argument { name: "channel-id", wire: WireType::LongStr, dialects: Dialect::ALL }]
            }
            Self::ChannelPing => &[],
            Self::ChannelPong => &[],
            Self::ChannelOk => &[],
            Self::AccessRequest => &[
                Argument { name: "realm", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "exclusive", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::AccessRequestOk => {
                &[Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL }]
            }
            Self::ExchangeDeclare => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "type", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "passive", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "arguments", wire: WireType::Table, dialects: Dialect::ALL },
            ],
            Self::ExchangeDeclareOk => &[],
            Self::ExchangeDelete => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "if-unused", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::ExchangeDeleteOk => &[],
            Self::ExchangeBound => &[
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
            ],
            Self::ExchangeBoundOk => &[
                Argument { name: "reply-code", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "reply-text", wire: WireType::ShortStr, dialects: Dialect::ALL },
            ],
            Self::ExchangeBind => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "destination", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "source", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "no-wait", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "arguments", wire: WireType::Table, dialects: Dialect::ALL },
            ],
            Self::ExchangeBindOk => &[],
            Self::ExchangeUnbind => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "destination", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "source", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "no-wait", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "arguments", wire: WireType::Table, dialects: Dialect::ALL },
            ],
            Self::ExchangeUnbindOk => &[],
            Self::QueueDeclare => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "passive", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "arguments", wire: WireType::Table, dialects: Dialect::ALL },
            ],
            Self::QueueDeclareOk => &[
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "message-count", wire: WireType::Long, dialects: Dialect::ALL },
                Argument { name: "consumer-count", wire: WireType::Long, dialects: Dialect::ALL },
            ],
            Self::QueueBind => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "no-wait", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "arguments", wire: WireType::Table, dialects: Dialect::ALL },
            ],
            Self::QueueBindOk => &[],
            Self::QueueUnbind => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "arguments", wire: WireType::Table, dialects: Dialect::ALL },
            ],
            Self::QueueUnbindOk => &[],
            Self::QueuePurge => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "no-wait", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::QueuePurgeOk => {
                &[Argument { name: "message-count", wire: WireType::Long, dialects: Dialect::ALL }]
            }
            Self::QueueDelete => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "if-unused", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::QueueDeleteOk => {
                &[Argument { name: "message-count", wire: WireType::Long, dialects: Dialect::ALL }]
            }
            Self::BasicQos => &[
                Argument { name: "prefetch-size", wire: WireType::Long, dialects: Dialect::ALL },
                Argument { name: "prefetch-count", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "global", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::BasicQosOk => &[],
            Self::BasicConsume => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "consumer-tag", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "no-local", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "arguments", wire: WireType::Table, dialects: Dialect::ALL },
            ],
            Self::BasicConsumeOk => &[Argument {
                name: "consumer-tag",
                wire: WireType::ShortStr,
                dialects: Dialect::ALL,
            }],
            Self::BasicCancel => &[
                Argument { name: "consumer-tag", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "no-wait", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::BasicCancelOk => &[Argument {
                name: "consumer-tag",
                wire: WireType::ShortStr,
                dialects: Dialect::ALL,
            }],
            Self::BasicPublish => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "mandatory", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::BasicReturn => &[
                Argument { name: "reply-code", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "reply-text", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
            ],
            Self::BasicDeliver => &[
                Argument { name: "consumer-tag", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "delivery-tag", wire: WireType::LongLong, dialects: Dialect::ALL },
                Argument { name: "redelivered", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
            ],
            Self::BasicGet => &[
                Argument { name: "ticket", wire: WireType::Short, dialects: Dialect::ALL },
                Argument { name: "queue", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "no-ack", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::BasicGetOk => &[
                Argument { name: "delivery-tag", wire: WireType::LongLong, dialects: Dialect::ALL },
                Argument { name: "redelivered", wire: WireType::Octet, dialects: Dialect::ALL },
                Argument { name: "exchange", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "routing-key", wire: WireType::ShortStr, dialects: Dialect::ALL },
                Argument { name: "message-count", wire: WireType::Long, dialects: Dialect::ALL },
            ],
            Self::BasicGetEmpty => {
                &[Argument { name: "cluster-id", wire: WireType::ShortStr, dialects: Dialect::ALL }]
            }
            Self::BasicAck => &[
                Argument { name: "delivery-tag", wire: WireType::LongLong, dialects: Dialect::ALL },
                Argument { name: "multiple", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::BasicReject => &[
                Argument { name: "delivery-tag", wire: WireType::LongLong, dialects: Dialect::ALL },
                Argument { name: "requeue", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::BasicRecoverAsync => {
                &[Argument { name: "requeue", wire: WireType::Octet, dialects: Dialect::ALL }]
            }
            Self::BasicRecover => {
                &[Argument { name: "requeue", wire: WireType::Octet, dialects: Dialect::ALL }]
            }
            Self::BasicRecoverOk => &[],
            Self::BasicNack => &[
                Argument { name: "delivery-tag", wire: WireType::LongLong, dialects: Dialect::ALL },
                Argument { name: "multiple", wire: WireType::Octet, dialects: Dialect::ALL },
            ],
            Self::ConfirmSelect => {
                &[Argument { name: "no-wait", wire: WireType::Octet, dialects: Dialect::ALL }]
            }
            Self::ConfirmSelectOk => &[],
            Self::TxSelect => &[],
            Self::TxSelectOk => &[],
            Self::TxCommit => &[],
            Self::TxCommitOk => &[],
            Self::TxRollback => &[],
            Self::TxRollbackOk => &[],
        }
    }
}
