//! Owns repeatable chance: the same seed gives the same faults again. Must never be used for anything that has to be secret.

/// xorshift64*: small, and good enough to pick moments and sizes.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed; zero is as good as any other.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        // Neighbouring seeds part ways only after some rounds.
        for _ in 0..8 {
            dice.roll();
        }
        dice
    }

    /// Any number.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.roll() >> 16).checked_rem(end).unwrap_or(0)
    }

    /// Bytes that no file system can compress.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for word in bytes.chunks_mut(8) {
            word.copy_from_slice(&self.roll().to_le_bytes()[..word.len()]);
        }
        bytes
    }
}
