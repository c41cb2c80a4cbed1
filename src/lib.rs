//! Sans-IO protocol core for AMQP 0-9-1, with 0-8 and 0-9 as dialects: bytes, time and commands go
//! in; events, bytes and a deadline come out.
//!
//! It opens no socket, reads no clock, spawns nothing and logs nothing. Clients, brokers, proxies,
//! browser front ends, firmware, fuzzers and wire tools bring these themselves and share one engine
//! for **both roles**. Reconnecting, pools, TLS and async runtimes are the caller's.
//!
//! # The driving contract
//!
//! One [`Connection`] is one end of one connection. Its methods come in four kinds:
//!
//! * **inputs** can't fail: [`handle_input`](Connection::handle_input),
//!   [`handle_bytes`](Connection::handle_bytes) and [`handle_slice`](Connection::handle_slice) are
//!   three doors to the same cutter, [`handle_eof`](Connection::handle_eof) ends the stream,
//!   [`handle_timeout`](Connection::handle_timeout) tells the time;
//! * **outputs**: [`poll_event`](Connection::poll_event), [`transmit`](Connection::transmit),
//!   [`poll_timeout`](Connection::poll_timeout);
//! * **commands**, which are queued whole or return an `Err` that changed nothing:
//!   [`open_channel`](Connection::open_channel), [`decide`](Connection::decide),
//!   [`close`](Connection::close), and those of a [`Channel`];
//! * **getters**.
//!
//! They may be called in any order. A driver repeats:
//!
//! 1. poll events until `None`;
//! 2. write out `transmit()` while it has bytes;
//! 3. sleep until `poll_timeout()`, bytes (if `wants_input()`) or a command of its own, and hand that
//!    in.
//!
//! Steps may be skipped or repeated; only latency suffers. (A command given between steps 2 and 3 is
//! written in the next round: go back to step 2 instead of sleeping.) Time that runs backwards is clamped.
//! There is exactly one terminal event, [`Event::Closed`], on every path. After it write what
//! `transmit()` still holds, perhaps nothing, and close the transport; further inputs are ignored,
//! commands are `Err`.
//!
//! * **The peer's fault is an event, yours is an `Err`.** A [`Violation`] says where in the stream,
//!   which rule, what was expected and what came. No input and no call order can panic, but for
//!   reading more from [`Transmit`] than there is by `get_u8` and its like, which is as the trait `Buf` says.
//! * **Meaning is lazy.** Frames are cut when they arrive and judged when `poll_event` comes to them; what it
//!   tells doesn't depend on how the stream was cut, except where a body is cut into parts.
//!   A caller that stops polling gets back-pressure: `wants_input()` turns false and octets stay with
//!   the caller.
//! * **Decisions gate.** After [`Event::Credentials`], [`Event::SaslResponse`], [`Event::Challenge`]
//!   and [`Event::VirtualHost`], `poll_event` is `None` until [`decide`](Connection::decide),
//!   possibly much later, within the handshake's time limit. Everything else of the handshake,
//!   heartbeats, close-ok, flow-ok and channel open-ok are automatic.
//! * **Contents come whole**, in one [`Event::Content`], up to [`Limits::whole_body`]; a larger body comes
//!   as [`Event::ContentStart`] and [`Event::ContentPart`]s, and so does one that begins while too many others
//!   aren't complete ([`Limits::unfinished_contents`]). Handle these too, or refuse them by
//!   [`Limits::max_body`]. [`ContentMode::Streamed`] asks for parts of all bodies: they are handed on as their
//!   octets come, without waiting for the rest of their frame.
//! * **Memory is budgeted** by [`Limits`], judged before anything is allocated; [the budget](budget) shows what
//!   happens to hostile peers.
//!
//! # A client and a server in memory
//!
//! ```
//! use amqp_proto::protocol::{Method, Properties, ReplyCode, basic, queue};
//! use amqp_proto::{ClientConfig, Connection, Decision, Event, Instant, ServerConfig};
//!
//! fn carry(from: &mut Connection, to: &mut Connection) {
//!     while let Some(octets) = from.transmit().take_segment() {
//!         to.handle_bytes(Instant::ORIGIN, octets);
//!     }
//! }
//!
//! let mut client = Connection::client(ClientConfig::plain("guest", "guest"), Instant::ORIGIN);
//! let mut server = Connection::server(ServerConfig::default(), Instant::ORIGIN);
//! let mut received = None;
//!
//! for _ in 0..12 {
//!     carry(&mut client, &mut server);
//!     while let Some(event) = server.poll_event() {
//!         match event {
//!             Event::Credentials(credentials) => match credentials.login() {
//!                 Some(login) if (login.user, login.password) == (b"guest", b"guest") => {
//!                     server.decide(Decision::Accept)?;
//!                 }
//!                 _ => server.decide(Decision::Refuse {
//!                     code: ReplyCode::ACCESS_REFUSED,
//!                     text: "wrong user or password",
//!                 })?,
//!             },
//!             Event::VirtualHost(_) => server.decide(Decision::Accept)?,
//!             Event::Request { token: Some(token), method } => {
//!                 if let Method::QueueDeclare(declare) = method.method() {
//!                     let ok = queue::DeclareOk { queue: declare.queue, ..Default::default() };
//!                     server.channel(token.channel())?.reply(token, &ok)?;
//!                 }
//!             }
//!             Event::Content(publish) => received = Some(publish.into_body()),
//!             _ => {}
//!         }
//!     }
//!     carry(&mut server, &mut client);
//!     while let Some(event) = client.poll_event() {
//!         match event {
//!             Event::Connected => {
//!                 let id = client.open_channel()?;
//!                 let mut channel = client.channel(id)?;
//!                 channel.call(&queue::Declare { queue: "q".into(), ..Default::default() })?;
//!             }
//!             Event::Reply { method, .. } => {
//!                 let publish = basic::Publish { routing_key: "q".into(), ..Default::default() };
//!                 let mut channel = client.channel(method.channel().unwrap())?;
//!                 channel.publish(&publish, Properties::default(), "hello")?;
//!             }
//!             _ => {}
//!         }
//!     }
//! }
//! assert_eq!(received.as_deref(), Some(&b"hello"[..]));
//! # Ok::<(), amqp_proto::UsageError>(())
//! ```
//!
//! # A blocking loop
//!
//! ```no_run
//! use amqp_proto::{ClientConfig, Connection, Phase, StdClock};
//! use bytes::Buf;
//! use std::io::{ErrorKind, Read, Write};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = StdClock::new();
//! let mut stream = std::net::TcpStream::connect("127.0.0.1:5672")?;
//! stream.set_write_timeout(Some(Duration::from_secs(30)))?;
//! let mut amqp = Connection::client(ClientConfig::plain("guest", "guest"), clock.now());
//! let mut buffer = vec![0; 65_536];
//! loop {
//!     amqp.handle_timeout(clock.now());
//!     while let Some(event) = amqp.poll_event() {
//!         println!("{event}"); // and commands in answer to it
//!     }
//!     while amqp.transmit().has_remaining() {
//!         let written = stream.write(amqp.transmit().chunk())?;
//!         amqp.transmit().advance(written);
//!     }
//!     if amqp.phase() == Phase::Closed {
//!         return Ok(()); // Event::Closed has told why
//!     }
//!     // Not zero, which the standard library takes for "for ever".
//!     let wait = amqp.poll_timeout().map(|at| clock.until(at).max(Duration::from_millis(1)));
//!     if !amqp.wants_input() {
//!         std::thread::sleep(wait.unwrap_or(Duration::from_millis(10))); // a decision is owed
//!         continue;
//!     }
//!     stream.set_read_timeout(wait)?;
//!     match stream.read(&mut buffer) {
//!         Ok(0) => amqp.handle_eof(clock.now()),
//!         Ok(read) => amqp.handle_slice(clock.now(), &buffer[..read]),
//!         Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
//!         Err(e) => return Err(e.into()),
//!     }
//! }
//! # }
//! ```
//!
//! A loop that does nothing else while it writes needs a write timeout, as here: two peers that both
//! write more than the network takes before they read wait for each other. An async loop reads while a
//! write is blocked; `examples/tokio` is one, for both roles.
//!
//! [`handle_slice`](Connection::handle_slice) copies what was read, which is nothing beside reading it. A
//! transport that reads into a `BytesMut` without clearing it first, as tokio's `read_buf` does, saves even
//! that by [`handle_input`](Connection::handle_input): reserve just before reading. The engine keeps nothing
//! of the read buffer once `poll_event` has returned `None`, so that `BytesMut::reserve` finds it free again
//! unless the caller holds an event. An event that is held pins its read buffer; `to_detached` copies it
//! out.
//!
//! # What a server does
//!
//! | event | command |
//! |---|---|
//! | [`Credentials`](Event::Credentials), [`SaslResponse`](Event::SaslResponse), [`VirtualHost`](Event::VirtualHost), [`UpdateSecret`](Event::UpdateSecret) | [`decide`](Connection::decide); [`sasl`] tells whether a login is right |
//! | [`Request`](Event::Request) with a token | [`Channel::reply`], [`Channel::get_ok`], or [`Channel::fail`] |
//! | [`Request`](Event::Request) without one (no-wait) | nothing, or [`Channel::close_for`] |
//! | [`Content`](Event::Content): a publish | [`Channel::send`] of a `basic::Ack` with its [`publish_seq`](Content::publish_seq) as the delivery-tag, [`Channel::return_message`] |
//! | [`Notice`](Event::Notice): ack, nack, reject | nothing; the engine has checked that these deliveries wait for it |
//! | something to deliver | [`Channel::deliver`] |
//! | a queue of a consumer is gone | [`Channel::call`] of a `basic::Cancel` |
//!
//! # What a client does
//!
//! | event | command |
//! |---|---|
//! | [`Challenge`](Event::Challenge) | [`decide`](Connection::decide) |
//! | [`Reply`](Event::Reply), [`RequestFailed`](Event::RequestFailed) | nothing; each [`Channel::call`] with a [`RequestId`] has exactly one of both, or for basic.get a content |
//! | [`Request`](Event::Request) with a token: a basic.cancel that wants a reply | [`Channel::reply`] with a `basic::CancelOk`; later replies wait behind it |
//! | [`Request`](Event::Request) without one: a basic.cancel, the queue is gone | nothing |
//! | [`Content`](Event::Content): a delivery that isn't no-ack | [`Channel::send`] of a `basic::Ack`, `Nack` or `Reject` |
//! | [`Confirmed`](Event::Confirmed), a returned [`Content`](Event::Content) | nothing |
//! | [`Notice`](Event::Notice): blocked, unblocked, flow | stop publishing, or go on; the engine refuses what may not go out |
//! | [`ChannelClosed`](Event::ChannelClosed) | [`open_channel`](Connection::open_channel), should another be wanted |
//!
//! # Phases
//!
//! ```text
//! client:           Start ──▶ Secure ───────────▶ Opening ──▶ Open ──▶ Closing ──▶ Closed
//! server: Header ─▶ Start ─▶ (Secure) ─▶ Tune ──▶ Opening ──▶ Open ──▶ Closing ──▶ Closed
//! ```
//!
//! A client is in `Secure` from start-ok on; a server only if it asks for more by a challenge.
//!
//! Before `Opening` there is no Close handshake: faults and refusals end the stream without a word
//! (`HS-02`). Ids such as `HS-02` name rules of the protocol, which [the rule book](rules) lists;
//! [`Violation::rule`] is one of them.
//!
//! # Features
//!
//! * `std` (default): `std::error::Error` for sources below, vectored output, [`StdClock`].
//! * `extra-platforms`: targets without compare-and-swap, by way of `portable-atomic`.
//! * `sasl-scram`: CRAM-MD5, SCRAM-SHA-1 and SCRAM-SHA-256 for clients, and `sasl::Verification`, a server's side
//!   of every mechanism.
//! * `testing`: the module `testing`, an in-memory pair with virtual time.
//! * `proptest`: strategies for values, tables, methods, properties, frames and sessions, in
//!   `testing::strategies`.
//! * `arbitrary`: the same of a fuzzer's octets, by `Arbitrary`.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod channel;
mod config;
mod connection;
mod error;
mod event;
pub mod frame;
mod limits;
mod output;
mod peer;
mod phase;
pub mod profile;
pub mod protocol;
#[cfg(doc)]
/// The rules of the protocol, and what the engine does about each of them.
///
#[doc = include_str!("../docs/rules.md")]
pub mod rules {}
#[cfg(doc)]
/// What a hostile peer can make a connection hold and do, with figures.
///
#[doc = include_str!("../docs/budget.md")]
pub mod budget {}
#[cfg(doc)]
/// What brokers do differently, and what the engine does about it.
///
#[doc = include_str!("../docs/brokers.md")]
pub mod brokers {}
pub mod sasl;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod time;
pub mod wire;

pub use channel::{Channel, PreparedPublish};
pub use config::{ClientConfig, ContentMode, Heartbeat, ServerConfig};
pub use connection::{Connection, Decision, Parts};
pub use error::{CloseDetail, CloseReason, Got, Initiator, Scope, UsageError, Violation};
pub use event::{
    Challenge, ChannelId, Content, ContentPart, ContentStart, Credentials, Event, Fate,
    MethodEvent, PublishSeq, ReplyToken, RequestId, SaslResponse, UpdateSecret, VirtualHost,
};
pub use limits::Limits;
pub use output::{Payload, Transmit};
pub use peer::Capabilities;
pub use phase::{Phase, Side};
pub use profile::Profile;
pub use sasl::Mechanism;
pub use time::Instant;
#[cfg(feature = "std")]
pub use time::StdClock;

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
