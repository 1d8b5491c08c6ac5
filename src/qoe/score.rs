//! The experience score: ours, 0–100, an open formula. Its components are the ones Mux publishes;
//! Mux's trade-off curves are secret, so this is not Mux's score.

use super::num;

/// A play intent taken back earlier than this says nothing about quality, ms.
const EBVS_MIN_MS: i64 = 1000;

/// How far the picture was blown up, weighted by playing time. 0 is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upscale {
    pub(super) mean: f64,
    pub(super) max: f64,
}

/// What the score is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Inputs {
    /// There was a play intent.
    pub(super) intent: bool,
    /// A first frame was shown.
    pub(super) started: bool,
    /// vsf or vpf.
    pub(super) failed: bool,
    pub(super) startup_ms: Option<i64>,
    pub(super) no_start_ms: i64,
    pub(super) rebuffer_ms: i64,
    pub(super) rebuffer_count: i64,
    pub(super) watched_ms: i64,
    pub(super) upscale: Option<Upscale>,
}

/// success ÷ 100 × arithmetic mean of the known components; `None` without a play intent, for an
/// exit before the first frame within 1 s, or when no component is known.
pub(super) fn score(inputs: &Inputs) -> Option<f64> {
    if !inputs.intent {
        return None;
    }
    if inputs.failed {
        return Some(0.0);
    }
    if !inputs.started {
        // Gone before the first frame: half of what the start would have been worth by then.
        return (inputs.no_start_ms >= EBVS_MIN_MS).then(|| startup(inputs.no_start_ms) / 2.0);
    }
    let components = [
        inputs.startup_ms.map(startup),
        smoothness(inputs),
        inputs.upscale.map(quality),
    ];
    let mut sum = 0.0;
    let mut known = 0.0;
    for component in components.into_iter().flatten() {
        sum += component;
        known += 1.0;
    }
    (known > 0.0).then(|| (sum / known).clamp(0.0, 100.0))
}

/// 800 ÷ (8 + seconds): 100 at once, 50 after 8 s.
fn startup(startup_ms: i64) -> f64 {
    800.0 / (8.0 + num::float(startup_ms) / 1000.0)
}

/// ½ · [100 ÷ √(1 + (count ÷ 2)²) + 100 · e^(−10 · rebuffer ÷ watched)].
fn smoothness(inputs: &Inputs) -> Option<f64> {
    let share = num::ratio(inputs.rebuffer_ms, inputs.watched_ms)?;
    let half_count = num::float(inputs.rebuffer_count) / 2.0;
    let by_count = 100.0 / (1.0 + half_count * half_count).sqrt();
    let by_share = 100.0 * (-10.0 * share).exp();
    Some(f64::midpoint(by_count, by_share))
}

/// 100 · e^(−0.33 · (0.15 · Umax + 0.85 · Uavg)).
fn quality(upscale: Upscale) -> f64 {
    100.0 * (-0.33 * (0.15 * upscale.max + 0.85 * upscale.mean)).exp()
}
