//! What an application may ask of either role, picked at random.

use amqp_proto::protocol::{
    MethodKind, Properties, PropertiesBuf, ReplyCode, basic, channel, confirm, queue,
};
use amqp_proto::{Channel, ChannelId, Decision, Instant, ReplyToken, Side, UsageError};
use bytes::Bytes;

use crate::end::{End, Question};
use crate::rng::Rng;

/// Texts of all lengths, some longer than a short string can be.
const TEXT: &str = match core::str::from_utf8(&[b'x'; 300]) {
    Ok(text) => text,
    Err(_) => "",
};

fn text(rng: &mut Rng) -> &'static str {
    &TEXT[..rng.pick(&[0, 1, 5, 20, 255, 256])]
}

fn body(rng: &mut Rng) -> Bytes {
    let len = rng.pick(&[0, 1, 10, 1024, 1025, 4088, 4089, 9000, 30_000]);
    Bytes::from(vec![b'b'; len])
}

fn properties(rng: &mut Rng) -> PropertiesBuf {
    match rng.below(3) {
        0 => PropertiesBuf::new(),
        // The last one doesn't fit a small frame.
        _ => {
            let len = rng.pick(&[1, 100, 5000]);
            let headers = amqp_proto::wire::TableBuf::new().with("x", &"y".repeat(len)).unwrap();
            PropertiesBuf::new().with_headers(headers.as_table()).unwrap()
        }
    }
}

/// Gives a random command. What is refused changes nothing.
pub(crate) fn give(end: &mut End, rng: &mut Rng, now: Instant) {
    let before = rng.once_in(8).then(|| end.visible());
    let refused = match rng.below(60) {
        0..3 => end.connection.open_channel().map(drop),
        3 => {
            let number = rng.pick(&[1, 2, 3, 7, 300, 2047, 2048]);
            end.connection.open_channel_number(ChannelId::new(number).unwrap())
        }
        4 | 5 => decide(end, rng),
        6 if end.connection.side() == Side::Server => match rng.below(8) {
            0 => end.connection.redirect(text(rng)),
            1..4 => end.connection.block(text(rng)),
            _ => end.connection.unblock(),
        },
        6 => {
            let secret = vec![b's'; rng.pick(&[0, 10, 5000])];
            let asked = end.connection.update_secret(&secret, text(rng));
            asked.map(|request| end.asked(request))
        }
        7 if rng.once_in(100) => end.connection.close(now, ReplyCode::REPLY_SUCCESS, text(rng)),
        _ => on_channel(end, rng),
    };
    if let (Err(error), Some(before)) = (refused, before) {
        assert_eq!(end.visible(), before, "{error}");
        assert!(!error.to_string().is_empty());
    }
}

/// Answers what the engine has stopped at, or a new secret.
pub(crate) fn decide(end: &mut End, rng: &mut Rng) -> Result<(), UsageError> {
    let refuse = Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: text(rng) };
    let octets = [b'c'; 5000];
    let octets = &octets[..rng.pick(&[0, 10, 5000])];
    let decision = match (end.question, rng.below(200)) {
        (_, 0) => refuse,
        (_, 1) | (Some(Question::Login), 2..40) => Decision::Challenge(octets),
        (_, 40) | (Some(Question::Challenge), _) => Decision::Respond(octets),
        _ => Decision::Accept,
    };
    let asked = end.question.is_some();
    end.connection.decide(decision)?;
    if asked {
        end.question = None;
    } else {
        end.secrets -= 1;
    }
    Ok(())
}

fn some_channel(end: &End, rng: &mut Rng) -> Option<ChannelId> {
    let channels: Vec<_> = end.connection.channels().collect();
    (!channels.is_empty()).then(|| rng.pick(&channels))
}

fn on_channel(end: &mut End, rng: &mut Rng) -> Result<(), UsageError> {
    let Some(id) = some_channel(end, rng) else { return Ok(()) };
    let side = end.connection.side();
    let mut channel = end.connection.channel(id)?;
    if let Some(missing) = channel.missing_body().filter(|_| !rng.once_in(4)) {
        let part = body(rng);
        let len = u64::try_from(part.len()).unwrap().min(missing + rng.pick(&[0, 0, 0, 1]));
        return channel.send_body(part.slice(..usize::try_from(len).unwrap().min(part.len())));
    }
    match rng.below(16) {
        0 if rng.once_in(4) => return channel.close(ReplyCode::REPLY_SUCCESS, text(rng)),
        1..5 => return request(end, rng, id),
        5..8 => return answer(end, rng, id),
        8 => return confirm(end, rng, id),
        9 => {
            // A tag that was seen, or one that can't be known.
            let seen = end.to_ack.get(&id).and_then(|tags| tags.first()).copied();
            let reject = basic::Reject { delivery_tag: seen.unwrap_or(0), requeue: true };
            channel.send(&reject)?;
            end.to_ack.entry(id).or_default().pop_first();
            return Ok(());
        }
        10..12 => return ack(end, rng, id),
        _ => {}
    }
    if side == Side::Server {
        return to_client(end, rng, id);
    }
    let key = text(rng);
    let publish = basic::Publish { routing_key: key.into(), ..Default::default() };
    let properties = properties(rng);
    let body = body(rng);
    let number = match rng.below(4) {
        0 => channel.start_publish(&publish, properties.as_properties(), body.len() as u64)?,
        1 => channel.publish(&publish, &properties, &body[..])?,
        _ => channel.publish(&publish, &properties, body)?,
    };
    if number.number() > 0 {
        assert!(end.unconfirmed.entry(id).or_default().insert(number.number()));
    }
    Ok(())
}

