//! Shows frames and events to a person, one line each.

use core::fmt::Display;
use std::io::{self, Write};

use amqp_proto::frame::{PeerProtocol, Scanner};
use amqp_proto::protocol::{Dialect, Frame};
use amqp_proto::wire::TableLimits;
use amqp_proto::{Event, Side};

const COLUMNS: usize = 100;

pub(crate) struct View {
    steps: u32,
    from_client: Direction,
    from_server: Direction,
}

/// What one end sends.
struct Direction {
    arrow: &'static str,
    /// Octets that are no whole frame yet.
    pending: Vec<u8>,
    stage: Stage,
}

enum Stage {
    Beginning,
    Frames,
    /// No place in the stream is known from which on there are frames again.
    Lost,
}

impl View {
    pub(crate) fn new() -> Self {
        print(&"C client, S server, numbers are octets on the wire");
        let direction = |arrow| Direction { arrow, pending: Vec::new(), stage: Stage::Beginning };
        Self {
            steps: 0, from_client: direction("C ──▶ S"), from_server: direction("C ◀── S")
        }
    }

    /// The beginning of a step.
    pub(crate) fn headline(&mut self, text: &str) {
        self.steps += 1;
        let line = format!("── {} ── {text} ", self.steps);
        print(&format_args!("\n{line:─<COLUMNS$}"));
    }

    /// What has happened at one end.
    pub(crate) fn event(&self, side: Side, event: &Event) {
        let at = if side == Side::Client { "C" } else { "      S" };
        print_row(at, &"event", event);
    }

    /// Octets that one end has sent; frames are shown as soon as they are whole.
    pub(crate) fn octets(&mut self, from: Side, octets: &[u8]) {
        match from {
            Side::Client => self.from_client.take(octets),
            _ => self.from_server.take(octets),
        }
    }
}

impl Direction {
    fn take(&mut self, octets: &[u8]) {
        self.pending.extend_from_slice(octets);
        if matches!(self.stage, Stage::Beginning) {
            self.begin();
        }
        if matches!(self.stage, Stage::Frames) {
            self.show_frames();
        }
    }

    /// A client begins with a protocol header; a server does so only to refuse.
    fn begin(&mut self) {
        let Some(protocol) = PeerProtocol::recognise(&self.pending) else { return };
        self.stage = Stage::Frames;
        match protocol {
            PeerProtocol::Frames => {}
            PeerProtocol::Amqp(header) => {
                let octets = header.octets().len();
                print_row(self.arrow, &octets, &format_args!("protocol header {header}"));
                self.pending.drain(..octets);
            }
            other => {
                print_row(self.arrow, &self.pending.len(), &format_args!("not AMQP: {other}"));
                self.stage = Stage::Lost;
            }
        }
    }

    fn show_frames(&mut self) {
        let mut scanner = Scanner::new(&self.pending, u32::MAX);
        for (_, raw) in scanner.by_ref() {
            let frame = raw.and_then(|raw| {
                let frame = Frame::parse(Dialect::V0_9_1, raw, &TableLimits::DEFAULT)?;
                Ok((raw.total_len(), frame))
            });
            match frame {
                Ok((octets, frame)) => print_row(self.arrow, &octets, &frame),
                Err(fault) => {
                    print_row(self.arrow, &"fault", &fault);
                    self.stage = Stage::Lost;
                }
            }
        }
        let shown = scanner.position();
        self.pending.drain(..shown);
    }
}

/// What doesn't fit loses its middle, often a long table, and keeps the arguments at the end.
fn print_row(from: &str, size: &dyn Display, text: &dyn Display) {
    let row = format!("  {from:<7} {size:>6}  {text}");
    let excess = row.chars().count().saturating_sub(COLUMNS);
    if excess == 0 {
        return print(&row);
    }
    let head: String = row.chars().take(COLUMNS / 2).collect();
    let tail: String = row.chars().skip(COLUMNS / 2 + excess + 1).collect();
    print(&format_args!("{head}…{tail}"));
}

/// A reader that has had enough, such as `head`, is no reason to stop.
pub(crate) fn print(line: &dyn Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
