//! Contents that come in: one method, one header, body frames (`CNT-01`).

mod parts;

use bytes::{Bytes, BytesMut};

use crate::channel::gathering::{Gathering, SMALL_HEADER, append};
use crate::channel::incoming::{Fault, Incoming};
use crate::channel::returns::Likeness;
use crate::channel::state::ChannelState;
use crate::error::{Got, Scope};
use crate::event::{
    Content, ContentPart, ContentStart, Event, Events, Head, ONE_OF_SEVERAL, RequestId,
};
use crate::frame::{CONTENT_HEADER_MIN_SIZE, FRAME_HEADER_LEN, FrameHeader, FrameType};
use crate::protocol::{ContentHeader, Dialect, MethodKind, Properties, ReplyCode};
use crate::wire::{DecodeErrorKind, TableLimits};

/// How far the content on a channel has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receiving {
    pub(crate) awaited: Awaited,
    /// The method that carries the content.
    kind: MethodKind,
    /// Its octets are handed out together, not part by part.
    whole: bool,
    /// Empty body frames in a row.
    empty: u16,
    /// Octets that are set aside for it among those of all channels.
    held: u32,
    head: HeadPlace,
    /// Where the header's payload begins, counted from the method's frame.
    header_at: u32,
    /// A publish's number (server), a get's request (client); of a return (client) what its method
    /// tells of the publish, then the publish's number.
    number: u64,
    /// Octets of the body that are to follow.
    missing: u64,
}

/// What comes next on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// Any method.
    Method,
    /// The header of the content that has begun.
    Header,
    /// The rest of its body.
    Body,
}

impl Receiving {
    pub(crate) const NOTHING: Self = Self {
        awaited: Awaited::Method,
        kind: MethodKind::BasicPublish,
        whole: true,
        empty: 0,
        held: 0,
        head: HeadPlace::Gone,
        header_at: 0,
        number: 0,
        missing: 0,
    };
}

/// Where the octets of method and header are, their frames' headers included.
#[derive(Clone, Copy, Debug)]
enum HeadPlace {
    /// In the chunk that is being decoded, from here on.
    Chunk { start: u32 },
    /// In the channel's own buffer, because the chunk ended or the body comes in several frames.
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
    #[inline]
    pub(crate) fn begin_content(&mut self, frame: &Incoming<'_>, kind: MethodKind, number: u64) {
        self.receiving.awaited = Awaited::Header;
        self.receiving.kind = kind;
        self.receiving.head = HeadPlace::Chunk { start: frame.start };
        self.receiving.number = number;
    }

    pub(crate) fn on_header(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        gathering: &mut Gathering,
        next: &mut Option<Event>,
        events: &mut Events,
    ) -> Result<(), Fault> {
        if self.receiving.awaited != Awaited::Header {
            return Err(self.unexpected(frame, FrameType::HEADER));
        }
        let Some(header) = ContentHeader::read(frame.payload, &rules.table) else {
            return Err(header_fault(frame, rules));
        };
        let size = header.body_size;
        if header.weight != 0 && !rules.any_weight || size > rules.max_body {
            return Err(self.unwanted(frame, header.weight, size, rules));
        }
        let receiving = &mut self.receiving;
        match receiving.head {
            HeadPlace::Chunk { start } => receiving.header_at = frame.payload_start() - start,
            HeadPlace::Buffer | HeadPlace::Gone => {
                let header_at = self.gathered.len() + FRAME_HEADER_LEN;
                receiving.header_at = u32::try_from(header_at).unwrap_or(u32::MAX);
                self.gathered.extend_from_slice(frame.octets());
            }
        }
        receiving.awaited = Awaited::Body;
        receiving.missing = size;
        receiving.empty = 0;
        receiving.whole = !rules.streamed && size <= rules.whole_body;
        if receiving.kind == MethodKind::BasicReturn {
            self.receiving.number = self.returned(header.properties, size);
        }
        if size > 0 && self.receiving.whole {
            let is_small = frame.size() <= SMALL_HEADER;
            if is_small || self.hold(frame.size().into(), frame, rules, gathering)? {
                return Ok(());
            }
        }
        self.hand_out(frame, rules, size, gathering, next, events);
        Ok(())
    }