fn to_client(end: &mut End, rng: &mut Rng, id: ChannelId) -> Result<(), UsageError> {
    let mut channel = end.connection.channel(id)?;
    let deliver = basic::Deliver { consumer_tag: text(rng).into(), ..Default::default() };
    let (properties, body) = (properties(rng), body(rng));
    match rng.below(5) {
        0 => {
            let size = body.len() as u64;
            channel.start_deliver(&deliver, properties.as_properties(), size).map(drop)
        }
        1 => channel.return_message(&basic::Return::default(), &properties, body),
        2 => channel.deliver(&deliver, Properties::EMPTY, &body).map(drop),
        _ => channel.deliver(&deliver, &properties, body).map(drop),
    }
}

fn request(end: &mut End, rng: &mut Rng, id: ChannelId) -> Result<(), UsageError> {
    let mut channel = end.connection.channel(id)?;
    let (name, no_wait) = (text(rng), rng.once_in(4));
    let asked = match rng.below(8) {
        0 => channel.call(&channel::Flow { active: rng.once_in(2) }),
        1 => channel.call(&basic::Cancel { consumer_tag: name.into(), no_wait }),
        2 => channel.call(&basic::Get::default()),
        3 => channel.call(&confirm::Select { no_wait }),
        4 => channel.call(&basic::Qos::default()),
        5 => {
            let consume =
                basic::Consume { consumer_tag: name.into(), no_wait, ..Default::default() };
            channel.call(&consume)
        }
        _ => channel.call(&queue::Declare { queue: name.into(), no_wait, ..Default::default() }),
    };
    if let Some(request) = asked? {
        end.asked(request);
    }
    Ok(())
}

/// Answers the oldest request of the peer, or tries to answer another one.
fn answer(end: &mut End, rng: &mut Rng, id: ChannelId) -> Result<(), UsageError> {
    let Some(owed) = end.owed.get(&id).filter(|owed| !owed.is_empty()) else { return Ok(()) };
    let place = if rng.once_in(8) { rng.below(owed.len()) } else { 0 };
    let Some((token, kind, consumer_tag)) = owed.get(place).cloned() else { return Ok(()) };
    let mut channel = end.connection.channel(id)?;
    if rng.once_in(30) {
        channel.fail(token, ReplyCode::NOT_FOUND, text(rng))?;
        end.owed.remove(&id);
        return Ok(());
    }
    reply(&mut channel, rng, token, kind, &consumer_tag)?;
    assert_eq!(place, 0, "answered out of order");
    end.owed.entry(id).or_default().pop_front();
    Ok(())
}

fn reply(
    channel: &mut Channel<'_>,
    rng: &mut Rng,
    token: ReplyToken,
    kind: MethodKind,
    consumer_tag: &str,
) -> Result<(), UsageError> {
    match kind {
        MethodKind::QueueDeclare => {
            let ok = queue::DeclareOk { queue: text(rng).into(), ..Default::default() };
            channel.reply(token, &ok)
        }
        MethodKind::BasicGet if rng.once_in(3) => channel.reply(token, &basic::GetEmpty::default()),
        MethodKind::BasicGet => {
            let (properties, body) = (properties(rng), body(rng));
            channel.get_ok(token, &basic::GetOk::default(), &properties, body).map(drop)
        }
        MethodKind::BasicQos => channel.reply(token, &basic::QosOk),
        MethodKind::BasicConsume => {
            let made = format!("made-{}", rng.below(1000));
            let consumer_tag = if consumer_tag.is_empty() { &made } else { consumer_tag };
            channel.reply(token, &basic::ConsumeOk { consumer_tag: consumer_tag.into() })
        }
        MethodKind::BasicCancel => {
            channel.reply(token, &basic::CancelOk { consumer_tag: consumer_tag.into() })
        }
        MethodKind::ConfirmSelect => channel.reply(token, &confirm::SelectOk),
        // Requests that only hostile octets make: refused with the channel.
        _ => channel.fail(token, ReplyCode::NOT_IMPLEMENTED, ""),
    }
}

/// Client: acks a delivery, or all up to it.
fn ack(end: &mut End, rng: &mut Rng, id: ChannelId) -> Result<(), UsageError> {
    let Some(tags) = end.to_ack.get(&id).filter(|tags| !tags.is_empty()) else { return Ok(()) };
    let tags: Vec<u64> = tags.iter().copied().collect();
    let (delivery_tag, multiple) = (rng.pick(&tags), rng.once_in(2));
    let mut channel = end.connection.channel(id)?;
    // One whose body hasn't come yet may be among them.
    assert!(channel.unacked() >= tags.len());
    if rng.once_in(3) {
        channel.send(&basic::Nack { delivery_tag, multiple, requeue: false })?;
    } else {
        channel.send(&basic::Ack { delivery_tag, multiple })?;
    }
    let open = end.to_ack.entry(id).or_default();
    open.retain(|tag| if multiple { *tag > delivery_tag } else { *tag != delivery_tag });
    Ok(())
}

/// Server: confirms a publish, or all up to it.
fn confirm(end: &mut End, rng: &mut Rng, id: ChannelId) -> Result<(), UsageError> {
    let Some(numbers) = end.to_confirm.get(&id).filter(|numbers| !numbers.is_empty()) else {
        return Ok(());
    };
    let numbers: Vec<u64> = numbers.iter().copied().collect();
    let (delivery_tag, multiple) = (rng.pick(&numbers), rng.once_in(2));
    let mut channel = end.connection.channel(id)?;
    if rng.once_in(3) {
        channel.send(&basic::Nack { delivery_tag, multiple, requeue: false })?;
    } else {
        channel.send(&basic::Ack { delivery_tag, multiple })?;
    }
    let open = end.to_confirm.entry(id).or_default();
    open.retain(|number| if multiple { *number > delivery_tag } else { *number != delivery_tag });
    Ok(())
}
