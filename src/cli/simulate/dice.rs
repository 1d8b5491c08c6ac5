//! Seeded chance: the distributions a population is drawn from. The same seed, stream and index
//! give the same draws, whatever else the program does meanwhile.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use uuid::Uuid;

/// Independent sequences of draws for one session, so that ids do not shift when the story changes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    /// Who watches what, and how it goes.
    Story,
    /// Session and event ids. These depend on the start time as well.
    Ids,
    /// Batch order, copies and backoff.
    Delivery,
    /// Where the viewer is and what plays the video.
    Audience,
    /// How wrong a client's clock is, when that was asked for.
    Clock,
}

/// One sequence of draws.
#[derive(Debug, Clone)]
pub(super) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// The sequence for session `index`.
    pub(super) fn new(seed: u64, stream: Stream, index: u64) -> Self {
        let lane = match stream {
            Stream::Story => 1,
            Stream::Ids => 2,
            Stream::Delivery => 3,
            Stream::Audience => 4,
            Stream::Clock => 5,
        };
        let mixed = mix(mix(mix(seed) ^ lane) ^ index);
        Self(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.0.random::<f64>() < p
    }

    /// Even between `low` and `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// A whole number below `limit`; 0 when `limit` is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0.random_range(0..limit.max(1))
    }

    /// Exponential: the time to the next of events that happen every `mean` on average.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.0.random::<f64>()).ln()
    }

    /// Log-normal: half of the draws are below `median`, the tail grows with `sigma`.
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.random::<f64>()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.0.random::<f64>()).cos();
        median * (sigma * normal).exp()
    }

    /// One of `options`, each with its weight. There must be one.
    pub(super) fn pick<'a, T>(&mut self, options: &'a [(f64, T)]) -> Option<&'a T> {
        let sum: f64 = options.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(0.0, sum);
        for (weight, option) in options {
            left -= weight;
            if left < 0.0 {
                return Some(option);
            }
        }
        options.last().map(|(_, option)| option)
    }

    /// A random (version 4) UUID.
    pub(super) fn uuid(&mut self) -> Uuid {
        let mut bytes = [0_u8; 16];
        self.0.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// The finaliser of `SplitMix64`: neighbouring inputs give unrelated outputs.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A duration or count drawn as a float, as a whole number. Draws are far inside i64.
#[expect(
    clippy::as_conversions,
    reason = "saturates by definition, and there is no other way"
)]
pub(super) fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// A whole number as a float: exact below 2^53, which all times and counts here are.
#[expect(
    clippy::as_conversions,
    reason = "exact below 2^53, and there is no other way"
)]
pub(super) fn real(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_stream_and_index_give_the_same_draws() {
        let draw = |seed, stream, index| Dice::new(seed, stream, index).uuid();
        assert_eq!(draw(7, Stream::Ids, 3), draw(7, Stream::Ids, 3));
        assert_ne!(draw(7, Stream::Ids, 3), draw(8, Stream::Ids, 3));
        assert_ne!(draw(7, Stream::Ids, 3), draw(7, Stream::Story, 3));
        assert_ne!(draw(7, Stream::Ids, 3), draw(7, Stream::Ids, 4));
    }

    #[test]
    fn the_distributions_have_the_middle_they_were_given() {
        let mut dice = Dice::new(1, Stream::Story, 0);
        let mean: f64 = (0..20_000).map(|_| dice.exponential(10.0)).sum::<f64>() / 20_000.0;
        assert!((9.5..10.5).contains(&mean), "{mean}");
        let below = (0..20_000).filter(|_| dice.log_normal(800.0, 0.7) < 800.0);
        let below = below.count();
        assert!((9_700..10_300).contains(&below), "{below}");
    }

    #[test]
    fn a_pick_follows_the_weights() {
        let mut dice = Dice::new(1, Stream::Story, 0);
        let options = [(3.0, 'a'), (1.0, 'b')];
        let picked = (0..4000).filter(|_| dice.pick(&options) == Some(&'a'));
        let picked = picked.count();
        assert!((2_850..3_150).contains(&picked), "{picked}");
    }
}