    /// Sets room aside for what the content on this channel is to hold. False: there is none, and it comes
    /// in parts. A fault: and this side takes no parts.
    #[cold]
    #[inline(never)]
    fn hold(
        &mut self,
        octets: u64,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        gathering: &mut Gathering,
    ) -> Result<bool, Fault> {
        if let Some(held) = gathering.hold(self.receiving.held, octets) {
            self.receiving.held = held;
            return Ok(true);
        }
        if rules.max_body > rules.whole_body {
            self.receiving.whole = false;
            return Ok(false);
        }
        let (code, got) = (ReplyCode::CONTENT_TOO_LARGE, Got::Number(octets));
        let expected = "fewer contents that aren't complete";
        let mut fault = frame.fault("LIM-10", code, expected, got);
        fault.scope = Scope::Channel(frame.channel);
        fault.method = self.receiving.kind.id(rules.dialect).unwrap_or_default();
        Err(fault)
    }

    /// Hands out a content without a body, or the beginning of one whose body comes part by part.
    #[inline(never)]
    fn hand_out(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        size: u64,
        gathering: &mut Gathering,
        next: &mut Option<Event>,
        events: &mut Events,
    ) {
        let head = self.take_head(frame, rules, gathering);
        if size == 0 {
            self.receiving.awaited = Awaited::Method; // CNT-09
        }
        if self.receiving.whole {
            *next = Some(Event::Content(Content::without_body(head)));
            return;
        }
        self.receiving.head = HeadPlace::Gone;
        *next = Some(Event::ContentStart(ContentStart { head }));
        if size == 0 {
            let (channel, octets) = (self.id, Bytes::new());
            events.push_back(Event::ContentPart(ContentPart { channel, octets, last: true }));
        }
    }

    /// A frame of a content that may not come now.
    #[cold]
    fn unexpected(&self, frame: &Incoming<'_>, frame_type: FrameType) -> Fault {
        let (rule, expected) = match (self.receiving.awaited, frame_type) {
            (Awaited::Method, _) => ("CNT-03", "a method"),
            (Awaited::Header, _) => ("CNT-02", "a content header"),
            (Awaited::Body, _) => ("CNT-05", "a body frame"),
        };
        let got = Got::Frame(frame_type);
        frame.fault(rule, ReplyCode::UNEXPECTED_FRAME, expected, got)
    }

    /// What is wrong with a header that is well-formed.
    #[cold]
    fn unwanted(
        &self,
        frame: &Incoming<'_>,
        weight: u16,
        size: u64,
        rules: &ContentRules,
    ) -> Fault {
        if weight != 0 && !rules.any_weight {
            let got = Got::Number(weight.into());
            return frame.fault("CNT-08", ReplyCode::FRAME_ERROR, "weight 0", got);
        }
        // LIM-04: judged before a single octet of the body is taken.
        let (code, got) = (ReplyCode::CONTENT_TOO_LARGE, Got::Number(size));
        let mut fault = frame.fault("LIM-04", code, "a body within the limit of this side", got);
        fault.scope = Scope::Channel(frame.channel);
        fault.method = self.receiving.kind.id(rules.dialect).unwrap_or_default();
        fault
    }

    /// The publish that comes back, 0 if it is none that could (`CNF-04`).
    #[inline(never)]
    fn returned(&mut self, properties: Properties<'_>, size: u64) -> u64 {
        let likeness = Likeness::new(self.receiving.number, &properties, size);
        if self.confirms.is_selecting() {
            return 0; // Publishes before confirm.select have no number.
        }
        let returned = self.returns.as_mut().and_then(|returns| returns.take(likeness));
        returned.map_or(0, |returned| {
            returned.number | if returned.is_one_of_several { ONE_OF_SEVERAL } else { 0 }
        })
    }

    /// Method and header, where `frame` is the last that is needed.
    fn take_head(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        gathering: &mut Gathering,
    ) -> Head {
        let octets = match self.receiving.head {
            HeadPlace::Chunk { start } => slice(frame.chunk, start, frame.payload_end()),
            HeadPlace::Buffer | HeadPlace::Gone => self.take_buffer(gathering),
        };
        self.head(octets, rules)
    }

