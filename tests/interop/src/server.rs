//! The engine as a server: one connection, driven until it has ended.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use amqp_proto::protocol::{Dialect, ReplyCode};
use amqp_proto::sasl::{Secret, Verdict, Verification};
use amqp_proto::{CloseReason, Connection, Decision, Event, ServerConfig, StdClock};
use bytes::{Buf, BytesMut};

use crate::{PATIENCE, Store};

/// What became of a connection that was served.
#[derive(Debug)]
#[non_exhaustive]
pub struct Served {
    /// The dialect that the client asked for.
    pub dialect: Dialect,
    /// How it ended.
    pub reason: CloseReason,
    /// The mechanism of the login.
    pub mechanism: String,
    /// Who logged in; empty if nobody did.
    pub user: String,
    /// What the client did wrong, a line each.
    pub violations: Vec<String>,
    /// The methods and contents that came, a line each.
    pub seen: Vec<String>,
}

/// Serves a client over this stream until the connection ends. Who has this name and password may log in, by
/// any mechanism that is offered.
///
/// # Panics
///
/// Fails the test where the connection doesn't end in time, or the engine refuses what the application
/// answers.
#[track_caller]
pub fn serve(mut stream: TcpStream, config: ServerConfig, user: &str, password: &str) -> Served {
    let clock = StdClock::new();
    let mut server = Server {
        amqp: Connection::server(config, clock.now()),
        store: Store::default(),
        login: None,
        known: (user.into(), Secret::password(password)),
        seen: Vec::new(),
        violations: Vec::new(),
    };
    stream.set_nodelay(true).expect("a fresh stream takes options");
    stream.set_write_timeout(Some(PATIENCE)).expect("as above");
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = BytesMut::new();
    let reason = loop {
        let reason = server.poll(clock.now());
        while server.amqp.transmit().has_remaining() {
            match stream.write(server.amqp.transmit().chunk()) {
                Ok(written) => server.amqp.transmit().advance(written),
                // Reading tells the end.
                Err(_) => break,
            }
        }
        if let Some(reason) = reason {
            break reason;
        }
        assert!(Instant::now() < deadline, "it doesn't end: {:#?}", server.seen);
        let timer = server.amqp.poll_timeout().map(|at| Instant::now() + clock.until(at));
        let wait = timer.map_or(deadline, |at| at.min(deadline));
        read(&mut server.amqp, &mut stream, &mut buffer, wait, &clock);
    };
    let _ = stream.shutdown(Shutdown::Write);
    let login = server.login.take();
    Served {
        dialect: server.amqp.dialect(),
        reason,
        mechanism: login.as_ref().map(|(name, _)| name.clone()).unwrap_or_default(),
        user: login.map(|(_, login)| text(login.user())).unwrap_or_default(),
        violations: server.violations,
        seen: server.seen,
    }
}

fn read(
    amqp: &mut Connection,
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    until: Instant,
    clock: &StdClock,
) {
    let wait = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    stream.set_read_timeout(Some(wait)).expect("not zero");
    let mut octets = [0; 4096];
    match stream.read(&mut octets) {
        Ok(0) => amqp.handle_eof(clock.now()),
        Ok(read) => {
            buffer.extend_from_slice(&octets[..read]);
            amqp.handle_input(clock.now(), buffer);
        }
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
            _ => amqp.handle_eof(clock.now()),
        },
    }
    amqp.handle_timeout(clock.now());
}

struct Server {
    amqp: Connection,
    store: Store,
    /// The mechanism, and how far the login has come.
    login: Option<(String, Verification)>,
    known: (String, Secret),
    seen: Vec<String>,
    violations: Vec<String>,
}

impl Server {
    /// Handles all events; returns how the connection has ended.
    fn poll(&mut self, now: amqp_proto::Instant) -> Option<CloseReason> {
        while let Some(event) = self.amqp.poll_event() {
            self.seen.push(event.to_string());
            let result = match event {
                Event::Closed(reason) => return Some(*reason),
                Event::Violation(_) | Event::Irregular(_) => {
                    self.violations.push(event.to_string());
                    Ok(())
                }
                Event::Credentials(credentials) => {
                    let mechanism = text(credentials.mechanism().as_octets());
                    let nonce = crate::name("nonce");
                    let login = Verification::new(&mechanism, &nonce).expect("it was offered");
                    self.login = Some((mechanism, login));
                    self.judge(credentials.response())
                }
                Event::SaslResponse(answer) => self.judge(answer.response()),
                Event::VirtualHost(host) if host.name() == "/" => {
                    self.amqp.decide(Decision::Accept)
                }
                Event::VirtualHost(_) => {
                    let text = "there is no virtual host but /";
                    self.amqp.decide(Decision::Refuse { code: ReplyCode::NOT_ALLOWED, text })
                }
                event => self.store.handle(&mut self.amqp, now, event),
            };
            result.unwrap_or_else(|error| panic!("{error}: {:#?}", self.seen));
        }
        None
    }

    fn judge(&mut self, response: &[u8]) -> Result<(), amqp_proto::UsageError> {
        let (_, login) = self.login.as_mut().expect("a login has begun");
        let mut verdict = login.respond(response);
        if verdict == Verdict::Lookup {
            let secret = (login.user() == self.known.0.as_bytes()).then_some(&self.known.1);
            verdict = login.supply(secret);
        }
        match verdict {
            Verdict::Accepted => self.amqp.decide(Decision::Accept),
            Verdict::Challenge(octets) => self.amqp.decide(Decision::Challenge(&octets)),
            _ => {
                let text = "wrong user or password";
                self.amqp.decide(Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text })
            }
        }
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
