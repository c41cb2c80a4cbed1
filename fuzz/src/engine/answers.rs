//! How an application answers: whatever it owes, well, or one request with one reply.

use amqp_proto::protocol::{Dialect, Method, MethodKind, Properties, ReplyCode, basic};
use amqp_proto::wire::TableLimits;
use amqp_proto::{Connection, Decision, Phase, UsageError};

use super::commands::{ZEROS, send_body};
use super::model::{Done, Model, Owed, Question};
use super::say;
use crate::common::short;
use crate::layout::{self, Filling};

/// What an application does that answers whatever it owes; false where nothing more is owed.
pub(super) fn settle_one(
    connection: &mut Connection,
    model: &Model,
) -> Option<Result<Done, UsageError>> {
    if let Some(question) = model.question {
        let decision = match question {
            Question::Challenge => Decision::Respond(b"me"),
            Question::Login | Question::VirtualHost => Decision::Accept,
        };
        return Some(connection.decide(decision).map(|()| Done::Decided));
    }
    if model.secrets > 0 && connection.phase() == Phase::Open {
        return Some(connection.decide(Decision::Accept).map(|()| Done::Decided));
    }
    let mut channels: Vec<_> = connection.channels().collect();
    channels.sort_unstable();
    for id in channels {
        let missing = connection.channel(id).ok().and_then(|channel| channel.missing_body());
        if missing.is_some_and(|missing| missing <= ZEROS.len() as u64) {
            return Some(send_body(connection, id, 0, false));
        }
        if let Some(owed) = model.owed.get(&id).and_then(|owed| owed.front()) {
            return Some(answer_well(connection, owed));
        }
        let last = model.to_settle.get(&id).and_then(|tags| tags.last()).copied();
        if let Some(delivery_tag) = last {
            let ack = basic::Ack { delivery_tag, multiple: true };
            let settled = Done::Settled { channel: id, tag: delivery_tag, multiple: true };
            return Some(
                connection.channel(id).and_then(|mut channel| channel.send(&ack)).map(|()| settled),
            );
        }
    }
    None
}

fn answer_well(connection: &mut Connection, owed: &Owed) -> Result<Done, UsageError> {
    if owed.kind == MethodKind::BasicGet {
        let id = owed.token.channel();
        let get_ok = basic::GetOk::default();
        let mut channel = connection.channel(id)?;
        return say::answer_get(&mut channel, owed.token, &get_ok, Properties::EMPTY, b"got");
    }
    let done = reply_to(connection, owed, 0)?;
    if done == Done::Nothing {
        // No dialect has its reply as a command: the channel is refused with it.
        let id = owed.token.channel();
        connection.channel(id)?.fail(owed.token, ReplyCode::NOT_IMPLEMENTED, "")?;
        return Ok(Done::Left(id));
    }
    Ok(done)
}

/// Answers with one of the replies to a request, named as the request does; `choice` above 127: with the
/// reply to another one.
pub(super) fn reply_to(
    connection: &mut Connection,
    owed: &Owed,
    choice: u8,
) -> Result<Done, UsageError> {
    let kind = match choice {
        128.. => MethodKind::TxSelectOk,
        _ => {
            // A get is answered by a content, which is another command's.
            let replies = owed.kind.info().replies.iter().filter(|reply| !reply.info().content);
            let replies: Vec<_> = replies.collect();
            let Some(kind) = replies.get(usize::from(choice) % replies.len().max(1)) else {
                return Ok(Done::Nothing);
            };
            **kind
        }
    };
    let payload = payload_of_reply(connection.dialect(), kind, &owed.name, choice);
    let Some(payload) = payload else { return Ok(Done::Nothing) };
    let method = Method::decode(connection.dialect(), &payload, &TableLimits::DEFAULT).unwrap();
    say::reply(connection, owed.token, &method)
}

/// The shortest payload of a reply that names what was asked for; `None` where the dialect lacks it.
pub(super) fn payload_of_reply(
    dialect: Dialect,
    kind: MethodKind,
    name: &[u8],
    choice: u8,
) -> Option<Vec<u8>> {
    let id = kind.id(dialect)?;
    let name = match (name, choice % 3) {
        ([], 1) => b"",
        ([], _) => &b"made"[..],
        (name, _) => name,
    };
    let name = short(&String::from_utf8_lossy(name).chars().take(60).collect::<String>());
    let mut payload = layout::of(dialect, id)?.payload(Filling::Empty);
    match kind {
        MethodKind::BasicConsumeOk | MethodKind::BasicCancelOk => {
            payload.splice(4.., name);
        }
        MethodKind::QueueDeclareOk => {
            payload.splice(4..5, name);
        }
        _ => {}
    }
    Some(payload)
}
