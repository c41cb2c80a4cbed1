//! Methods of any kind as commands: each kind has a type of its own, and requests and replies are told apart
//! by it.

use crate::protocol::{Method, basic, channel, confirm, exchange, queue, tx};
use crate::{Channel, ReplyToken, RequestId, UsageError};

/// Sends a request of any kind; `None` if the method is no request.
pub(super) fn call(
    channel: &mut Channel<'_>,
    method: &Method<'_>,
) -> Option<Result<Option<RequestId>, UsageError>> {
    macro_rules! one_of {
        ($($kind:ident,)*) => {
            match method {
                $(Method::$kind(request) => Some(channel.call(request)),)*
                _ => None,
            }
        };
    }
    one_of!(
        AccessRequest,
        BasicQos,
        BasicConsume,
        BasicCancel,
        BasicGet,
        BasicRecover,
        ChannelFlow,
        ConfirmSelect,
        ExchangeDeclare,
        ExchangeDelete,
        ExchangeBound,
        ExchangeBind,
        ExchangeUnbind,
        QueueDeclare,
        QueueBind,
        QueueUnbind,
        QueuePurge,
        QueueDelete,
        TxSelect,
        TxCommit,
        TxRollback,
    )
}

/// Answers a request by the reply that belongs to it, naming what it asks for; `None` if it has none.
pub(super) fn reply(
    channel: &mut Channel<'_>,
    to: ReplyToken,
    request: &Method<'_>,
    made: &str,
) -> Option<Result<(), UsageError>> {
    // A name that the peer leaves to this side.
    let named = |name: crate::wire::ShortStr<'_>| name.is_empty();
    Some(match request {
        Method::AccessRequest(_) => {
            channel.reply(to, &crate::protocol::access::RequestOk::default())
        }
        Method::BasicQos(_) => channel.reply(to, &basic::QosOk),
        Method::BasicConsume(consume) => {
            let tag = consume.consumer_tag;
            let consumer_tag = if named(tag) { made.into() } else { tag };
            channel.reply(to, &basic::ConsumeOk { consumer_tag })
        }
        Method::BasicCancel(cancel) => {
            channel.reply(to, &basic::CancelOk { consumer_tag: cancel.consumer_tag })
        }
        Method::BasicGet(_) => channel.reply(to, &basic::GetEmpty::default()),
        Method::BasicRecover(_) => channel.reply(to, &basic::RecoverOk),
        Method::ChannelFlow(flow) => channel.reply(to, &channel::FlowOk { active: flow.active }),
        Method::ConfirmSelect(_) => channel.reply(to, &confirm::SelectOk),
        Method::ExchangeDeclare(_) => channel.reply(to, &exchange::DeclareOk),
        Method::ExchangeDelete(_) => channel.reply(to, &exchange::DeleteOk),
        Method::ExchangeBound(_) => channel.reply(to, &exchange::BoundOk::default()),
        Method::ExchangeBind(_) => channel.reply(to, &exchange::BindOk),
        Method::ExchangeUnbind(_) => channel.reply(to, &exchange::UnbindOk),
        Method::QueueDeclare(declare) => {
            let queue = if named(declare.queue) { made.into() } else { declare.queue };
            channel.reply(to, &queue::DeclareOk { queue, ..Default::default() })
        }
        Method::QueueBind(_) => channel.reply(to, &queue::BindOk),
        Method::QueueUnbind(_) => channel.reply(to, &queue::UnbindOk),
        Method::QueuePurge(_) => channel.reply(to, &queue::PurgeOk::default()),
        Method::QueueDelete(_) => channel.reply(to, &queue::DeleteOk::default()),
        Method::TxSelect(_) => channel.reply(to, &tx::SelectOk),
        Method::TxCommit(_) => channel.reply(to, &tx::CommitOk),
        Method::TxRollback(_) => channel.reply(to, &tx::RollbackOk),
        _ => return None,
    })
}
