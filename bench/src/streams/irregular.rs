//! W1mix: deliveries of which no two look alike, so that no branch can be learnt.

use super::frames::{pair, short, sized};
use super::{Message, Random};

/// How many channels take part.
pub const CHANNELS: u16 = 8;

/// An endless sequence of messages.
#[derive(Clone, Debug)]
pub struct Messages {
    random: Random,
    consumers: Vec<String>,
}

impl Messages {
    /// The same sequence each time.
    pub fn new() -> Self {
        let mut random = Random::new(0xA3C9_0091);
        let consumers = (0..CHANNELS).map(|_| text(&mut random)).collect();
        Self { random, consumers }
    }

    /// The next message.
    pub fn next_message(&mut self) -> Message {
        let random = &mut self.random;
        let channel = random.between(1, usize::from(CHANNELS)) as u16;
        let (exchange, routing_key) = (text(random), text(random));
        let properties = properties(random);
        let size = random.between(16, 495);
        let body = random.octets(size);
        let consumer_tag = self.consumers[usize::from(channel - 1)].clone();
        Message { channel, consumer_tag, exchange, routing_key, properties, body }
    }
}

impl Default for Messages {
    fn default() -> Self {
        Self::new()
    }
}

/// One to sixty octets, more often few than many, as names are.
fn text(random: &mut Random) -> String {
    let most = random.between(1, 60);
    let len = random.between(1, most);
    random.text(len)
}

/// Each property in two of five messages, headers in half of them.
fn properties(random: &mut Random) -> Vec<u8> {
    let mut flags = 0_u16;
    let mut values = Vec::new();
    for place in 0..14 {
        let is_set = match place {
            2 => random.once_in(2),
            _ => random.between(1, 5) <= 2,
        };
        if !is_set {
            continue;
        }
        flags |= 0x8000 >> place;
        match place {
            2 => sized(&mut values, |out| headers(out, random)),
            3 => values.push(random.between(1, 2) as u8),
            4 => values.push(random.between(0, 9) as u8),
            9 => values.extend((1_700_000_000 + (random.bits() >> 40)).to_be_bytes()),
            _ => short(&mut values, &text(random)),
        }
    }
    [&flags.to_be_bytes()[..], &values].concat()
}

fn headers(out: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..random.between(0, 6) {
        let name = text(random);
        let bits = random.bits();
        match random.between(0, 7) {
            0 => pair(out, &name, b't', |out| out.push((bits & 1) as u8)),
            1 => pair(out, &name, b's', |out| out.extend((bits as u16).to_be_bytes())),
            2 => pair(out, &name, b'I', |out| out.extend((bits as u32).to_be_bytes())),
            3 => pair(out, &name, b'l', |out| out.extend(bits.to_be_bytes())),
            4 => pair(out, &name, b'd', |out| out.extend(((bits >> 12) as f64).to_be_bytes())),
            5 => pair(out, &name, b'T', |out| out.extend((bits >> 32).to_be_bytes())),
            6 => pair(out, &name, b'V', |_| {}),
            _ => {
                let value = text(random);
                pair(out, &name, b'S', |out| sized(out, |out| out.extend(value.as_bytes())));
            }
        }
    }
}
