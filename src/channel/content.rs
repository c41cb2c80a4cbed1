//! Contents that come in: one method, one header, body frames (`CNT-01`).

use alloc::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::channel::incoming::{Fault, Incoming};
use crate::channel::returns::Likeness;
use crate::channel::state::ChannelState;
use crate::error::{Got, Scope};
use crate::event::{Content, ContentPart, ContentStart, Event, Head, ONE_OF_SEVERAL, RequestId};
use crate::frame::{CONTENT_HEADER_MIN_SIZE, FRAME_HEADER_LEN, FrameHeader, FrameType};
use crate::protocol::{ContentHeader, Dialect, MethodKind, ReplyCode};
use crate::wire::{DecodeError, DecodeErrorKind, TableLimits};

/// How far the content on a channel has come.
#[derive(Clone, Debug, Default)]
pub(crate) enum Receiving {
    #[default]
    Nothing,
    /// The method has come, the header is next.
    Header(Carrier),
    /// The header has come, `missing` body octets are to follow.
    Body { carrier: Carrier, header_at: u32, missing: u64, empty: u16, whole: bool },
}

/// The method that carries a content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carrier {
    pub(crate) kind: MethodKind,
    /// A publish's number (server), a get's request (client); of a return (client) what its method
    /// tells of the publish, then the publish's number.
    pub(crate) number: u64,
    pub(crate) at: HeadPlace,
}

/// Where the octets of method and header are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HeadPlace {
    /// In the chunk that is being decoded.
    Chunk { start: u32, end: u32 },
    /// In the channel's own buffer, because the chunk ended or never held all of it.
    Buffer,
    /// Handed over with the beginning of the content.
    Gone,
}

/// What the session knows that a content needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContentRules {
    pub(crate) dialect: Dialect,
    pub(crate) streamed: bool,
    pub(crate) whole_body: u64,
    pub(crate) max_body: u64,
    pub(crate) empty_body_frames: u16,
    pub(crate) any_weight: bool,
    pub(crate) table: TableLimits,
}

impl ChannelState {
    /// A content method has come; its header is next.
    pub(crate) fn begin_content(&mut self, frame: &Incoming<'_>, kind: MethodKind, number: u64) {
        let at = HeadPlace::Chunk { start: frame.start, end: frame.payload_end() };
        self.receiving = Receiving::Header(Carrier { kind, number, at });
    }

    pub(crate) fn on_header(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        next: &mut Option<Event>,
        events: &mut VecDeque<Event>,
    ) -> Result<(), Fault> {
        let Receiving::Header(carrier) = self.receiving else {
            let (rule, expected) = match self.receiving {
                Receiving::Nothing => ("CNT-03", "a method"),
                _ => ("CNT-05", "a body frame"),
            };
            let got = Got::Frame(FrameType::HEADER);
            return Err(frame.fault(rule, ReplyCode::UNEXPECTED_FRAME, expected, got));
        };
        let header = ContentHeader::parse(frame.payload, &rules.table)
            .map_err(|error| header_fault(frame, error))?;
        self.judge_header(frame, carrier.kind, &header, rules)?;
        let (mut carrier, header_at) = self.join_header(frame, carrier);
        let size = header.body_size;
        if carrier.kind == MethodKind::BasicReturn {
            carrier.number = self.returned(Likeness::new(carrier.number, &header.properties, size));
        }
        if rules.streamed || size > rules.whole_body {
            let head = self.take_head(frame.chunk, carrier, header_at, rules.dialect);
            self.receiving = match size {
                0 => Receiving::Nothing,
                missing => {
                    carrier.at = HeadPlace::Gone;
                    Receiving::Body { carrier, header_at, missing, empty: 0, whole: false }
                }
            };
            *next = Some(Event::ContentStart(ContentStart { head }));
            if size == 0 {
                let (channel, octets) = (self.id, Bytes::new());
                events.push_back(Event::ContentPart(ContentPart { channel, octets, last: true }));
            }
            return Ok(());
        }
        if size == 0 {
            // CNT-09: complete with the header.
            let head = self.take_head(frame.chunk, carrier, header_at, rules.dialect);
            self.receiving = Receiving::Nothing;
            *next = Some(Event::Content(Content { body: Bytes::new(), head }));
            return Ok(());
        }
        self.receiving =
            Receiving::Body { carrier, header_at, missing: size, empty: 0, whole: true };
        Ok(())
    }

