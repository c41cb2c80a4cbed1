//! Methods, argument by argument.

use amq_protocol::protocol::{
    AMQPClass, access, basic, channel, confirm, connection, exchange, queue, tx,
};
use amqp_proto::protocol::Method;

use super::same::Same;

/// A row for each method: our variant, their class and struct, and our arguments, with the names that they
/// have there where these differ. Reserved arguments have no place in theirs.
macro_rules! methods {
    ($($ours:ident = $class:ident $module:ident $theirs:ident {
        $($field:ident $(as $other:ident)?),*
    })*) => {
        /// Whether both are the same method with the same arguments.
        pub(super) fn same(ours: &Method<'_>, theirs: &AMQPClass) -> bool {
            match (ours, theirs) {
                $((Method::$ours(_ours), AMQPClass::$class($module::AMQPMethod::$theirs(_theirs))) => {
                    true $(&& _ours.$field.same(&methods!(@theirs _theirs $field $($other)?)))*
                })*
                _ => false,
            }
        }

        /// Whether they have this method at all.
        pub(super) const fn is_known(ours: &Method<'_>) -> bool {
            matches!(ours, $(Method::$ours(_))|*)
        }
    };
    (@theirs $theirs:ident $field:ident) => { $theirs.$field };
    (@theirs $theirs:ident $field:ident $other:ident) => { $theirs.$other };
}

methods! {
    ConnectionStart = Connection connection Start {
        version_major, version_minor, server_properties, mechanisms, locales
    }
    ConnectionStartOk = Connection connection StartOk {
        client_properties, mechanism, response, locale
    }
    ConnectionSecure = Connection connection Secure { challenge }
    ConnectionSecureOk = Connection connection SecureOk { response }
    ConnectionTune = Connection connection Tune { channel_max, frame_max, heartbeat }
    ConnectionTuneOk = Connection connection TuneOk { channel_max, frame_max, heartbeat }
    ConnectionOpen = Connection connection Open { virtual_host }
    ConnectionOpenOk = Connection connection OpenOk {}
    ConnectionClose = Connection connection Close { reply_code, reply_text, class_id, method_id }
    ConnectionCloseOk = Connection connection CloseOk {}
    ConnectionBlocked = Connection connection Blocked { reason }
    ConnectionUnblocked = Connection connection Unblocked {}
    ConnectionUpdateSecret = Connection connection UpdateSecret { new_secret, reason }
    ConnectionUpdateSecretOk = Connection connection UpdateSecretOk {}
    ChannelOpen = Channel channel Open {}
    ChannelOpenOk = Channel channel OpenOk {}
    ChannelFlow = Channel channel Flow { active }
    ChannelFlowOk = Channel channel FlowOk { active }
    ChannelClose = Channel channel Close { reply_code, reply_text, class_id, method_id }
    ChannelCloseOk = Channel channel CloseOk {}
    AccessRequest = Access access Request { realm, exclusive, passive, active, write, read }
    AccessRequestOk = Access access RequestOk {}
    ExchangeDeclare = Exchange exchange Declare {
        exchange, r#type as kind, passive, durable, auto_delete, internal, no_wait as nowait, arguments
    }
    ExchangeDeclareOk = Exchange exchange DeclareOk {}
    ExchangeDelete = Exchange exchange Delete { exchange, if_unused, no_wait as nowait }
    ExchangeDeleteOk = Exchange exchange DeleteOk {}
    ExchangeBind = Exchange exchange Bind {
        destination, source, routing_key, no_wait as nowait, arguments
    }
    ExchangeBindOk = Exchange exchange BindOk {}
    ExchangeUnbind = Exchange exchange Unbind {
        destination, source, routing_key, no_wait as nowait, arguments
    }
    ExchangeUnbindOk = Exchange exchange UnbindOk {}
    QueueDeclare = Queue queue Declare {
        queue, passive, durable, exclusive, auto_delete, no_wait as nowait, arguments
    }
    QueueDeclareOk = Queue queue DeclareOk { queue, message_count, consumer_count }
    QueueBind = Queue queue Bind { queue, exchange, routing_key, no_wait as nowait, arguments }
    QueueBindOk = Queue queue BindOk {}
    QueuePurge = Queue queue Purge { queue, no_wait as nowait }
    QueuePurgeOk = Queue queue PurgeOk { message_count }
    QueueDelete = Queue queue Delete { queue, if_unused, if_empty, no_wait as nowait }
    QueueDeleteOk = Queue queue DeleteOk { message_count }
    QueueUnbind = Queue queue Unbind { queue, exchange, routing_key, arguments }
    QueueUnbindOk = Queue queue UnbindOk {}
    BasicQos = Basic basic Qos { prefetch_count, global }
    BasicQosOk = Basic basic QosOk {}
    BasicConsume = Basic basic Consume {
        queue, consumer_tag, no_local, no_ack, exclusive, no_wait as nowait, arguments
    }
    BasicConsumeOk = Basic basic ConsumeOk { consumer_tag }
    BasicCancel = Basic basic Cancel { consumer_tag, no_wait as nowait }
    BasicCancelOk = Basic basic CancelOk { consumer_tag }
    BasicPublish = Basic basic Publish { exchange, routing_key, mandatory, immediate }
    BasicReturn = Basic basic Return { reply_code, reply_text, exchange, routing_key }
    BasicDeliver = Basic basic Deliver {
        consumer_tag, delivery_tag, redelivered, exchange, routing_key
    }
    BasicGet = Basic basic Get { queue, no_ack }
    BasicGetOk = Basic basic GetOk {
        delivery_tag, redelivered, exchange, routing_key, message_count
    }
    BasicGetEmpty = Basic basic GetEmpty {}
    BasicAck = Basic basic Ack { delivery_tag, multiple }
    BasicReject = Basic basic Reject { delivery_tag, requeue }
    BasicRecoverAsync = Basic basic RecoverAsync { requeue }
    BasicRecover = Basic basic Recover { requeue }
    BasicRecoverOk = Basic basic RecoverOk {}
    BasicNack = Basic basic Nack { delivery_tag, multiple, requeue }
    ConfirmSelect = Confirm confirm Select { no_wait as nowait }
    ConfirmSelectOk = Confirm confirm SelectOk {}
    TxSelect = Tx tx Select {}
    TxSelectOk = Tx tx SelectOk {}
    TxCommit = Tx tx Commit {}
    TxCommitOk = Tx tx CommitOk {}
    TxRollback = Tx tx Rollback {}
    TxRollbackOk = Tx tx RollbackOk {}
}
