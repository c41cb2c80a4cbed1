//! W4: a field table of 50 entries of 13 types, with tables and arrays inside.

use super::Random;
use super::frames::{pair, sized};

/// Entries of the outer table.
pub const ENTRIES: usize = 50;

/// The octets of its pairs, without the table's own length.
pub fn octets() -> Vec<u8> {
    let mut random = Random::new(50);
    let mut out = Vec::new();
    for place in 0..ENTRIES {
        entry(&mut out, &mut random, place);
    }
    out
}

/// The type octets, each of which every contestant knows.
const TYPES: &[u8; 13] = b"tbsIlfdDSTVAF";

fn entry(out: &mut Vec<u8>, random: &mut Random, place: usize) {
    let tag = TYPES[place % TYPES.len()];
    let name = format!("x-{}-{place}", random.text(7).to_lowercase());
    pair(out, &name, tag, |out| match tag {
        b'A' => sized(out, |out| {
            for tag in *b"SIltSdSTS" {
                out.push(tag);
                value(out, random, tag);
            }
        }),
        b'F' => sized(out, |out| {
            pair(out, "count", b'l', |out| value(out, random, b'l'));
            pair(out, "reason", b'S', |out| value(out, random, b'S'));
            pair(out, "exchange", b'S', |out| value(out, random, b'S'));
            pair(out, "deeper", b'F', |out| {
                sized(out, |out| {
                    pair(out, "queue", b'S', |out| value(out, random, b'S'));
                    pair(out, "time", b'T', |out| value(out, random, b'T'));
                    pair(out, "first", b't', |out| value(out, random, b't'));
                });
            });
        }),
        _ => value(out, random, tag),
    });
}

/// A value that holds no others.
fn value(out: &mut Vec<u8>, random: &mut Random, tag: u8) {
    let bits = random.bits();
    match tag {
        b't' => out.push((bits & 1) as u8),
        b'b' => out.push(bits as u8),
        b's' => out.extend((bits as u16).to_be_bytes()),
        b'I' => out.extend((bits as u32).to_be_bytes()),
        b'l' => out.extend(bits.to_be_bytes()),
        b'f' => out.extend(((bits >> 40) as f32).to_be_bytes()),
        b'd' => out.extend(((bits >> 12) as f64).to_be_bytes()),
        b'D' => {
            out.push((bits % 10) as u8);
            out.extend(((bits >> 33) as u32).to_be_bytes());
        }
        b'T' => out.extend((bits >> 32).to_be_bytes()),
        b'V' => {}
        _ => {
            let text = random.text((bits % 21) as usize + 8);
            sized(out, |out| out.extend(text.as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::octets;

    #[test]
    fn is_as_large_as_it_is_said_to_be() {
        assert!((1700..1900).contains(&octets().len()), "{}", octets().len());
    }
}
