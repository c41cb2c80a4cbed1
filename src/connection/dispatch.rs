//! From whole frames to events: each frame is judged when its turn comes.

use bytes::Bytes;

use crate::channel::{Fault, Incoming};
use crate::connection::Connection;
use crate::connection::input::{PROTOCOL_HEADER_LEN, Preamble};
use crate::error::Got;
use crate::event::Event;
use crate::frame::{
    FRAME_END, FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader, FrameType, OVERHEAD_OCTETS,
    PeerProtocol,
};
use crate::phase::{Phase, Side};
use crate::protocol::{MethodId, MethodKind, ReplyCode};

impl Connection {
    /// The next thing that has happened; `None` when nothing has, or while a decision is owed.
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        let mut next = None;
        self.decode(&mut next);
        next
    }

    /// Decodes until there is something to tell, or nothing left that may be decoded now.
    fn decode(&mut self, next: &mut Option<Event>) {
        loop {
            if let Some(event) = self.session.events.pop_front() {
                *next = Some(event);
                return;
            }
            if self.session.phase == Phase::Closed {
                return;
            }
            if self.gate.is_some() {
                if !self.input.ended {
                    return;
                }
                self.end_of_stream();
                continue;
            }
            self.stalled = self.session.output_gated() && !self.input.ended;
            if self.stalled || self.session.is_held() {
                return;
            }
            self.session.held = None;
            let Some(chunk) = self.next_chunk() else {
                if !self.ends_here() {
                    self.judge_ahead();
                    *next = self.session.events.pop_front();
                    return;
                }
                continue;
            };
            self.decode_chunk(chunk, next);
            if next.is_some() {
                return;
            }
        }
    }

    /// Frames to be decoded: the rest of those that were begun with, else others.
    #[inline]
    fn next_chunk(&mut self) -> Option<Bytes> {
        if let Some(chunk) = self.chunk.take() {
            return Some(chunk);
        }
        self.at = 0;
        self.input.next_chunk()
    }

    /// Decodes frames until there is something to tell or the chunk is used up.
    #[inline]
    fn decode_chunk(&mut self, chunk: Bytes, next: &mut Option<Event>) {
        self.busy = true;
        let mut at = self.at;
        while at < chunk.len() {
            at += self.step(&chunk, at, next);
            // A decision is owed and it is over only behind an event that says so.
            if next.is_some()
                || !self.session.events.is_empty()
                || self.session.held.is_some()
                || self.session.output_gated()
            {
                break;
            }
        }
        if at < chunk.len() && !self.input.is_dead() {
            self.chunk = Some(chunk);
            self.at = at;
        } else {
            self.let_go_of(&chunk);
        }
    }

    /// Contents that have begun keep nothing of the read buffer.
    fn let_go_of(&mut self, chunk: &Bytes) {
        while let Some(slot) = self.session.pinning.pop() {
            if let Some(state) = self.session.channels.get_mut(slot) {
                state.pinning = false;
                state.let_go_of(chunk);
            }
        }
    }

    /// Whether the stream ends here; the terminal event is queued then.
    fn ends_here(&mut self) -> bool {
        if self.input.ended && self.other_protocol().is_none() && self.judged_ahead().is_none() {
            self.end_of_stream();
            return true;
        }
        false
    }

    /// A frame that isn't whole is judged by its header once nothing precedes it (`LIM-01`).
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

    /// One frame, or the protocol header. Returns the octets taken.
    #[inline]
    fn step(&mut self, chunk: &Bytes, at: usize, next: &mut Option<Event>) -> usize {
        let octets = chunk.get(at..).unwrap_or(&[]);
        let taken = if self.input.offset() == 0 && self.takes_preamble(octets) {
            PROTOCOL_HEADER_LEN
        } else {
            self.on_octets(chunk, octets, next)
        };
        self.input.decoded(taken);
        taken
    }

    #[cold]
    fn takes_preamble(&mut self, octets: &[u8]) -> bool {
        let preamble = octets.first_chunk::<PROTOCOL_HEADER_LEN>();
        self.session.phase <= Phase::Start
            && preamble.is_some_and(|octets| self.on_preamble(octets))
    }

    /// The frame at the front of octets that end the chunk.
    #[inline]
    fn on_octets(&mut self, chunk: &Bytes, octets: &[u8], next: &mut Option<Event>) -> usize {
        // Frames are whole: they were cut before.
        let Some((header, rest)) = octets.split_first_chunk::<FRAME_HEADER_LEN>() else {
            return octets.len();
        };
        let header = FrameHeader::parse(header);
        let size = header.size as usize;
        let (payload, rest) = rest.split_at_checked(size).unwrap_or_default();
        let start = chunk.len() - octets.len();
        let frame = Incoming {
            chunk,
            payload,
            start: u32::try_from(start).unwrap_or(u32::MAX),
            channel: header.channel,
            offset: self.input.offset(),
        };
        let framed =
            self.judge_header(header, &frame).and_then(|()| judge_end(rest.first(), &frame));
        if let Err(fault) = framed {
            self.violated(fault, true);
        } else if let Err(fault) = self.on_frame(header.frame_type, &frame, next) {
            self.violated(fault, false);
        }
        // A content that has to wait is judged again when there is room to remember it.
        if self.session.held.is_none() { size + FRAME_OVERHEAD } else { 0 }
    }

    /// Type and size, from the seven octets alone (`FRM-03`, `FRM-06`).
    #[inline]
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

    fn on_frame(
        &mut self,
        frame_type: FrameType,
        frame: &Incoming<'_>,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        match frame_type {
            FrameType::METHOD => self.on_method(frame, next),
            FrameType::HEARTBEAT => self.on_heartbeat(frame),
            _ => match self.session.phase {
                Phase::Open if frame.channel > 0 => {
                    self.session.on_content_frame(frame, frame_type, &self.rules, next)
                }
                Phase::Open => {
                    let got = Got::Frame(frame_type);
                    Err(frame.fault("FRM-11", ReplyCode::CHANNEL_ERROR, "a channel above 0", got))
                }
                Phase::Closing => Ok(()), // CLS-01
                _ => {
                    let got = Got::Frame(frame_type);
                    let expected = "the next method of the handshake";
                    Err(frame.fault("HS-01", ReplyCode::COMMAND_INVALID, expected, got))
                }
            },
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

    fn on_method(&mut self, frame: &Incoming<'_>, next: &mut Option<Event>) -> Result<(), Fault> {
        let Some(&[c0, c1, m0, m1]) = frame.payload.first_chunk::<4>() else {
            if self.session.phase == Phase::Closing || self.session.is_leaving(frame.channel) {
                return Ok(());
            }
            let got = Got::Number(frame.size().into());
            let expected = "a class id and a method id";
            return Err(frame.fault("FRM-08", ReplyCode::FRAME_ERROR, expected, got));
        };
        let id = MethodId {
            class_id: u16::from_be_bytes([c0, c1]),
            method_id: u16::from_be_bytes([m0, m1]),
        };
        self.on_method_with_id(frame, id, next).or_else(|mut fault| {
            // CHN-04: behind this side's channel.close nothing is wrong but with what answers it.
            let answers = [MethodKind::ChannelClose, MethodKind::ChannelCloseOk];
            let is_answer = answers.iter().any(|kind| kind.id(self.session.dialect) == Some(id));
            if !is_answer && self.session.is_leaving(frame.channel) {
                return Ok(());
            }
            fault.method = id; // CLS-07: whatever is wrong with a method, the Close names it.
            Err(fault)
        })
    }

    fn on_method_with_id(
        &mut self,
        frame: &Incoming<'_>,
        id: MethodId,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        let kind = MethodKind::from_id(self.session.dialect, id);
        if self.session.phase == Phase::Closing {
            return match kind {
                Some(kind) if frame.channel == 0 => self.on_method_while_closing(frame, kind),
                _ => Ok(()), // CLS-01
            };
        }
        let Some(kind) = kind else {
            let got = Got::UnknownMethod(id);
            let expected = "a known method";
            return Err(frame.fault("MTH-02", ReplyCode::NOT_IMPLEMENTED, expected, got));
        };
        let info = kind.info();
        if !self.session.side.peer().sends(info.senders) {
            let expected = "a method of the other side";
            return Err(frame.wrong_method("MTH-03", ReplyCode::COMMAND_INVALID, expected, kind));
        }
        match (info.on_channel_zero, frame.channel) {
            (true, 0) => self.on_connection_method(frame, kind),
            (true, _) => {
                let rule = "FRM-09";
                Err(frame.wrong_method(rule, ReplyCode::COMMAND_INVALID, "channel 0", kind))
            }
            (false, 0) => {
                let expected = "a channel above 0";
                Err(frame.wrong_method("FRM-10", ReplyCode::CHANNEL_ERROR, expected, kind))
            }
            (false, _) if self.session.phase == Phase::Open => {
                self.session.on_channel_method(frame, kind, next)
            }
            (false, _) => {
                let expected = "the next method of the handshake";
                Err(frame.wrong_method("HS-01", ReplyCode::COMMAND_INVALID, expected, kind))
            }
        }
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

/// The end octet, before the payload is looked at (`FRM-02`).
#[inline]
fn judge_end(octet: Option<&u8>, frame: &Incoming<'_>) -> Result<(), Fault> {
    match octet {
        Some(&FRAME_END) => Ok(()),
        octet => {
            let got = Got::Number(octet.copied().unwrap_or(0).into());
            Err(frame.fault("FRM-02", ReplyCode::FRAME_ERROR, "206 at the end of the frame", got))
        }
    }
}