    /// All that was gathered.
    fn take_buffer(&mut self, gathering: &mut Gathering) -> Bytes {
        gathering.taken(core::mem::take(&mut self.gathered))
    }

    #[inline]
    fn head(&self, octets: Bytes, rules: &ContentRules) -> Head {
        let Receiving { kind, number, header_at, .. } = self.receiving;
        Head { octets, number, header_at, channel: self.id.number(), kind, dialect: rules.dialect }
    }

    pub(crate) fn on_body(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        gathering: &mut Gathering,
        next: &mut Option<Event>,
        events: &mut Events,
    ) -> Result<(), Fault> {
        let receiving = &mut self.receiving;
        if receiving.awaited != Awaited::Body {
            return Err(self.unexpected(frame, FrameType::BODY));
        }
        // Mostly a frame brings all of a body, or what is left of it.
        if u64::from(frame.size()) != receiving.missing || !receiving.whole {
            return self.on_some_body(frame, rules, gathering, next, events);
        }
        receiving.awaited = Awaited::Method;
        if receiving.held > 0 {
            gathering.let_go(core::mem::take(&mut receiving.held));
        }
        match self.receiving.head {
            HeadPlace::Chunk { start } => {
                let octets = slice(frame.chunk, start, frame.payload_end());
                let body_at = (frame.payload_start() - start) as usize;
                let head = self.head(octets, rules);
                *next = Some(Event::Content(Content { body: None, body_at, head }));
            }
            HeadPlace::Buffer | HeadPlace::Gone => {
                *next = Some(Event::Content(self.take_gathered(frame, rules, gathering)));
            }
        }
        Ok(())
    }

    /// A body frame that doesn't complete a content, or whose octets are handed on at once.
    #[inline(never)]
    fn on_some_body(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        gathering: &mut Gathering,
        next: &mut Option<Event>,
        events: &mut Events,
    ) -> Result<(), Fault> {
        let receiving = &mut self.receiving;
        let len = u64::from(frame.size());
        if len > receiving.missing {
            let got = Got::Number(len);
            return Err(frame.fault(
                "CNT-11",
                ReplyCode::FRAME_ERROR,
                "no more body octets than the header announced",
                got,
            ));
        }
        if len == 0 {
            return self.on_empty_body(frame, rules);
        }
        receiving.empty = 0;
        let size = receiving.missing;
        receiving.missing -= len;
        if receiving.whole {
            if self.has_gathered() || self.hold(size, frame, rules, gathering)? {
                self.gather(frame, gathering);
            } else {
                self.hand_out_begun(frame, rules, gathering, next, events);
            }
            return Ok(());
        }
        let last = receiving.missing == 0;
        if last {
            receiving.awaited = Awaited::Method;
        }
        let octets = slice(frame.chunk, frame.payload_start(), frame.payload_end());
        *next = Some(Event::ContentPart(ContentPart { channel: self.id, octets, last }));
        Ok(())
    }

    /// Whether octets of a body have been gathered.
    fn has_gathered(&self) -> bool {
        matches!(self.receiving.head, HeadPlace::Buffer) && self.gathered.len() > self.head_len()
    }

    /// Hands out the beginning of a content whose body there is no room for, and the first octets of that:
    /// the others come part by part.
    #[cold]
    fn hand_out_begun(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        gathering: &mut Gathering,
        next: &mut Option<Event>,
        events: &mut Events,
    ) {
        gathering.let_go(core::mem::take(&mut self.receiving.held));
        self.let_go_of(frame.chunk, gathering);
        let octets = self.take_buffer(gathering);
        let head = self.head(octets, rules);
        self.receiving.head = HeadPlace::Gone;
        *next = Some(Event::ContentStart(ContentStart { head }));
        let octets = slice(frame.chunk, frame.payload_start(), frame.payload_end());
        events.push_back(Event::ContentPart(ContentPart { channel: self.id, octets, last: false }));
    }

