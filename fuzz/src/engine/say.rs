//! From a method of any kind to the command of the application that sends it.

use amqp_proto::protocol::{Method, Properties, basic};
use amqp_proto::{Channel, ChannelId, Connection, Instant, Payload, ReplyToken, UsageError};

use super::model::{Done, Model};

/// Each group with the call that sends it.
macro_rules! dispatch {
    ($method:expr, $channel:expr, $token:expr;
        call $($call:ident)*; send $($send:ident)*; reply $($reply:ident)*;) => {
        match $method {
            $(Method::$call(method) => Some($channel.call(method).map(Done::Asked)),)*
            $(Method::$send(method) => Some($channel.send(method).map(|()| Done::Nothing)),)*
            $(Method::$reply(method) => {
                $token.map(|token| $channel.reply(token, method).map(|()| Done::Nothing))
            })*
            _ => None,
        }
    };
}

/// A request, notice or reply; `None` where no command sends the method, or nothing is to be answered.
fn on_channel(
    channel: &mut Channel<'_>,
    method: &Method<'_>,
    token: Option<ReplyToken>,
) -> Option<Result<Done, UsageError>> {
    dispatch! { method, channel, token;
        call AccessRequest BasicCancel BasicConsume BasicGet BasicQos BasicRecover ChannelFlow
            ConfirmSelect ExchangeBind ExchangeBound ExchangeDeclare ExchangeDelete ExchangeUnbind
            QueueBind QueueDeclare QueueDelete QueuePurge QueueUnbind TxCommit TxRollback TxSelect;
        send BasicAck BasicNack BasicRecoverAsync BasicReject ChannelAlert ChannelOk ChannelPing
            ChannelPong ChannelResume;
        reply AccessRequestOk BasicCancelOk BasicConsumeOk BasicGetEmpty BasicQosOk BasicRecoverOk
            ChannelFlowOk ConfirmSelectOk ExchangeBindOk ExchangeBoundOk ExchangeDeclareOk
            ExchangeDeleteOk ExchangeUnbindOk QueueBindOk QueueDeclareOk QueueDeleteOk QueuePurgeOk
            QueueUnbindOk TxCommitOk TxRollbackOk TxSelectOk;
    }
}

/// Answers with this method, whether it is one that answers this request or not.
pub(super) fn reply(
    connection: &mut Connection,
    token: ReplyToken,
    method: &Method<'_>,
) -> Result<Done, UsageError> {
    let id = token.channel();
    let mut channel = connection.channel(id)?;
    match on_channel(&mut channel, method, Some(token)) {
        Some(done) => done.map(|_| Done::Answered(id)),
        None => Ok(Done::Nothing),
    }
}

/// Sends the method as an application would: channel 0's by the connection, others by the channel.
pub(super) fn say(
    connection: &mut Connection,
    id: ChannelId,
    model: &Model,
    method: &Method<'_>,
    now: Instant,
) -> Result<Done, UsageError> {
    let text = |text: &amqp_proto::wire::ShortStr<'_>| {
        String::from_utf8_lossy(text.as_octets()).into_owned()
    };
    match method {
        Method::ConnectionClose(close) => {
            let closed = connection.close(now, close.reply_code, &text(&close.reply_text));
            return closed.map(|()| Done::Nothing);
        }
        Method::ConnectionBlocked(blocked) => {
            return connection.block(&text(&blocked.reason)).map(|()| Done::Nothing);
        }
        Method::ConnectionUnblocked(_) => return connection.unblock().map(|()| Done::Nothing),
        Method::ConnectionUpdateSecret(update) => {
            let secret = update.new_secret.as_octets();
            let asked = connection.update_secret(secret, &text(&update.reason));
            return asked.map(|request| Done::Asked(Some(request)));
        }
        Method::ConnectionRedirect(redirect) => {
            return connection.redirect(&text(&redirect.host)).map(|()| Done::Nothing);
        }
        Method::ChannelOpen(_) => {
            return connection.open_channel_number(id).map(|()| Done::Nothing);
        }
        _ => {}
    }
    let token = model.oldest(id);
    let mut channel = connection.channel(id)?;
    if let Method::ChannelClose(close) = method {
        let closed = channel.close(close.reply_code, &text(&close.reply_text));
        return closed.map(|()| Done::Left(id));
    }
    let done = on_channel(&mut channel, method, token).unwrap_or(Ok(Done::Nothing))?;
    Ok(match method {
        Method::BasicAck(basic::Ack { delivery_tag, multiple })
        | Method::BasicNack(basic::Nack { delivery_tag, multiple, .. }) => {
            Done::Settled { channel: id, tag: *delivery_tag, multiple: *multiple }
        }
        Method::BasicReject(basic::Reject { delivery_tag, .. }) => {
            Done::Settled { channel: id, tag: *delivery_tag, multiple: false }
        }
        Method::TxSelect(_) => match done {
            Done::Asked(request) => Done::Transacted(id, request),
            other => other,
        },
        _ if method.kind().info().is_reply && token.is_some() => Done::Answered(id),
        _ => done,
    })
}

/// Sends the content that begins with this method; `at_once`: with its body.
pub(super) fn say_content<'p>(
    connection: &mut Connection,
    id: ChannelId,
    model: &Model,
    method: &Method<'_>,
    properties: Properties<'p>,
    body: impl Into<Payload<'p>>,
    at_once: bool,
) -> Result<Done, UsageError> {
    let body = body.into();
    let size = body.len() as u64;
    let mut channel = connection.channel(id)?;
    let before = channel.unacked();
    Ok(match method {
        Method::BasicPublish(publish) => {
            let number = match at_once {
                true => channel.publish(publish, properties, body)?,
                false => channel.start_publish(publish, properties, size)?,
            };
            Done::Published(id, number.number())
        }
        Method::BasicDeliver(deliver) => {
            let tag = match at_once {
                true => channel.deliver(deliver, properties, body)?,
                false => channel.start_deliver(deliver, properties, size)?,
            };
            Done::Delivered { channel: id, tag, needs_ack: channel.unacked() > before }
        }
        Method::BasicReturn(returned) => {
            channel.return_message(returned, properties, body)?;
            Done::Nothing
        }
        Method::BasicGetOk(get_ok) => match model.oldest(id) {
            Some(token) => {
                return answer_get(&mut channel, token, get_ok, properties, body);
            }
            None => Done::Nothing,
        },
        _ => Done::Nothing,
    })
}

/// Answers a get with a message.
pub(super) fn answer_get<'p>(
    channel: &mut Channel<'_>,
    token: ReplyToken,
    method: &basic::GetOk<'_>,
    properties: Properties<'p>,
    body: impl Into<Payload<'p>>,
) -> Result<Done, UsageError> {
    let before = channel.unacked();
    let tag = channel.get_ok(token, method, properties, body)?;
    let needs_ack = channel.unacked() > before;
    Ok(Done::Got { channel: channel.id(), tag, needs_ack })
}
