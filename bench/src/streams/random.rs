//! Random numbers that stay the same for ever, which no crate promises for its own.

/// `SplitMix64`: a seed in, a sequence out.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A sequence of its own for each seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `least` to `most`, both included. The bias of the remainder is of no account here.
    pub const fn between(&mut self, least: usize, most: usize) -> usize {
        least + (self.bits() % (most - least + 1) as u64) as usize
    }

    /// True once in `every` times.
    pub const fn once_in(&mut self, every: usize) -> bool {
        self.between(1, every) == 1
    }

    /// A text of letters, digits and what stands between them in names.
    pub fn text(&mut self, len: usize) -> String {
        const LETTERS: &[u8; 64] =
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
        (0..len).map(|_| char::from(LETTERS[(self.bits() % 64) as usize])).collect()
    }

    /// Any octets.
    pub fn octets(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.bits() >> 56) as u8).collect()
    }
}