    fn judge_header(
        &self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        header: &ContentHeader<'_>,
        rules: &ContentRules,
    ) -> Result<(), Fault> {
        if header.weight != 0 && !rules.any_weight {
            let got = Got::Number(header.weight.into());
            return Err(frame.fault("CNT-08", ReplyCode::FRAME_ERROR, "weight 0", got));
        }
        if header.body_size > rules.max_body {
            // LIM-04: judged before a single octet of the body is taken.
            let got = Got::Number(header.body_size);
            let mut fault = frame.fault(
                "LIM-04",
                ReplyCode::CONTENT_TOO_LARGE,
                "a body within the limit of this side",
                got,
            );
            fault.scope = Scope::Channel(frame.channel);
            fault.method = kind.id(rules.dialect).unwrap_or_default();
            return Err(fault);
        }
        Ok(())
    }

    /// The publish that comes back, 0 if it is none that could (`CNF-04`).
    fn returned(&mut self, likeness: Likeness) -> u64 {
        if self.confirms.is_selecting() {
            return 0; // Publishes before confirm.select have no number.
        }
        let returned = self.returns.as_mut().and_then(|returns| returns.take(likeness));
        returned.map_or(0, |returned| {
            returned.number | if returned.is_one_of_several { ONE_OF_SEVERAL } else { 0 }
        })
    }

    /// Brings the header's octets behind those of the method.
    fn join_header(&mut self, frame: &Incoming<'_>, carrier: Carrier) -> (Carrier, u32) {
        match carrier.at {
            HeadPlace::Chunk { start, .. } => {
                let at = HeadPlace::Chunk { start, end: frame.payload_end() };
                (Carrier { at, ..carrier }, frame.payload_start() - start)
            }
            HeadPlace::Buffer | HeadPlace::Gone => {
                let header_at = u32::try_from(self.head_buffer.len()).unwrap_or(u32::MAX);
                self.head_buffer.extend_from_slice(frame.payload);
                (carrier, header_at)
            }
        }
    }

    fn take_head(
        &mut self,
        chunk: &Bytes,
        carrier: Carrier,
        header_at: u32,
        dialect: Dialect,
    ) -> Head {
        let octets = match carrier.at {
            HeadPlace::Chunk { start, end } => slice(chunk, start, end),
            HeadPlace::Buffer | HeadPlace::Gone => self.head_buffer.split().freeze(),
        };
        let Carrier { kind, number, .. } = carrier;
        Head { octets, number, header_at, channel: self.id.number(), kind, dialect }
    }

