//! The steps that bring a connection to the stage at which its tape begins.

use amqp_proto::protocol::Dialect;

use super::commands::which;
use super::start::PASSWORD;
use super::tape::{Start, Step};
use crate::common::{PROTOCOL_HEADER, asked_frame_max, long, short};
use crate::layout::{self, Filling};

/// How many stages there are on each side.
const STAGES: u8 = 16;

/// The steps of a peer and an application in good order.
pub(super) struct Prelude {
    start: Start,
    dialect: Dialect,
    steps: Vec<Step>,
}

impl Prelude {
    pub(super) const fn new(start: Start) -> Self {
        Self { start, dialect: start.dialect(), steps: Vec::new() }
    }

    const fn stage(&self) -> u8 {
        self.start.stage % STAGES
    }

    /// Whether this stage is one of these.
    fn is_among(&self, stages: &[u8]) -> bool {
        stages.contains(&self.stage())
    }

    /// A method of the peer; none, where the dialect lacks it.
    fn peer(&mut self, channel: u8, name: &str, arguments: &[u8]) {
        if let Some(method) = layout::find(self.dialect, name) {
            let payload = [&method.payload(Filling::Empty)[..4], arguments].concat();
            self.steps.push(Step::Frame { frame_type: 1, channel, payload });
        }
    }

    /// The same with all arguments zero or empty.
    fn peer_plain(&mut self, channel: u8, name: &str) {
        if let Some(method) = layout::find(self.dialect, name) {
            let payload = method.payload(Filling::Empty);
            self.steps.push(Step::Frame { frame_type: 1, channel, payload });
        }
    }

    fn command(&mut self, which: u8, channel: u8, first: u8, second: u8) {
        self.steps.push(Step::Command { which, channel, first, second });
    }

    fn say(&mut self, channel: u8, name: &str, arguments: &[u8]) {
        if let Some(method) = layout::find(self.dialect, name) {
            let payload = [&method.payload(Filling::Empty)[..4], arguments].concat();
            self.steps.push(Step::Say { channel, payload });
        }
    }

    fn round(&mut self) {
        self.steps.push(Step::Round {});
    }

    /// What the peer says about itself.
    fn properties(&self) -> Vec<u8> {
        if !self.start.has_capabilities() {
            return long(b"");
        }
        let names = [
            "publisher_confirms",
            "exchange_exchange_bindings",
            "basic.nack",
            "consumer_cancel_notify",
            "connection.blocked",
            "authentication_failure_close",
        ];
        let flags: Vec<u8> =
            names.iter().flat_map(|name| [&short(name)[..], b"t\x01"].concat()).collect();
        long(&[&short("capabilities")[..], b"F", &long(&flags)].concat())
    }

    fn tuning(&self) -> Vec<u8> {
        let own = asked_frame_max(self.start.frame_max(), &self.start.limits());
        let frame_max = own.min(131_072).to_be_bytes();
        let channel_max = self.start.channel_max();
        let channel_max = if channel_max == 0 { 2047 } else { channel_max };
        let heartbeat = self.start.heartbeat().to_be_bytes();
        [&channel_max.to_be_bytes()[..], &frame_max, &heartbeat].concat()
    }

    /// The server's stages.
    ///
    /// 0 protocol header awaited · 1 start sent · 2 login to be decided · 3 challenge sent · 4 tune sent ·
    /// 5 virtual host to be decided · 6 open · 7 channel 1 · 8 channels 1 (confirms, consumers, a delivery)
    /// and 2 (a transaction) · 9 inside a publish of the client · 10 inside a delivery · 11 channel 1
    /// closing · 12 closing · 13 requests to be answered · 14 blocked · 15 as 8, with nothing settled.
    pub(super) fn server(mut self) -> Vec<Step> {
        let stage = self.stage();
        if stage == 0 {
            return self.steps;
        }
        let header = match self.dialect {
            Dialect::V0_9_1 => PROTOCOL_HEADER.into(),
            other => other.header().octets().to_vec(),
        };
        self.steps.push(Step::Octets { octets: header });
        self.round();
        if stage == 1 {
            return self.steps;
        }
        let response = format!("\0guest\0{PASSWORD}");
        let start_ok =
            [self.properties(), short("PLAIN"), long(response.as_bytes()), short("en_US")];
        self.peer(0, "connection.start-ok", &start_ok.concat());
        self.round();
        match stage {
            2 => return self.steps,
            3 => {
                self.command(which::CHALLENGE, 0, 1, 0);
                self.round();
                return self.steps;
            }
            _ => self.command(which::ACCEPT, 0, 0, 0),
        }
        self.round();
        if stage == 4 {
            return self.steps;
        }
        let tuning = self.tuning();
        self.peer(0, "connection.tune-ok", &tuning);
        self.peer(0, "connection.open", &[&short("/")[..], b"\0\0"].concat());
        self.round();
        if stage == 5 {
            return self.steps;
        }
        self.command(which::ACCEPT, 0, 0, 0);
        self.round();
        self.server_open();
        self.steps
    }

