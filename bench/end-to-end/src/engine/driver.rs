//! A blocking driver of the engine over TCP.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

use amqp_proto::protocol::{ReplyCode, Request};
use amqp_proto::{ChannelId, ClientConfig, Connection, Event, MethodEvent, StdClock, UsageError};
use anyhow::{Context, Result, bail};
use bytes::{Buf, BytesMut};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use crate::address::Address;

/// Octets to make room for before a read.
const READ: usize = 64 << 10;

/// Unsent octets that are worth a write while there is more to say: half of the engine's window.
const WRITE: usize = 32 << 10;

/// Segments of one write.
const SEGMENTS: usize = 16;

/// How often a blocked read looks at the engine's deadlines, which are heartbeats. To set the timeout
/// anew before each read would cost a system call each.
const TICK: Duration = Duration::from_secs(1);

/// After this long a blocked write looks at what the broker has to say: it may be waiting for this side
/// to read.
const WRITE_PATIENCE: Duration = Duration::from_millis(100);

pub(crate) struct Driver {
    pub(crate) amqp: Connection,
    stream: TcpStream,
    clock: StdClock,
    input: BytesMut,
}

impl Driver {
    /// Connects and waits until channels can be opened.
    pub(crate) fn connect(address: &Address) -> Result<Self> {
        let stream = TcpStream::connect((&*address.host, address.port))
            .with_context(|| format!("can't reach {}:{}", address.host, address.port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(WRITE_PATIENCE))?;
        let mut config = ClientConfig::plain(&address.user, &address.password);
        config.virtual_host.clone_from(&address.virtual_host);
        let clock = StdClock::new();
        let amqp = Connection::client(config, clock.now());
        let mut driver = Self { amqp, stream, clock, input: BytesMut::new() };
        loop {
            match driver.poll()? {
                Some(Event::Connected) => return Ok(driver),
                Some(_) => {}
                None => driver.turn()?,
            }
        }
    }

    pub(crate) fn open_channel(&mut self) -> Result<ChannelId> {
        Ok(self.amqp.open_channel()?)
    }

    /// The next event; one that ends the connection or a channel is an error.
    pub(crate) fn poll(&mut self) -> Result<Option<Event>> {
        let event = self.amqp.poll_event();
        match event {
            Some(
                Event::Closed(_)
                | Event::ChannelClosed { .. }
                | Event::RequestFailed { .. }
                | Event::Violation(_),
            ) => bail!("{}", event.map(|event| event.to_string()).unwrap_or_default()),
            event => Ok(event),
        }
    }

    /// Sends a request and waits for its reply; other events go to `other`.
    pub(crate) fn call<M: Request>(
        &mut self,
        channel: ChannelId,
        method: &M,
        mut other: impl FnMut(Event) -> Result<()>,
    ) -> Result<MethodEvent> {
        let asked = self.amqp.channel(channel)?.call(method)?;
        loop {
            match self.poll()? {
                Some(Event::Reply { request, method }) if Some(request) == asked => {
                    return Ok(method);
                }
                Some(event) => other(event)?,
                None => self.turn()?,
            }
        }
    }

    /// Closes the connection and waits until the broker agrees.
    pub(crate) fn close(mut self) -> Result<()> {
        self.amqp.close(self.clock.now(), ReplyCode::REPLY_SUCCESS, "")?;
        loop {
            match self.amqp.poll_event() {
                Some(Event::Closed(reason)) if reason.reply_code == ReplyCode::REPLY_SUCCESS => {
                    return Ok(());
                }
                Some(Event::Closed(reason)) => bail!("{reason}"),
                Some(_) => {}
                None => self.turn()?,
            }
        }
    }

    /// Writes all output, then waits for input.
    pub(crate) fn turn(&mut self) -> Result<()> {
        self.flush()?;
        self.make_room();
        let filled = self.input.len() - READ;
        let read = self.stream.read(self.input.get_mut(filled..).unwrap_or_default());
        self.take(filled, read)
    }

    /// Writes if that much output has gathered that it is worth it.
    pub(crate) fn flush_if_worth(&mut self) -> Result<()> {
        if self.amqp.unsent() < WRITE {
            return Ok(());
        }
        self.flush()?;
        // The broker may have something to say to a client that only ever publishes.
        self.read_what_is_there()
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        loop {
            let output = &*self.amqp.transmit();
            if !output.has_remaining() {
                return Ok(());
            }
            let mut segments = [IoSlice::new(&[]); SEGMENTS];
            let count = output.chunks_vectored(&mut segments);
            match self.stream.write_vectored(segments.get(..count).unwrap_or_default()) {
                Ok(written) => self.amqp.transmit().advance(written),
                Err(error) if is_timeout(&error) => self.read_what_is_there()?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read_what_is_there(&mut self) -> Result<()> {
        if !self.amqp.wants_input() {
            return Ok(());
        }
        self.make_room();
        let filled = self.input.len() - READ;
        let room = self.input.get_mut(filled..).unwrap_or_default();
        let read = recv(self.stream.as_raw_fd(), room, MsgFlags::MSG_DONTWAIT);
        self.take(filled, read.map_err(Errno::into))
    }

    fn make_room(&mut self) {
        self.input.resize(self.input.len() + READ, 0);
    }

    /// Hands in what was read behind the first `filled` octets of the buffer.
    fn take(&mut self, filled: usize, read: std::io::Result<usize>) -> Result<()> {
        self.input.truncate(filled + read.as_ref().map_or(0, |read| *read));
        let now = self.clock.now();
        match read {
            Ok(0) => self.amqp.handle_eof(now),
            Ok(_) => self.amqp.handle_input(now, &mut self.input),
            Err(error) if is_timeout(&error) => self.amqp.handle_timeout(now),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Whether a command was refused only for now.
pub(crate) fn may_pass(error: &UsageError) -> bool {
    matches!(error, UsageError::Blocked | UsageError::FlowStopped { .. } | UsageError::Full { .. })
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
