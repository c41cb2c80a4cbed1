//! What connections and channels occupy while nothing happens, and what traffic leaves behind.
//!
//! A program of its own because of its allocator, which counts. Prints a name and a number per line, in
//! octets where nothing else is said.
#![allow(unsafe_code, reason = "a global allocator can't be written without it")]

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::alloc::System;

use amqp_bench::engine::{self, drain};
use amqp_bench::streams::{Deliveries, Message};
use amqp_proto::protocol::{Properties, basic};
use amqp_proto::wire::TableLimits;
use amqp_proto::{ChannelId, ClientConfig, Connection, Event, ServerConfig};
use bytes::{Bytes, BytesMut};

struct Counting;

/// Octets that are allocated now.
static LIVE: AtomicIsize = AtomicIsize::new(0);
/// Allocations so far.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn note(more: usize, less: usize) {
    LIVE.fetch_add(more as isize - less as isize, Relaxed);
    COUNT.fetch_add(usize::from(more > 0), Relaxed);
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size, layout.size());
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// So many of each, to tell what one costs.
const MANY: u16 = 1000;

fn main() {
    println!("size-of-connection {}", size_of::<Connection>());
    for (side, connect) in [("client", client as fn(u16) -> Connection), ("server", server)] {
        println!("{side}-without-channels {}", idle(|| connect(0)));
        println!("{side}-with-one-channel {}", idle(|| connect(1)));
        let rested = |channels| idle(|| at_rest(connect(channels)));
        println!("{side}-with-one-channel-at-rest {}", rested(1));
        let beyond = (rested(MANY + 1) - rested(1)) as f64 / f64::from(MANY);
        println!("{side}-channel-beyond {beyond:.1}");
        let all = idle(|| (0..10_000).map(|_| connect(1)).collect::<Vec<_>>());
        println!("{side}-of-10000 {}", all / 10_000);
    }
    println!("client-kept-after-a-burst {}", kept());
    traffic("delivery", deliveries());
    traffic("acked-delivery", acked_deliveries());
    // Within the window of output, and far beyond it, in the lane of the channel.
    traffic("publish", publishes(3));
    traffic("waiting-publish", publishes(32));
}

fn client(channels: u16) -> Connection {
    engine::client(ClientConfig::plain("guest", "guest"), channels)
}

fn server(channels: u16) -> Connection {
    engine::server(ServerConfig::default(), channels)
}

/// What a value occupies with all that belongs to it.
fn idle<T>(make: impl FnOnce() -> T) -> isize {
    let before = LIVE.load(Relaxed);
    let made = Box::new(make());
    let after = LIVE.load(Relaxed);
    drop(made);
    after - before
}

/// The same connection after it was idle for so long that a heartbeat has gone out.
fn at_rest(mut connection: Connection) -> Connection {
    connection.handle_timeout(connection.poll_timeout().expect("a time for a heartbeat"));
    while let Some(event) = connection.poll_event() {
        assert!(!matches!(event, Event::Closed(_)), "{event}");
    }
    assert_eq!(drain(&mut connection), 8, "one heartbeat");
    connection
}

/// What a client that is at rest occupies more after it had much to do.
fn kept() -> isize {
    let stream = Deliveries::regular(64, 512 << 10);
    let config = ClientConfig::plain("guest", "guest");
    let mut client = at_rest(engine::consuming(config, &stream.consumers, false));
    let before = LIVE.load(Relaxed);
    let mut octets = stream.octets.clone();
    let mut last = stream.counts();
    stream.number(&mut octets, &mut last);
    octets.chunks(64 << 10).for_each(|part| engine::feed(&mut client, part));
    drop(octets);
    let id = ChannelId::new(1).expect("not channel 0");
    let mut channel = client.channel(id).expect("an open channel");
    channel.send(&basic::Ack { delivery_tag: last[1], multiple: true }).expect("an ack");
    let publish = basic::Publish { routing_key: "q".into(), ..Default::default() };
    for _ in 0..1000 {
        channel.publish(&publish, Properties::EMPTY, &[7; 600]).expect("a publish");
    }
    drop(last);
    drain(&mut client);
    let client = at_rest(client);
    let after = LIVE.load(Relaxed);
    drop(client);
    after - before
}

/// What a hundred rounds leave behind that ten rounds don't, and how often memory is asked for meanwhile.
/// `work` does a round and returns how many messages that was.
fn traffic(name: &str, mut work: impl FnMut() -> usize) {
    for _ in 0..10 {
        work();
    }
    let (live, count) = (LIVE.load(Relaxed), COUNT.load(Relaxed));
    let messages: usize = (0..100).map(|_| work()).sum();
    let allocations = (COUNT.load(Relaxed) - count) as f64 / messages as f64;
    println!("{name}-growth {}", LIVE.load(Relaxed) - live);
    println!("{name}-allocations-per-message {allocations:.4}");
}

/// Reads of 1460 octets into one buffer; `answer` sees each event.
fn reading(no_ack: bool, answer: fn(&mut Connection, &Event)) -> impl FnMut() -> usize {
    let stream = Deliveries::regular(64, 64 << 10);
    let config = ClientConfig::plain("guest", "guest");
    let mut client = engine::consuming(config, &stream.consumers, no_ack);
    let mut octets = stream.octets.clone();
    let mut last = stream.counts();
    let mut buffer = BytesMut::new();
    move || {
        stream.number(&mut octets, &mut last);
        let mut contents = 0;
        for part in octets.chunks(1460) {
            buffer.reserve(1460);
            buffer.extend_from_slice(part);
            client.handle_input(engine::NOW, &mut buffer);
            while let Some(event) = client.poll_event() {
                contents += usize::from(matches!(event, Event::Content(_)));
                answer(&mut client, &event);
            }
            drain(&mut client);
        }
        assert_eq!(contents, stream.messages);
        contents
    }
}

fn deliveries() -> impl FnMut() -> usize {
    reading(true, |_, _| {})
}

fn acked_deliveries() -> impl FnMut() -> usize {
    reading(false, |client, event| {
        let Event::Content(content) = event else { return };
        let delivery_tag = content.deliver().expect("a delivery").delivery_tag;
        let mut channel = client.channel(content.channel()).expect("an open channel");
        channel.send(&basic::Ack { delivery_tag, multiple: false }).expect("an ack");
    })
}

fn publishes(batch: usize) -> impl FnMut() -> usize {
    let message = Message::regular(16 << 10);
    let body = Bytes::copy_from_slice(&message.body);
    let mut client = client(1);
    move || {
        let method = basic::Publish { routing_key: "q".into(), ..Default::default() };
        let properties = Properties::parse(&message.properties, &TableLimits::DEFAULT);
        let properties = properties.expect("properties in order");
        for _ in 0..batch {
            let id = ChannelId::new(1).expect("not channel 0");
            let mut channel = client.channel(id).expect("an open channel");
            channel.publish(&method, properties, &body).expect("a publish");
        }
        drain(&mut client);
        batch
    }
}