    fn server_open(&mut self) {
        if self.stage() >= 7 && self.stage() != 14 {
            self.peer_plain(1, "channel.open");
            self.round();
        }
        if self.is_among(&[8, 10, 15]) {
            self.peer_plain(2, "channel.open");
            self.peer(1, "confirm.select", b"\x01");
            self.peer_plain(2, "tx.select");
            for (tag, bits) in [("c", 8), ("n", 10)] {
                let consume = [&b"\0\0"[..], &short("q"), &short(tag), &[bits], &long(b"")];
                self.peer(1, "basic.consume", &consume.concat());
            }
            self.round();
            self.steps.push(Step::Settle {});
            self.command(which::DELIVER, 1, 2, 0);
            self.round();
        }
        match self.stage() {
            9 => {
                self.peer(1, "basic.publish", &[&b"\0\0\0"[..], &short("q"), b"\0"].concat());
                self.steps.push(Step::Header { channel: 1, size: 3, properties: 0 });
                self.steps.push(Step::Body { channel: 1, len: 4 });
            }
            10 => {
                self.command(which::START_DELIVER, 1, 3, 0);
                self.command(which::SEND_BODY, 1, 1, 0);
            }
            11 => self.command(which::CLOSE_CHANNEL, 1, 0, 0),
            12 => self.command(which::CLOSE, 0, 0, 0),
            13 => {
                let declare = [&b"\0\0"[..], &short("q"), b"\0", &long(b"")].concat();
                self.peer(1, "queue.declare", &declare);
                self.peer(1, "basic.get", &[&b"\0\0"[..], &short("q"), b"\0"].concat());
                let consume = [&b"\0\0"[..], &short("q"), &short("c"), b"\0", &long(b"")];
                self.peer(1, "basic.consume", &consume.concat());
                self.peer(1, "channel.flow", b"\x01");
            }
            14 => self.command(which::BLOCK, 0, 1, 0),
            15 => {
                for _ in 0..2 {
                    let publish = [&b"\0\0\0"[..], &short("q"), b"\0"].concat();
                    self.peer(1, "basic.publish", &publish);
                    self.steps.push(Step::Header { channel: 1, size: 0, properties: 0 });
                    self.command(which::DELIVER, 1, 2, 0);
                }
            }
            _ => {}
        }
        self.round();
    }

    /// The client's stages.
    ///
    /// 0 start awaited · 1 start-ok sent · 2 challenged · 3 tuned, open-ok awaited · 4 open · 5 channel 1
    /// opening · 6 channel 1 · 7 channels 1 (confirms, consumers, publishes) and 2 (a transaction) ·
    /// 8 inside a delivery · 9 inside a publish · 10 channel 1 closing · 11 closing · 12 requests
    /// unanswered · 13 blocked · 14 stopped by flow · 15 as 7, with deliveries that aren't acked.
    pub(super) fn client(mut self) -> Vec<Step> {
        let stage = self.stage();
        if stage == 0 {
            return self.steps;
        }
        let version: &[u8] = if self.dialect == Dialect::V0_8 { b"\x08\0" } else { b"\0\x09" };
        let properties = self.properties();
        let offers = [long(b"PLAIN AMQPLAIN OWN"), long(b"en_US")].concat();
        self.peer(0, "connection.start", &[version, &properties, &offers].concat());
        self.round();
        if stage == 1 {
            return self.steps;
        }
        if stage == 2 {
            self.peer(0, "connection.secure", &long(b"who?"));
            self.round();
            return self.steps;
        }
        let tuning = self.tuning();
        self.peer(0, "connection.tune", &tuning);
        self.round();
        if stage == 3 {
            return self.steps;
        }
        self.peer_plain(0, "connection.open-ok");
        self.round();
        self.client_open();
        self.steps
    }

    fn client_open(&mut self) {
        if self.stage() >= 5 && self.stage() != 13 {
            self.command(which::OPEN_CHANNEL, 0, 0, 0);
        }
        if self.stage() >= 6 && self.stage() != 13 {
            self.peer_plain(1, "channel.open-ok");
            self.round();
        }
        if self.is_among(&[7, 9, 15]) {
            self.command(which::OPEN_CHANNEL, 0, 0, 0);
            self.peer_plain(2, "channel.open-ok");
            self.say(1, "confirm.select", b"\x01");
            self.say(2, "tx.select", b"");
            for (tag, bits) in [("c", 8), ("n", 10)] {
                let consume = [&b"\0\0"[..], &short("q"), &short(tag), &[bits], &long(b"")];
                self.say(1, "basic.consume", &consume.concat());
            }
            self.round();
            self.peer_plain(2, "tx.select-ok");
            self.command(which::PUBLISH, 1, 2, 1);
            self.command(which::PUBLISH, 1, 0, 0);
            self.round();
        }
        match self.stage() {
            8 => {
                self.deliver(1);
                self.steps.push(Step::Header { channel: 1, size: 3, properties: 0 });
                self.steps.push(Step::Body { channel: 1, len: 4 });
            }
            9 => {
                self.command(which::START_PUBLISH, 1, 3, 0);
                self.command(which::SEND_BODY, 1, 1, 0);
            }
            10 => self.command(which::CLOSE_CHANNEL, 1, 0, 0),
            11 => self.command(which::CLOSE, 0, 0, 0),
            12 => {
                let declare = [&b"\0\0"[..], &short("q"), b"\0", &long(b"")].concat();
                self.say(1, "queue.declare", &declare);
                self.say(1, "basic.get", &[&b"\0\0"[..], &short("q"), b"\0"].concat());
                let consume = [&b"\0\0"[..], &short("q"), &short("c"), b"\0", &long(b"")];
                self.say(1, "basic.consume", &consume.concat());
            }
            13 => self.peer(0, "connection.blocked", &short("memory")),
            14 => self.peer(1, "channel.flow", b"\0"),
            15 => {
                for tag in 1..=2 {
                    self.deliver(tag);
                    self.steps.push(Step::Header { channel: 1, size: 0, properties: 0 });
                }
            }
            _ => {}
        }
        self.round();
    }

    fn deliver(&mut self, tag: u64) {
        let deliver = [&short("c")[..], &tag.to_be_bytes(), b"\0", &short(""), &short("q")];
        self.peer(1, "basic.deliver", &deliver.concat());
    }
}
