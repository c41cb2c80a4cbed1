//! Octets without a meaning, for targets that make something of any.

use super::Seed;

/// Seeds for each target.
const COUNT: usize = 12;

pub(super) fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for target in ["client", "drawn", "server", "session"] {
        for number in 1..=COUNT {
            let octets = noise(number as u64).take(512 * number).collect::<Vec<_>>();
            seeds.push(Seed::new(target, format!("noise-{number:02}"), octets));
        }
    }
    seeds
}

/// Marsaglia's xorshift with 64 bits.
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    core::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
}