    #[cold]
    fn on_empty_body(&mut self, frame: &Incoming<'_>, rules: &ContentRules) -> Result<(), Fault> {
        let empty = self.receiving.empty.saturating_add(1);
        self.receiving.empty = empty;
        if empty > rules.empty_body_frames {
            let got = Got::Number(u64::from(empty));
            let expected = "fewer empty body frames in a row";
            return Err(frame.fault("CNT-10", ReplyCode::FRAME_ERROR, expected, got));
        }
        Ok(())
    }

    /// Keeps a part of a body that isn't the last one, behind what came before it.
    #[inline(never)]
    fn gather(&mut self, frame: &Incoming<'_>, gathering: &mut Gathering) {
        self.let_go_of(frame.chunk, gathering);
        append(&mut self.gathered, frame.payload, self.receiving.missing);
    }

    /// The content whose last body octets have come, where its head isn't in their chunk.
    #[inline(never)]
    fn take_gathered(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        gathering: &mut Gathering,
    ) -> Content {
        let head_len = self.head_len();
        let body = if self.gathered.len() == head_len {
            // All of the body is in one frame, which may be large.
            Some(slice(frame.chunk, frame.payload_start(), frame.payload_end()))
        } else {
            append(&mut self.gathered, frame.payload, 0);
            None
        };
        Content { body, body_at: head_len, head: self.take_head(frame, rules, gathering) }
    }

    /// Octets of method and header in the channel's own buffer.
    fn head_len(&self) -> usize {
        let header_at = self.receiving.header_at as usize;
        let before = header_at.checked_sub(FRAME_HEADER_LEN);
        let header = before.and_then(|at| self.gathered.get(at..)?.first_chunk());
        header_at + header.map_or(0, |header| FrameHeader::parse(header).size as usize)
    }

    /// Moves what an unfinished content holds of `chunk` into the channel's own buffer, so that the
    /// read buffer can be reused.
    pub(crate) fn let_go_of(&mut self, chunk: &Bytes, gathering: &mut Gathering) {
        let HeadPlace::Chunk { start } = self.receiving.head else { return };
        if self.receiving.awaited == Awaited::Method {
            return;
        }
        self.receiving.head = HeadPlace::Buffer;
        let octets = chunk.get(start as usize..).unwrap_or(&[]);
        // Frames of other channels may lie between method and header: they stay behind.
        self.gathered = gathering.place();
        self.gathered.extend_from_slice(first_frame(octets));
        if self.receiving.awaited == Awaited::Body {
            let header_at = self.receiving.header_at as usize - FRAME_HEADER_LEN;
            let behind = self.gathered.len() + FRAME_HEADER_LEN;
            self.receiving.header_at = u32::try_from(behind).unwrap_or(u32::MAX);
            self.gathered.extend_from_slice(first_frame(octets.get(header_at..).unwrap_or(&[])));
        }
    }

    /// The request that the unfinished content answers, unless its beginning was handed over.
    pub(crate) fn unfinished_get(&self) -> Option<RequestId> {
        let receiving = &self.receiving;
        let is_untold = match receiving.awaited {
            Awaited::Method => false,
            Awaited::Header => true,
            Awaited::Body => receiving.whole,
        };
        (is_untold && receiving.kind == MethodKind::BasicGetOk)
            .then_some(RequestId(receiving.number))
    }

    /// Forgets an unfinished content.
    pub(crate) fn drop_content(&mut self, gathering: &mut Gathering) {
        gathering.let_go(self.receiving.held);
        self.receiving = Receiving::NOTHING;
        self.gathered = BytesMut::new();
    }
}

/// The frame at the front, without its end octet.
fn first_frame(octets: &[u8]) -> &[u8] {
    let size = octets.first_chunk().map_or(0, |header| FrameHeader::parse(header).size as usize);
    octets.get(..FRAME_HEADER_LEN + size).unwrap_or(&[])
}

#[cold]
fn header_fault(frame: &Incoming<'_>, rules: &ContentRules) -> Fault {
    let error = ContentHeader::fault_in(frame.payload, &rules.table);
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

#[inline]
fn slice(chunk: &Bytes, start: u32, end: u32) -> Bytes {
    let (start, end) = (start as usize, end as usize);
    if start <= end && end <= chunk.len() { chunk.slice(start..end) } else { Bytes::new() }
}
