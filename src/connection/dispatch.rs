//! From whole frames to events: each frame is judged when its turn comes.

use bytes::Bytes;

use crate::channel::{Fault, Incoming};
use crate::connection::Connection;
use crate::connection::ahead::{PROTOCOL_HEADER_LEN, Preamble};
use crate::error::Got;
use crate::event::Event;
use crate::frame::{
    FRAME_END, FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader, FrameType, OVERHEAD_OCTETS,
    PeerProtocol,
};
use crate::phase::{Phase, Side};
use crate::protocol::{MethodKind, ReplyCode};

impl Connection {
    /// The next thing that has happened; `None` when nothing has, or while a decision is owed.
    // Inlined into the caller's loop the event would be moved once more, right after it was written.
    #[inline(never)]
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.input.open.is_some() {
            return self.poll_inside_frame();
        }
        let mut next = None;
        self.decode(&mut next);
        next
    }

    /// Decodes until there is something to tell, or nothing left that may be decoded now. No frame is open
    /// whose octets are there.
    #[inline]
    fn decode(&mut self, next: &mut Option<Event>) {
        while self.may_decode(next) {
            if self.input.has_chunk() {
                self.decode_chunk(next);
                if next.is_some() {
                    return;
                }
            } else if self.opens_body(next) {
                if next.is_some() {
                    return;
                }
            } else if self.input.is_fine_ahead(self.largest_body) {
                self.input.gather();
                return;
            } else if !self.ends_here() {
                self.judge_ahead();
                self.input.gather();
                *next = self.session.events.pop_front();
                return;
            }
        }
    }

    /// Whether frames may be decoded now. If not, `next` is what there is to tell.
    #[inline(always)]
    pub(super) fn may_decode(&mut self, next: &mut Option<Event>) -> bool {
        if !self.session.events.is_empty() || self.session.phase == Phase::Closed {
            *next = self.session.events.pop_front();
            return false;
        }
        if self.gate.is_some() {
            if self.input.ended {
                self.end_of_stream();
                *next = self.session.events.pop_front();
            }
            return false;
        }
        self.stalled = self.session.output_gated() && !self.input.ended;
        if self.session.held.is_some() && !self.session.is_held() {
            self.session.held = None;
        }
        !self.stalled && self.session.held.is_none()
    }

    /// Decodes frames until there is something to tell or the chunk is used up.
    #[inline]
    fn decode_chunk(&mut self, next: &mut Option<Event>) {
        self.busy = true;
        while let Some(taken) = self.step(next) {
            if self.session.held.is_some() {
                return; // A content that has to wait is judged again when there is room to remember it.
            }
            self.input.at += taken;
            // A decision is owed and it is over only behind an event that says so.
            if next.is_some() || !self.session.events.is_empty() || self.session.output_gated() {
                break;
            }
        }
        if let Some(chunk) = self.input.used_up() {
            self.let_go_of(&chunk);
        }
    }

    /// Contents that have begun keep nothing of the read buffer. What else may be at their places now, as
    /// their channels are gone, has begun in the same chunk or holds nothing.
    #[inline(never)]
    fn let_go_of(&mut self, chunk: &Bytes) {
        while let Some(slot) = self.session.pinning.pop() {
            if let Some(state) = self.session.channels.get_mut(slot) {
                state.pinning = false;
                state.let_go_of(chunk, &mut self.session.gathering);
            }
        }
    }

    /// Whether the stream ends here; the terminal event is queued then.
    #[inline(never)]
    fn ends_here(&mut self) -> bool {
        if self.input.ended && self.other_protocol().is_none() && self.judged_ahead().is_none() {
            self.end_of_stream();
            return true;
        }
        false
    }

    /// A frame that isn't whole is judged by its header once nothing precedes it (`LIM-01`).
    #[inline(never)]
    fn judge_ahead(&mut self) {
        if let Some(protocol) = self.other_protocol() {
            self.speaks(protocol);
        } else if let Some(fault) = self.judged_ahead() {
            if self.session.phase == Phase::Header {
                self.refuse_header();
            } else {
                self.violated(fault, true);
            }
        }
    }

    fn judged_ahead(&self) -> Option<Fault> {
        let octets = self.input.ahead().octets();
        let chunk = Bytes::new();
        let offset = self.input.offset();
        let at_end = Incoming { chunk: &chunk, payload: &[], start: 0, channel: 0, offset };
        match self.input.preamble() {
            Preamble::Past => {}
            // HDR-04: what tells another protocol need not wait for its eighth octet. Other octets
            // do, so that the same is told however they are split (FRM-05).
            Preamble::Expected => {
                let got = Got::Text("other octets");
                return PeerProtocol::recognise(octets).map(|_| {
                    at_end.fault("HDR-03", ReplyCode::FRAME_ERROR, "a protocol header", got)
                });
            }
            Preamble::Possible
                if octets.first().is_some_and(|octet| !FrameType(*octet).is_known()) =>
            {
                return None;
            }
            Preamble::Possible => {}
        }
        let header = FrameHeader::parse(octets.first_chunk::<FRAME_HEADER_LEN>()?);
        let at_end = Incoming { channel: header.channel, ..at_end };
        self.judge_header(header, &at_end).err()
    }

    /// One frame, or the protocol header. Returns the octets taken; `None`: the chunk is used up.
    ///
    /// What nearly all frames are comes first; all others, and all that is wrong, take the long way.
    #[inline]
    fn step(&mut self, next: &mut Option<Event>) -> Option<usize> {
        let (chunk, at) = (self.input.chunk.as_ref()?, self.input.at);
        let (header, rest) = chunk.get(at..)?.split_first_chunk::<FRAME_HEADER_LEN>()?;
        let FrameHeader { frame_type, channel, size } = FrameHeader::parse(header);
        let whole = rest.get(..=size as usize).and_then(<[u8]>::split_last);
        let Some((&FRAME_END, payload)) = whole else { return self.step_cutting() };
        let (start, offset) = (place(at), self.input.offset());
        let frame = Incoming { chunk, payload, start, channel, offset };
        let is_usual = self.session.phase == Phase::Open && channel != 0;
        let result = match frame_type {
            FrameType::BODY if is_usual && size <= self.largest_body => {
                self.session.on_body_frame(&frame, &self.rules, next)
            }
            FrameType::HEADER if is_usual && size <= self.largest_other => {
                self.session.on_header_frame(&frame, &self.rules, next)
            }
            FrameType::METHOD if is_usual && size <= self.largest_other => {
                self.session.on_method_frame(&frame, next)
            }
            _ => return Some(self.step_judging()),
        };
        if let Err(fault) = result {
            self.violated(fault, false);
        }
        Some(size as usize + FRAME_OVERHEAD)
    }

    /// The same for a frame that isn't whole, or whose end is wrong, or for the protocol header.
    #[cold]
    fn step_cutting(&mut self) -> Option<usize> {
        if self.input.ends_before_frame() { None } else { Some(self.step_judging()) }
    }

    /// One frame that is judged in all respects, one after the other, or the protocol header. Returns
    /// the octets taken.
    #[inline(never)]
    fn step_judging(&mut self) -> usize {
        let Some(chunk) = self.input.chunk.take() else { return 0 };
        let octets = chunk.get(self.input.at..).unwrap_or(&[]);
        let taken = if self.input.offset() == 0 && self.takes_preamble(octets) {
            PROTOCOL_HEADER_LEN
        } else {
            self.judge(&chunk, octets)
        };
        if !self.input.is_dead() {
            self.input.chunk = Some(chunk);
        }
        taken
    }

    fn judge(&mut self, chunk: &Bytes, octets: &[u8]) -> usize {
        let Some((header, rest)) = octets.split_first_chunk::<FRAME_HEADER_LEN>() else {
            return octets.len();
        };
        let header = FrameHeader::parse(header);
        let (payload, rest) = rest.split_at_checked(header.size as usize).unwrap_or_default();
        let (start, offset) = (place(self.input.at), self.input.offset());
        let frame = Incoming { chunk, payload, start, channel: header.channel, offset };
        let framed =
            self.judge_header(header, &frame).and_then(|()| judge_end(rest.first(), &frame));
        if let Err(fault) = framed {
            self.violated(fault, true);
        } else if let Err(fault) = self.on_frame(header.frame_type, &frame) {
            self.violated(fault, false);
        }
        header.size as usize + FRAME_OVERHEAD
    }

    #[cold]
    fn takes_preamble(&mut self, octets: &[u8]) -> bool {
        let preamble = octets.first_chunk::<PROTOCOL_HEADER_LEN>();
        self.session.phase <= Phase::Start
            && preamble.is_some_and(|octets| self.on_preamble(octets))
    }

    /// Type and size, from the seven octets alone (`FRM-03`, `FRM-06`).
    fn judge_header(&self, header: FrameHeader, frame: &Incoming<'_>) -> Result<(), Fault> {
        let largest = match header.frame_type {
            FrameType::METHOD | FrameType::HEADER => self.largest_other,
            FrameType::BODY | FrameType::HEARTBEAT => self.largest_body,
            _ if self.session.phase == Phase::Closing => self.largest_body, // CLS-01
            _ => {
                let got = Got::Frame(header.frame_type);
                return Err(frame.fault(
                    "FRM-03",
                    ReplyCode::FRAME_ERROR,
                    "a frame of type 1, 2, 3 or 8",
                    got,
                ));
            }
        };
        if header.size > largest {
            let (rule, expected) = if self.session.phase < Phase::Opening {
                ("LIM-02", "a payload within the limit before tuning")
            } else {
                ("FRM-06", "a payload within the agreed frame-max")
            };
            let got = Got::Number(header.size.into());
            return Err(frame.fault(rule, ReplyCode::FRAME_ERROR, expected, got));
        }
        Ok(())
    }

    /// What [`step`](Self::step) didn't send to a channel.
    fn on_frame(&mut self, frame_type: FrameType, frame: &Incoming<'_>) -> Result<(), Fault> {
        let got = Got::Frame(frame_type);
        match (frame_type, self.session.phase) {
            (FrameType::METHOD, _) => self.on_connection_frame(frame),
            (FrameType::HEARTBEAT, _) => self.on_heartbeat(frame),
            (_, Phase::Closing) => Ok(()), // CLS-01
            (_, Phase::Open) => {
                Err(frame.fault("FRM-11", ReplyCode::CHANNEL_ERROR, "a channel above 0", got))
            }
            _ => {
                let expected = "the next method of the handshake";
                Err(frame.fault("HS-01", ReplyCode::COMMAND_INVALID, expected, got))
            }
        }
    }

    fn on_heartbeat(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        if self.session.phase == Phase::Closing {
            return Ok(());
        }
        if frame.channel != 0 {
            let got = Got::Number(frame.channel.into());
            return Err(frame.fault("HB-02", ReplyCode::COMMAND_INVALID, "channel 0", got));
        }
        if !frame.payload.is_empty() {
            let got = Got::Number(frame.size().into());
            return Err(frame.fault("HB-03", ReplyCode::FRAME_ERROR, "an empty payload", got));
        }
        Ok(()) // HB-04: legal at any moment
    }

    /// A method on channel 0, or one that comes when the connection isn't open.
    fn on_connection_frame(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        let id = frame.method_id();
        if self.session.phase == Phase::Closing {
            return match id.and_then(|id| MethodKind::from_id(self.session.dialect, id)) {
                Some(kind) if frame.channel == 0 => self.on_method_while_closing(frame, kind),
                _ => Ok(()), // CLS-01
            };
        }
        let Some(id) = id else { return Err(frame.without_ids()) };
        let result = match self.session.judge_method(frame, id) {
            Ok(kind) if kind.info().on_channel_zero => self.on_connection_method(frame, kind),
            Ok(kind) => {
                let expected = "the next method of the handshake";
                Err(frame.wrong_method("HS-01", ReplyCode::COMMAND_INVALID, expected, kind))
            }
            Err(fault) => Err(fault),
        };
        result.map_err(|mut fault| {
            fault.method = id; // CLS-07: whatever is wrong with a method, the Close names it.
            fault
        })
    }

    /// The largest payloads that the peer may send from now on.
    pub(super) fn judge_by_tuned_limits(&mut self) {
        let slack = if self.session.profile.payload_up_to_frame_max { 0 } else { OVERHEAD_OCTETS };
        // What is never cut can't be waited for: a client may answer "no limit" by a huge frame-max.
        let ceiling = self.input.ceiling();
        self.largest_body = (self.session.frame_max - slack).min(ceiling);
        self.largest_other = match self.session.side {
            // TUN-09: RabbitMQ sends methods and headers larger than frame-max.
            Side::Client => {
                let own = self.session.limits.method_or_header_frame.saturating_sub(slack);
                self.largest_body.max(own).min(ceiling)
            }
            Side::Server => self.largest_body,
        };
    }
}

/// A place in a chunk.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "no chunk is longer than 1 GiB")]
const fn place(at: usize) -> u32 {
    at as u32
}

/// The end octet, before the payload is looked at (`FRM-02`).
pub(super) fn judge_end(octet: Option<&u8>, frame: &Incoming<'_>) -> Result<(), Fault> {
    match octet {
        Some(&FRAME_END) => Ok(()),
        octet => {
            let got = Got::Number(octet.copied().unwrap_or(0).into());
            Err(frame.fault("FRM-02", ReplyCode::FRAME_ERROR, "206 at the end of the frame", got))
        }
    }
}
