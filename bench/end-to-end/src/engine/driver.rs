//! A blocking driver of the engine over TCP.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

use amqp_proto::protocol::{ReplyCode, Request};
use amqp_proto::{ChannelId, ClientConfig, Connection, Event, MethodEvent, StdClock, UsageError};
use anyhow::{Context, Result, bail};
use bytes::Buf;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use crate::address::Address;

/// The most octets of one read.
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
    /// What the kernel copies to. A `BytesMut` that is to be read into has to be filled with zeros first,
    /// each time as much as a read may bring; RabbitMQ's segments are small, so that this would cost more
    /// than one more copy of what has come.
    input: Box<[u8]>,
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
        let mut driver = Self { amqp, stream, clock, input: vec![0; READ].into() };
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
        let read = self.stream.read(&mut self.input);
        self.take(read)
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
        let read = recv(self.stream.as_raw_fd(), &mut self.input, MsgFlags::MSG_DONTWAIT);
        self.take(read.map_err(Errno::into))
    }

    /// Hands in what was read.
    fn take(&mut self, read: std::io::Result<usize>) -> Result<()> {
        let now = self.clock.now();
        match read {
            Ok(0) => self.amqp.handle_eof(now),
            Ok(read) => self.amqp.handle_slice(now, self.input.get(..read).unwrap_or_default()),
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
