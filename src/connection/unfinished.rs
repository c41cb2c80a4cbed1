//! Body frames whose octets are handed on before they are whole.
//!
//! Such a frame is judged in all respects but its end octet before the first part of it is handed on.
//! What can't be handed on, because it is wrong, discarded or gathered, waits until it is whole: what is
//! told of it doesn't depend on how the stream was cut.

use bytes::{Bytes, BytesMut};

use crate::channel::Incoming;
use crate::connection::Connection;
use crate::connection::dispatch::judge_end;
use crate::connection::input::OpenFrame;
use crate::event::{ChannelId, ContentPart, Event};
use crate::frame::{FRAME_END, FrameHeader};
use crate::phase::Phase;

impl Connection {
    /// Takes what has come of a body frame off the caller's buffer, where nothing precedes it and it is
    /// handed on for sure.
    #[inline]
    pub(super) fn take_beginning(&mut self, input: &mut BytesMut) {
        let Some(header) = self.input.body_ahead() else { return };
        if self.input.undecoded() == 0 && self.channel_of_parts(header).is_some() {
            self.input.keep_beginning(input);
        }
    }

    /// Whether the frame that comes next, and isn't whole, is handed on as it comes. What has come of it, if
    /// that is more than its header, is `next` then.
    #[inline]
    pub(super) fn opens_body(&mut self, next: &mut Option<Event>) -> bool {
        self.input.body_begun().is_some_and(|header| self.opens(header, next))
    }

    #[inline(never)]
    fn opens(&mut self, header: FrameHeader, next: &mut Option<Event>) -> bool {
        let Some(channel) = self.channel_of_parts(header) else { return false };
        if let Some(state) = self.session.channels.look_up_mut(header.channel) {
            state.begin_parts(header.size);
        }
        self.busy = true;
        self.input.open(channel, header.size);
        if let Some(part) = self.hand_on() {
            *next = Some(part);
        }
        true
    }

    /// The channel that takes this body frame in parts.
    fn channel_of_parts(&mut self, header: FrameHeader) -> Option<ChannelId> {
        if self.session.phase != Phase::Open || header.size > self.largest_body {
            return None;
        }
        let state = self.session.channels.look_up_mut(header.channel)?;
        state.takes_parts_of(header.size).then_some(state.id)
    }

    /// The next event while a frame is open. Most often that is a part of it, which is made where it is
    /// wanted: large values that are moved cost more than all else here.
    #[inline(never)]
    pub(super) fn poll_inside_frame(&mut self) -> Option<Event> {
        let mut next = None;
        while self.input.open.is_some() {
            if !self.nothing_waits() && !self.may_decode(&mut next) {
                return next;
            }
            if !self.input.has_chunk() {
                if !self.input.ended {
                    return None;
                }
                self.end_of_stream();
                return self.session.events.pop_front();
            }
            if let Some(part) = self.hand_on() {
                return Some(part);
            }
        }
        // No frame is open any more, so this doesn't come back here.
        self.poll_event()
    }

    /// Whether neither an event nor anything else comes before what is to be decoded.
    #[inline]
    fn nothing_waits(&self) -> bool {
        let session = &self.session;
        let is_held = session.held.is_some() || self.stalled || session.output_gated();
        session.phase == Phase::Open && session.events.is_empty() && !is_held
    }

    /// Hands on what has come of the open frame; its end octet is judged before what comes with it.
    #[inline]
    fn hand_on(&mut self) -> Option<Event> {
        let open = self.input.open?;
        self.busy = true;
        let (left, channel) = (open.left as usize, open.channel);
        let end = self.input.chunk.as_ref()?.get(left).copied();
        if !matches!(end, None | Some(FRAME_END)) {
            self.ends_wrong(open, end);
            return None;
        }
        let last = self.on_part(open, end.is_some());
        // The octets are moved but once: straight into the event.
        if end.is_none() {
            let octets = self.input.take_part()?;
            return last.map(|last| Event::ContentPart(ContentPart { channel, octets, last }));
        }
        let octets = self.input.take_last_part(left)?;
        let is_told = left > 0 || last == Some(true); // Nothing is told of an end octet alone.
        let last = last.filter(|_| is_told)?;
        Some(Event::ContentPart(ContentPart { channel, octets, last }))
    }

    /// Whether the content is complete with what has come; `None`: nobody is told of it.
    #[inline]
    fn on_part(&mut self, open: OpenFrame, ends: bool) -> Option<bool> {
        if self.session.phase != Phase::Open {
            return None; // CLS-01
        }
        self.session.channels.look_up_mut(open.channel.number())?.on_part(ends)
    }

    #[cold]
    fn ends_wrong(&mut self, open: OpenFrame, end: Option<u8>) {
        let (chunk, channel) = (Bytes::new(), open.channel.number());
        let (start, offset) = (0, open.offset);
        let frame = Incoming { chunk: &chunk, payload: &[], start, channel, offset };
        if let Err(fault) = judge_end(end.as_ref(), &frame) {
            self.violated(fault, true); // FRM-02
        }
    }
}
