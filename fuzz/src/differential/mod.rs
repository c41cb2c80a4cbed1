//! This codec beside that of the crate `amq-protocol`, which lapin uses: what both take means the same, and
//! where only one of them takes something there is a reason for it.

mod methods;
mod same;

use amq_protocol::frame::{AMQPFrame, GenError, ParserError, WriteContext, gen_frame, parse_frame};
use amq_protocol::protocol::basic::AMQPProperties;
use amqp_proto::frame::{Cut, FrameType, RawFrame, cut};
use amqp_proto::protocol::{ContentHeader, Dialect, Frame, Method, Properties};
use amqp_proto::wire::{DecodeError, DecodeErrorKind, Table, TableLimits, Value};
use same::Same;

use crate::codec::values::take_raw;
use crate::layout::{self, Content};

/// A known difference, each with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    DuplicateNames,
    Ticket,
    PrefetchSize,
    TextOfOctets,
    UnknownMethod,
    UnknownType,
    UnknownFlags,
    OtherClass,
    HeartbeatWithOctets,
    Limits,
}

impl Difference {
    #[cfg(test)]
    pub(crate) const ALL: [(Self, &'static str); 10] = [
        (
            Self::DuplicateNames,
            "they keep the last of several pairs with one name, we all (TBL-12)",
        ),
        (
            Self::Ticket,
            "they write ticket 1 in access.request-ok, where 0-9-1 reserves it (MTH-06)",
        ),
        (Self::PrefetchSize, "they read no prefetch-size, and write it as zero"),
        (Self::TextOfOctets, "their short strings are UTF-8, ours are octets (TYP-02)"),
        (Self::UnknownMethod, "they lack methods of Qpid and of older dialects"),
        (Self::UnknownType, "they refuse values of other types, we keep them (TBL-06)"),
        (Self::UnknownFlags, "they pass over flags that no property has, we refuse them (CNT-14)"),
        (Self::OtherClass, "they take a content header of any class, we of basic alone (CNT-07)"),
        (Self::HeartbeatWithOctets, "they take a heartbeat with octets, we don't (HB-03)"),
        (Self::Limits, "their tables have no limits (LIM-03)"),
    ];
}

/// A stream of frames.
pub(crate) fn run(stream: &[u8]) {
    compare(stream, &mut |_| {});
}

/// The same; tells the known differences that were met.
pub(crate) fn compare(mut stream: &[u8], met: &mut dyn FnMut(Difference)) {
    loop {
        match cut(stream, u32::MAX) {
            Ok(Cut::Frame { frame, consumed }) => {
                compare_frame(&frame, &stream[..consumed], met);
                stream = &stream[consumed..];
            }
            Ok(Cut::NeedMore { .. }) => {
                let theirs = parse_frame(stream);
                assert!(matches!(&theirs, Err(ParserError::Incomplete(_))), "{theirs:?}");
                return;
            }
            Err(error) => {
                // Their protocol header is a frame.
                let is_header = stream.first() == Some(&b'A');
                assert!(is_header || parse_frame(stream).is_err(), "{error}, but they take it");
                return;
            }
        }
    }
}

fn compare_frame(raw: &RawFrame<'_>, octets: &[u8], met: &mut dyn FnMut(Difference)) {
    // They recurse on what is inside of tables, we don't.
    if raw.payload.iter().filter(|octet| matches!(octet, b'F' | b'A')).count() > 100 {
        return;
    }
    let ours = Frame::parse(Dialect::V0_9_1, *raw, &TableLimits::DEFAULT);
    match (ours, parse_frame(octets)) {
        (Ok(ours), Ok((rest, theirs))) => {
            assert!(rest.is_empty());
            compare_parsed(&ours, &theirs, raw, met);
        }
        (Ok(ours), Err(error)) => {
            let reason = why_only_we(&ours, raw.payload);
            met(reason.unwrap_or_else(|| panic!("they refuse {ours}: {error}")));
        }
        (Err(error), Ok((_, theirs))) => {
            let reason = why_only_they(&error, raw);
            met(reason.unwrap_or_else(|| panic!("we refuse {theirs:?}: {error}")));
        }
        (Err(_), Err(_)) => {}
    }
}

fn compare_parsed(
    ours: &Frame<'_>,
    theirs: &AMQPFrame,
    raw: &RawFrame<'_>,
    met: &mut dyn FnMut(Difference),
) {
    let tables = tables(ours, raw.payload);
    if tables.iter().any(|table| has_duplicates(*table)) {
        met(Difference::DuplicateNames);
    }
    let is_same = match (ours, theirs) {
        (Frame::Method { channel, method }, AMQPFrame::Method(their_channel, class)) => {
            channel == their_channel && methods::same(method, class)
        }
        (Frame::Header { channel, header }, AMQPFrame::Header(their_channel, theirs)) => {
            channel == their_channel
                && (header.class_id, header.body_size) == (theirs.class_id, theirs.body_size)
                && same_properties(&header.properties, &theirs.properties)
        }
        (Frame::Body { channel, payload }, AMQPFrame::Body(their_channel, theirs)) => {
            channel == their_channel && payload == theirs
        }
        (Frame::Heartbeat, AMQPFrame::Heartbeat) => raw.channel == 0,
        (Frame::Heartbeat, AMQPFrame::InvalidHeartbeat(channel)) => raw.channel == *channel,
        _ => false,
    };
    assert!(is_same, "ours: {ours}\ntheirs: {theirs:?}");
    // They sort tables, and write values in one way only: without any, both write the same octets.
    if let Some(difference) = written_differently(ours) {
        met(difference);
    } else if tables.iter().all(Table::is_empty) && raw.frame_type != FrameType::HEARTBEAT {
        assert_eq!(written_by_us(ours, raw), written_by_them(theirs), "{ours}");
    }
}

/// Why they may write another argument than they have read.
fn written_differently(frame: &Frame<'_>) -> Option<Difference> {
    let Frame::Method { method, .. } = frame else { return None };
    match method {
        Method::AccessRequestOk(_) => Some(Difference::Ticket),
        Method::BasicQos(qos) if qos.prefetch_size > 0 => Some(Difference::PrefetchSize),
        _ => None,
    }
}

fn written_by_us(frame: &Frame<'_>, raw: &RawFrame<'_>) -> Vec<u8> {
    let mut payload = Vec::new();
    match frame {
        Frame::Method { method, .. } => method.encode(Dialect::V0_9_1, &mut payload).unwrap(),
        Frame::Header { header, .. } => {
            // What means nothing isn't kept there.
            ContentHeader::new(header.body_size, header.properties).encode(&mut payload);
        }
        _ => payload.extend_from_slice(raw.payload),
    }
    let mut out = Vec::new();
    RawFrame { payload: &payload, ..*raw }.encode(&mut out).unwrap();
    out
}

fn written_by_them(frame: &AMQPFrame) -> Vec<u8> {
    let written: Result<WriteContext<Vec<u8>>, GenError> =
        gen_frame(frame)(WriteContext::from(Vec::new()));
    written.unwrap().into_inner().0
}

fn same_properties(ours: &Properties<'_>, theirs: &AMQPProperties) -> bool {
    ours.content_type().same(theirs.content_type())
        && ours.content_encoding().same(theirs.content_encoding())
        && ours.headers().same(theirs.headers())
        && ours.delivery_mode().same(theirs.delivery_mode())
        && ours.priority().same(theirs.priority())
        && ours.correlation_id().same(theirs.correlation_id())
        && ours.reply_to().same(theirs.reply_to())
        && ours.expiration().same(theirs.expiration())
        && ours.message_id().same(theirs.message_id())
        && ours.timestamp().same(theirs.timestamp())
        && ours.r#type().same(theirs.kind())
        && ours.user_id().same(theirs.user_id())
        && ours.app_id().same(theirs.app_id())
        && ours.cluster_id().same(theirs.cluster_id())
}

/// Why they may refuse what we take.
fn why_only_we(frame: &Frame<'_>, payload: &[u8]) -> Option<Difference> {
    if let Frame::Method { method, .. } = frame
        && !methods::is_known(method)
    {
        return Some(Difference::UnknownMethod);
    }
    let tables = tables(frame, payload);
    let is_text = |octets: &[u8]| core::str::from_utf8(octets).is_ok();
    let names = tables.iter().flat_map(Table::iter).map(|(name, _)| name.as_octets());
    if !names.chain(texts(frame, payload)).all(is_text) {
        return Some(Difference::TextOfOctets);
    }
    let outermost = outermost_tables(frame, payload);
    outermost.iter().any(|octets| has_other_types(octets)).then_some(Difference::UnknownType)
}

/// Why they may take what we refuse.
fn why_only_they(error: &DecodeError, raw: &RawFrame<'_>) -> Option<Difference> {
    match error.kind() {
        DecodeErrorKind::BadFlags { .. } => Some(Difference::UnknownFlags),
        DecodeErrorKind::UnknownClass { .. } => Some(Difference::OtherClass),
        DecodeErrorKind::TrailingOctets { .. } if raw.frame_type == FrameType::HEARTBEAT => {
            Some(Difference::HeartbeatWithOctets)
        }
        DecodeErrorKind::TooDeep { .. }
        | DecodeErrorKind::TooManyEntries { .. }
        | DecodeErrorKind::TooLarge { .. } => Some(Difference::Limits),
        _ => None,
    }
}

/// The octets of the tables that aren't inside of others.
fn outermost_tables<'a>(frame: &Frame<'a>, payload: &'a [u8]) -> Vec<&'a [u8]> {
    match frame {
        Frame::Method { method, .. } => layout_of(method).contents(payload, Content::Tables),
        Frame::Header { header, .. } => {
            header.properties.headers().iter().map(Table::as_octets).collect()
        }
        _ => Vec::new(),
    }
}

/// All tables, those inside of others too.
fn tables<'a>(frame: &Frame<'a>, payload: &'a [u8]) -> Vec<Table<'a>> {
    let outermost = outermost_tables(frame, payload).into_iter();
    let mut open: Vec<_> = outermost
        .map(|octets| Value::Table(Table::parse(octets, &TableLimits::DEFAULT).unwrap()))
        .collect();
    let mut tables = Vec::new();
    while let Some(value) = open.pop() {
        match value {
            Value::Table(table) => {
                tables.push(table);
                open.extend(table.iter().map(|(_, value)| value));
            }
            Value::Array(array) => open.extend(array.iter()),
            _ => {}
        }
    }
    tables
}

/// Short strings outside of tables.
fn texts<'a>(frame: &Frame<'a>, payload: &'a [u8]) -> Vec<&'a [u8]> {
    match frame {
        Frame::Method { method, .. } => layout_of(method).contents(payload, Content::ShortStrings),
        Frame::Header { header, .. } => {
            header.properties.iter().filter_map(|(_, value)| value.as_octets()).collect()
        }
        _ => Vec::new(),
    }
}

fn layout_of(method: &Method<'_>) -> &'static layout::Layout {
    layout::named(Dialect::V0_9_1, method.kind().name())
}

fn has_duplicates(table: Table<'_>) -> bool {
    let mut names: Vec<_> = table.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// Whether a table has values of types that they don't know, at whatever depth.
fn has_other_types(table: &[u8]) -> bool {
    let mut open = vec![(table, true)];
    while let Some((mut octets, is_named)) = open.pop() {
        while !octets.is_empty() {
            match take_raw(&mut octets, is_named) {
                (_, b'F', value) => open.push((&value[4..], true)),
                (_, b'A', value) => open.push((&value[4..], false)),
                (_, tag, _) if b"tbBsUuIilLfdDSTVx".contains(&tag) => {}
                _ => return true,
            }
        }
    }
    false
}
