//! What has come of a frame or of a command, in a few words.

use amqp_proto::{Connection, Event, Phase, Scope, UsageError};

use crate::common::*;
use crate::states::events;

/// What a received frame has led to.
pub(crate) fn of_frame(connection: &mut Connection, octets: &[u8]) -> String {
    let was_over = connection.phase() == Phase::Closed;
    // What a draining channel still has to write goes out meanwhile.
    let waiting = output(&mut connection.clone());
    feed(connection, octets);
    let told = events(connection);
    let sent = output(connection);
    let is_answered = sent != waiting;
    let sent = if sent.starts_with(b"AMQP") { Vec::new() } else { frames(&sent) };
    let violation = told.iter().find_map(|event| match event {
        Event::Violation(violation) => Some(**violation),
        _ => None,
    });
    if let Some(violation) = violation {
        let code = violation.reply_code.0.to_be_bytes();
        let close: &[u8] = match violation.scope {
            Scope::Connection => b"\0\x0A\0\x32",
            _ => b"\0\x14\0\x28",
        };
        let told = sent.iter().any(|(_, _, payload)| {
            payload.starts_with(close) && payload.get(4..6) == Some(&code[..])
        });
        let (scope, code) = match (told, violation.scope) {
            (false, _) => ("dropped", String::new()),
            (true, Scope::Connection) => ("connection", format!(" {}", violation.reply_code.0)),
            (true, _) => ("channel", format!(" {}", violation.reply_code.0)),
        };
        return format!("{scope}{code} {}", violation.rule);
    }
    // What was pending is told before an end.
    let is_end = |event: &&Event| matches!(event, Event::Closed(_) | Event::ChannelClosed { .. });
    match told.iter().find(is_end).or_else(|| told.first()) {
        None if was_over => "ignored".into(),
        None if !format!("{connection:?}").contains("undecoded: 0,") => "waits".into(),
        None if is_answered => "answered".into(),
        // It may fall into a content, of which it is no part.
        None if octets.starts_with(&[8]) => "ignored".into(),
        None => silent(connection),
        Some(event) => of_event(event).into(),
    }
}

/// Nothing is told and nothing sent: either it was discarded, or a content has begun or gone on.
fn silent(connection: &Connection) -> String {
    let (header, body) = (header(1, 3, BARE), body(1, b"abc"));
    let goes_on = [[header, body.clone()].concat(), body].iter().any(|rest| {
        let mut connection = connection.clone();
        feed(&mut connection, rest);
        matches!(events(&mut connection).first(), Some(Event::Content(_)))
    });
    if goes_on { "goes on".into() } else { "ignored".into() }
}

fn of_event(event: &Event) -> &'static str {
    match event {
        Event::Credentials(_) | Event::SaslResponse(_) | Event::Challenge(_) => "question",
        Event::VirtualHost(_) | Event::UpdateSecret(_) => "question",
        Event::Connected => "connected",
        Event::ChannelOpened(_) => "opened",
        Event::Reply { .. } => "reply",
        Event::Request { .. } => "request",
        Event::Notice(_) => "notice",
        Event::Content(_) => "content",
        Event::Confirmed { .. } => "confirmed",
        Event::ChannelClosed { .. } => "left",
        Event::Irregular(_) => "irregular",
        Event::Closed(_) => "over",
        _ => "something else",
    }
}

/// What a command has led to; a refused one must have changed nothing.
pub(crate) fn of_command(
    before: &Connection,
    connection: &mut Connection,
    sent: Option<Result<(), UsageError>>,
) -> String {
    match sent {
        None => "no command".into(),
        Some(Ok(())) => "sent".into(),
        Some(Err(refused)) => {
            let seen = |connection: &Connection| {
                let mut connection = connection.clone();
                (
                    format!("{connection:?}"),
                    output(&mut connection),
                    lines(&events(&mut connection)),
                )
            };
            assert_eq!(seen(before), seen(connection), "{refused}");
            let name = format!("{refused:?}");
            let name = name.split([' ', '(']).next().unwrap_or_default();
            format!("refused {name}")
        }
    }
}
