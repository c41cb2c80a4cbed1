//! Events that have been decided but not polled.

use alloc::collections::VecDeque;

use crate::event::{ChannelId, Event};

#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    queue: VecDeque<Event>,
    /// The channel whose end is among them. There is one at most: nothing is decoded while something waits
    /// to be polled, and one frame ends no more than one channel.
    ended: Option<ChannelId>,
}

impl Events {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn push_back(&mut self, event: Event) {
        if let Event::ChannelClosed { channel, .. } = &event {
            self.ended = Some(*channel);
        }
        self.queue.push_back(event);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Event> {
        let event = self.queue.pop_front();
        if matches!(event, Some(Event::ChannelClosed { .. })) {
            self.ended = None;
        }
        event
    }

    /// Whether [`Event::ChannelClosed`] of this channel waits to be polled: until then its number means the
    /// old channel to whoever reads the events (`CHN-06`).
    pub(crate) fn has_end_of(&self, channel: u16) -> bool {
        self.ended.is_some_and(|ended| ended.number() == channel)
    }

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        self.queue.shrink_to_fit();
    }
}
