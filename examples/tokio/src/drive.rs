//! Drives a connection of either role over any stream of tokio's: TCP, TLS, a pipe in memory.
//!
//! Nothing here knows what the application does with the connection. Copy this file.

use core::error::Error;
use core::future;
use core::time::Duration;

use amqp_proto::{CloseReason, Connection, Event, Instant, Transmit};
use bytes::{Buf, BytesMut};
use tokio::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time;

/// Octets to make room for before each read.
const READ: usize = 64 << 10;
/// How long the last octets may take that are written after the connection has ended.
const FINISH: Duration = Duration::from_secs(5);

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// How other tasks reach the connection, which belongs to the task that drives it.
pub(crate) type Command = Box<dyn FnOnce(&mut Connection, Instant) + Send>;

/// What is done with a connection. An `Err` ends it at once, without a Close.
pub(crate) trait Application {
    /// Something has happened, other than the end of the connection.
    fn handle(
        &mut self,
        connection: &mut Connection,
        now: Instant,
        event: Event,
    ) -> Result<(), Failure>;

    /// There is room for publishes, deliveries and requests; called again and again while there is.
    fn proceed(&mut self, _: &mut Connection) -> Result<(), Failure> {
        Ok(())
    }
}

/// Drives `connection`, made at [`Instant::ORIGIN`] just before, until it has ended; returns why.
pub(crate) async fn drive(
    mut connection: Connection,
    stream: impl AsyncRead + AsyncWrite,
    application: &mut impl Application,
    mut commands: mpsc::Receiver<Command>,
) -> Result<Box<CloseReason>, Failure> {
    let origin = time::Instant::now();
    let now = || Instant::from_origin(origin.elapsed());
    let (mut reader, mut writer) = io::split(stream);
    let mut input = BytesMut::new();
    let mut unflushed = false;
    loop {
        let mut busy = true;
        while busy {
            busy = false;
            if connection.is_writable() {
                application.proceed(&mut connection)?;
            }
            while let Some(event) = connection.poll_event() {
                busy = true;
                if let Event::Closed(reason) = event {
                    // The end has been told already; a peer that doesn't read changes nothing.
                    let _ = time::timeout(FINISH, finish(&mut connection, &mut writer)).await;
                    return Ok(reason);
                }
                application.handle(&mut connection, now(), event)?;
            }
            // What had to wait in the buffer may be taken now.
            let waiting = input.len();
            connection.handle_input(now(), &mut input);
            busy |= input.len() < waiting;
        }
        let writes = connection.transmit().has_remaining();
        let wait = connection.poll_timeout().map(|at| at - now());
        if connection.wants_input() {
            // Just before reading, when the engine has let go of the buffer: it is used again.
            input.reserve(READ);
        }
        // Reading goes on while a write is blocked: two peers that both write first and read later
        // would wait for each other. Each of these futures may be dropped without a loss.
        tokio::select! {
            read = reader.read_buf(&mut input), if connection.wants_input() => match read {
                Ok(1..) => connection.handle_input(now(), &mut input),
                // A broken stream has ended, too. From here on wants_input() is false.
                Ok(0) | Err(_) => connection.handle_eof(now()),
            },
            written = write(&mut writer, connection.transmit()), if writes || unflushed => {
                unflushed = writes && written.is_ok();
                if written.is_err() {
                    // A peer that has hung up may have said why: go on reading to the end.
                    let unsent = connection.transmit().remaining();
                    connection.transmit().advance(unsent);
                }
            }
            () = sleep(wait) => {}
            Some(command) = commands.recv() => command(&mut connection, now()),
        }
        connection.handle_timeout(now());
    }
}

/// Writes some octets; when none are left, those that the stream has kept back, as TLS may.
async fn write(writer: &mut (impl AsyncWrite + Unpin), octets: &mut Transmit) -> io::Result<()> {
    if !octets.has_remaining() {
        return writer.flush().await;
    }
    match writer.write_buf(octets).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        _ => Ok(()),
    }
}

/// Writes all that is left, and ends this side's half of the stream.
async fn finish(
    connection: &mut Connection,
    writer: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    while connection.transmit().has_remaining() {
        writer.write_all_buf(connection.transmit()).await?;
    }
    writer.shutdown().await
}

/// Without a deadline: for ever.
async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => time::sleep(wait).await,
        None => future::pending().await,
    }
}
