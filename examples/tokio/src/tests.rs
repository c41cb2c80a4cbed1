//! What a driver must get right: peers that both write don't wait for each other, and time passes
//! while somebody thinks.

use core::time::Duration;

use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm};
use amqp_proto::{
    ClientConfig, CloseDetail, CloseReason, Connection, Decision, Event, Fate, Initiator, Instant,
    Mechanism, ServerConfig, Side,
};
use bytes::Bytes;
use tokio::io::{BufStream, duplex};
use tokio::sync::mpsc;
use tokio::time;

use crate::drive::{Application, Failure, drive};
use crate::{client, server};

/// Octets that the pipe between the two ends holds each way.
const PIPE: usize = 4096;

#[tokio::test]
async fn both_mechanisms_log_in() {
    for mechanism in [Mechanism::plain("guest", "guest"), Mechanism::amqplain("guest", "guest")] {
        let (near, far) = duplex(PIPE);
        let (reason, report) = tokio::join!(server::serve(far), client::run(near, mechanism));
        let reason = reason.unwrap();
        assert_eq!((reason.initiator, &*reason.text), (Initiator::Peer, "goodbye"));
        let report = report.unwrap().to_string();
        assert!(report.ends_with("1000 confirmed, 1000 consumed with 10 acks"), "{report}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    for mechanism in [Mechanism::plain("guest", "sesame"), Mechanism::amqplain("guest", "sesame")] {
        let (near, far) = duplex(PIPE);
        let (reason, report) = tokio::join!(server::serve(far), client::run(near, mechanism));
        assert_eq!(reason.unwrap().detail, CloseDetail::LoginRefused);
        let failure = report.unwrap_err().to_string();
        assert_eq!(failure, "the login was refused: wrong user or password");
    }
}

/// Sends a large body as soon as there is a channel, and receives one. The server confirms it.
#[derive(Default)]
struct Crossing {
    received: usize,
    whole: bool,
    confirmed: bool,
}

const LARGE: usize = 32 << 20;

impl Application for Crossing {
    fn handle(
        &mut self,
        connection: &mut Connection,
        now: Instant,
        event: Event,
    ) -> Result<(), Failure> {
        let body = || Bytes::from(vec![b'x'; LARGE]);
        match event {
            Event::Credentials(_) | Event::VirtualHost(_) => connection.decide(Decision::Accept)?,
            Event::Connected if connection.side() == Side::Client => {
                let id = connection.open_channel()?;
                let mut channel = connection.channel(id)?;
                let consume = basic::Consume {
                    queue: "q".into(),
                    consumer_tag: "reader".into(),
                    no_wait: true,
                    ..Default::default()
                };
                channel.call(&consume)?;
                channel.call(&confirm::Select::default())?;
                channel.publish(&basic::Publish::default(), Properties::default(), body())?;
            }
            Event::Request { token: None, method } => {
                let Some(id) = method.channel() else { return Ok(()) };
                let deliver =
                    basic::Deliver { consumer_tag: "reader".into(), ..Default::default() };
                connection.channel(id)?.deliver(&deliver, Properties::default(), body())?;
            }
            Event::Request { token: Some(token), .. } => {
                connection.channel(token.channel())?.reply(token, &confirm::SelectOk)?;
            }
            Event::ContentPart(part) => {
                self.received += part.octets.len();
                self.whole = part.last;
                if part.last && connection.side() == Side::Server {
                    let ack = basic::Ack { delivery_tag: 1, multiple: false };
                    connection.channel(part.channel)?.send(&ack)?;
                }
            }
            Event::Confirmed { fate, .. } => self.confirmed = fate == Fate::Acked,
            _ => {}
        }
        if self.whole && self.confirmed {
            connection.close(now, ReplyCode::REPLY_SUCCESS, "both have come")?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn large_bodies_cross_in_a_narrow_pipe() {
    let (mut client, mut server) = (Crossing::default(), Crossing::default());
    let session = both(ServerConfig::default(), &mut client, &mut server);
    // They would wait for ever: any limit tells it, a generous one doesn't mistake a slow machine.
    let reasons = time::timeout(Duration::from_secs(60), session).await.expect("a deadlock");
    for (reason, end) in reasons.iter().zip([client, server]) {
        assert_eq!(reason.text, "both have come");
        assert_eq!((end.received, end.whole), (LARGE, true));
    }
}

/// Never decides on anything.
struct Undecided;

impl Application for Undecided {
    fn handle(&mut self, _: &mut Connection, _: Instant, _: Event) -> Result<(), Failure> {
        Ok(())
    }
}

/// The clock of the driver is tokio's, so that a paused one jumps from deadline to deadline.
#[tokio::test(start_paused = true)]
async fn the_handshake_ends_in_time_while_a_decision_is_owed() {
    let mut config = ServerConfig::default();
    config.handshake_timeout = Duration::from_secs(7);
    let start = time::Instant::now();
    let [client, server] = both(config, &mut Undecided, &mut Undecided).await;
    let awaited = "a decision on the login";
    assert_eq!(server.detail, CloseDetail::HandshakeTimeout { awaited });
    assert!(matches!(client.detail, CloseDetail::EndOfStream { .. }), "{client}");
    // A timer of tokio's is exact to the millisecond.
    assert_eq!(start.elapsed().as_millis() / 10, 700);
}

/// Drives a client and a server until both have ended.
async fn both(
    config: ServerConfig,
    client: &mut impl Application,
    server: &mut impl Application,
) -> [Box<CloseReason>; 2] {
    // As TLS may, a buffered stream keeps octets back until it is flushed.
    let (near, far) = duplex(PIPE);
    let (near, far) = (BufStream::new(near), BufStream::new(far));
    // Nobody gives commands.
    let ((_, no_commands), (_, none_either)) = (mpsc::channel(1), mpsc::channel(1));
    let login = ClientConfig::plain("guest", "guest");
    let (client, server) = tokio::join!(
        drive(Connection::client(login, Instant::ORIGIN), near, client, no_commands),
        drive(Connection::server(config, Instant::ORIGIN), far, server, none_either),
    );
    [client.unwrap(), server.unwrap()]
}