    pub(crate) fn on_body(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        let got = Got::Frame(FrameType::BODY);
        let Receiving::Body { carrier, header_at, missing, empty, whole } = &mut self.receiving
        else {
            let (rule, expected) = match self.receiving {
                Receiving::Header(_) => ("CNT-02", "a content header"),
                _ => ("CNT-03", "a method"),
            };
            return Err(frame.fault(rule, ReplyCode::UNEXPECTED_FRAME, expected, got));
        };
        let len = u64::from(frame.size());
        if len > *missing {
            let got = Got::Number(len);
            return Err(frame.fault(
                "CNT-11",
                ReplyCode::FRAME_ERROR,
                "no more body octets than the header announced",
                got,
            ));
        }
        if len == 0 {
            *empty = empty.saturating_add(1);
            if *empty > rules.empty_body_frames {
                let got = Got::Number(u64::from(*empty));
                return Err(frame.fault(
                    "CNT-10",
                    ReplyCode::FRAME_ERROR,
                    "fewer empty body frames in a row",
                    got,
                ));
            }
            return Ok(());
        }
        *empty = 0;
        *missing -= len;
        let last = *missing == 0;
        if !*whole {
            if last {
                self.receiving = Receiving::Nothing;
            }
            let octets = slice(frame.chunk, frame.payload_start(), frame.payload_end());
            *next = Some(Event::ContentPart(ContentPart { channel: self.id, octets, last }));
            return Ok(());
        }
        if !last {
            self.body_buffer.extend_from_slice(frame.payload);
            return Ok(());
        }
        let (carrier, header_at) = (*carrier, *header_at);
        self.receiving = Receiving::Nothing;
        let head = self.take_head(frame.chunk, carrier, header_at, rules.dialect);
        let body = if self.body_buffer.is_empty() {
            slice(frame.chunk, frame.payload_start(), frame.payload_end())
        } else {
            self.body_buffer.extend_from_slice(frame.payload);
            self.body_buffer.split().freeze()
        };
        *next = Some(Event::Content(Content { body, head }));
        Ok(())
    }

    /// Moves what an unfinished content holds of `chunk` into the channel's own buffer, so that the
    /// read buffer can be reused.
    pub(crate) fn let_go_of(&mut self, chunk: &Bytes) {
        let (carrier, header_at) = match &mut self.receiving {
            Receiving::Nothing => return,
            Receiving::Header(carrier) => (carrier, None),
            Receiving::Body { carrier, header_at, .. } => (carrier, Some(header_at)),
        };
        let HeadPlace::Chunk { start, end } = carrier.at else { return };
        carrier.at = HeadPlace::Buffer;
        let octets = chunk.get(start as usize..end as usize).unwrap_or(&[]);
        let method_len = octets
            .first_chunk()
            .map_or(0, |header| FRAME_HEADER_LEN + FrameHeader::parse(header).size as usize);
        // Frames of other channels may lie between method and header: they stay behind.
        self.head_buffer.clear();
        self.head_buffer.extend_from_slice(octets.get(..method_len).unwrap_or(&[]));
        if let Some(header_at) = header_at {
            let header = octets.get(*header_at as usize..).unwrap_or(&[]);
            self.head_buffer.extend_from_slice(header);
            *header_at = u32::try_from(method_len).unwrap_or(u32::MAX);
        }
    }

    /// The request that the unfinished content answers, unless its beginning was handed over.
    pub(crate) fn unfinished_get(&self) -> Option<RequestId> {
        let (Receiving::Header(carrier) | Receiving::Body { carrier, whole: true, .. }) =
            &self.receiving
        else {
            return None;
        };
        (carrier.kind == MethodKind::BasicGetOk).then_some(RequestId(carrier.number))
    }

    /// Forgets an unfinished content.
    pub(crate) fn drop_content(&mut self) {
        self.receiving = Receiving::Nothing;
        self.head_buffer = BytesMut::new();
        self.body_buffer = BytesMut::new();
    }
}

#[cold]
fn header_fault(frame: &Incoming<'_>, error: DecodeError) -> Fault {
    match error.kind() {
        _ if frame.size() < CONTENT_HEADER_MIN_SIZE => frame.fault(
            "FRM-08",
            ReplyCode::FRAME_ERROR,
            "class, weight, body size and flags",
            Got::Number(frame.size().into()),
        ),
        DecodeErrorKind::UnknownClass { class_id } => frame.fault(
            "CNT-07",
            ReplyCode::UNEXPECTED_FRAME,
            "the class of the method in the content header",
            Got::Number(class_id.into()),
        ),
        _ => frame.malformed("CNT-15", error),
    }
}

fn slice(chunk: &Bytes, start: u32, end: u32) -> Bytes {
    let (start, end) = (start as usize, end as usize);
    if start <= end && end <= chunk.len() { chunk.slice(start..end) } else { Bytes::new() }
}
