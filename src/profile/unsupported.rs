//! What a peer can't be sent.

use core::fmt;

use crate::protocol::{Dialect, Method, MethodKind};

/// Something that is legal to send and that a peer refuses, or takes for something else.
///
/// ```
/// use amqp_proto::Profile;
/// use amqp_proto::profile::Unsupported;
/// use amqp_proto::protocol::MethodKind;
///
/// assert!(Profile::RABBITMQ_4.refuses(Unsupported::PrefetchSize));
/// assert!(Profile::BROKER_J.refuses(Unsupported::Method(MethodKind::ExchangeBind)));
/// assert_eq!(Unsupported::PrefetchSize.to_string(), "basic.qos with a prefetch-size");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// A method that the peer doesn't know.
    Method(MethodKind),
    /// A method that the peer doesn't know in this dialect, though others do.
    MethodIn(MethodKind, Dialect),
    /// basic.consume with arguments in 0-8, whose specification has no place for them (`DIA-04`).
    ConsumeArgumentsIn0_8,
    /// channel.flow that stops deliveries (`FLW-01`).
    FlowStop,
    /// basic.qos with a prefetch-size other than zero (`BAS-07`).
    PrefetchSize,
    /// A publish with `immediate` (`BAS-09`).
    Immediate,
    /// basic.recover or recover-async without `requeue`.
    RecoverWithoutRequeue,
    /// A client's basic.nack with `multiple`.
    NackMultiple,
}

impl Unsupported {
    /// Whether this is what is to be sent: a request, or a method without a reply.
    pub(crate) fn is(self, method: &Method<'_>, dialect: Dialect) -> bool {
        match self {
            Self::Method(kind) => method.kind() == kind,
            Self::MethodIn(kind, old) => method.kind() == kind && dialect == old,
            Self::ConsumeArgumentsIn0_8 => {
                let is_old = dialect == Dialect::V0_8;
                matches!(method, Method::BasicConsume(c) if is_old && !c.arguments.is_empty())
            }
            Self::FlowStop => matches!(method, Method::ChannelFlow(flow) if !flow.active),
            Self::PrefetchSize => matches!(method, Method::BasicQos(qos) if qos.prefetch_size != 0),
            // A publish is no request: where contents are sent, its flag alone is asked for.
            Self::Immediate => false,
            Self::RecoverWithoutRequeue => match method {
                Method::BasicRecover(recover) => !recover.requeue,
                Method::BasicRecoverAsync(recover) => !recover.requeue,
                _ => false,
            },
            Self::NackMultiple => matches!(method, Method::BasicNack(nack) if nack.multiple),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method(kind) => kind.name(),
            Self::MethodIn(kind, dialect) => return write!(f, "{kind} in {dialect}"),
            Self::ConsumeArgumentsIn0_8 => "basic.consume with arguments in 0-8",
            Self::FlowStop => "channel.flow that stops deliveries",
            Self::PrefetchSize => "basic.qos with a prefetch-size",
            Self::Immediate => "basic.publish with immediate",
            Self::RecoverWithoutRequeue => "basic.recover without requeue",
            Self::NackMultiple => "basic.nack with multiple",
        })
    }
}
