//! From a fold to what its summary says. Reads only; the open state ends at the last event.

use super::SessionSummary;
use super::fold::{End, SessionFold};
use super::parts::Parts;
use super::quality::QualityFigures;
use super::score::{Inputs, Upscale, score};
use super::state::State;

pub(super) fn summary(fold: &SessionFold) -> SessionSummary {
    let parts = settled(fold);
    let mut summary = partition_by(fold, &parts);
    (summary.started_at_ms, summary.last_event_at_ms) = fold.clock.corrected_ms();
    fold.identity.write(&mut summary);
    fold.samples.write(&mut summary);
    let quality = fold.quality.figures(summary.playing_ms);
    let upscale = quality.upscale;
    write_quality(&mut summary, quality);
    write_outcome(&mut summary, fold, &parts);
    summary.experience_score = score(&inputs(&summary, fold, upscale));
    summary
}

/// The parts and counts alone; the rest is as in a session without events. Cheap enough to be asked
/// after every event.
pub(super) fn partition(fold: &SessionFold) -> SessionSummary {
    partition_by(fold, &settled(fold))
}

/// The parts with the open stall ended.
fn settled(fold: &SessionFold) -> Parts {
    let mut parts = fold.parts;
    if parts.stall_ms > 0 {
        parts.close_stall();
    }
    parts
}

fn partition_by(fold: &SessionFold, parts: &Parts) -> SessionSummary {
    let mut summary = SessionSummary {
        event_count: fold.event_count,
        session_ms: fold.clock.session_ms(),
        pause_count: fold.pause_count.into(),
        seek_count: fold.seeks.count(),
        error_count: fold.errors.count(),
        fatal_error_count: fold.errors.fatal_count(),
        ..SessionSummary::default()
    };
    write_parts(&mut summary, fold, parts);
    summary
}

fn write_parts(summary: &mut SessionSummary, fold: &SessionFold, parts: &Parts) {
    summary.playing_ms = parts.playing_ms;
    summary.micro_stall_ms = parts.micro_stall_ms;
    summary.micro_stall_count = parts.micro_stall_count.into();
    summary.rebuffer_ms = parts.rebuffer_ms;
    summary.rebuffer_count = parts.rebuffer_count;
    summary.seek_ms = parts.seek_ms;
    summary.paused_ms = parts.paused_ms;
    summary.ended_ms = parts.ended_ms;
    summary.idle_ms = parts.idle_ms;
    summary.gap_ms = parts.gap_ms;
    match (fold.started, fold.startup_seen) {
        (true, true) => summary.startup_ms = Some(parts.starting_ms),
        // The frame came out of an intent that was taken back: that wait was none.
        (true, false) => summary.idle_ms = summary.idle_ms.saturating_add(parts.starting_ms),
        (false, _) => summary.no_start_ms = parts.starting_ms,
    }
    summary.watched_ms = summary
        .startup_ms
        .unwrap_or(0)
        .saturating_add(summary.no_start_ms)
        .saturating_add(summary.playing_ms)
        .saturating_add(summary.rebuffer_ms)
        .saturating_add(summary.seek_ms);
    summary.rebuffer_ratio = parts.rebuffer_ratio();
}

fn write_quality(summary: &mut SessionSummary, quality: QualityFigures) {
    summary.avg_bitrate_kbps = quality.avg_bitrate_kbps;
    summary.bitrate_known_ms = quality.bitrate_known_ms;
    summary.min_bitrate_kbps = quality.min_bitrate_kbps;
    summary.max_bitrate_kbps = quality.max_bitrate_kbps;
    summary.upswitches = quality.upswitches;
    summary.downswitches = quality.downswitches;
    summary.playing_ms_by_height = quality.playing_ms_by_height;
}

fn write_outcome(summary: &mut SessionSummary, fold: &SessionFold, parts: &Parts) {
    summary.first_error = fold.errors.first();
    summary.vsf = fold.errors.vsf();
    summary.vpf = fold.errors.vpf(parts.playing_ms);
    summary.ebvs = fold.intent && !fold.started && summary.fatal_error_count == 0;
    let end = end(fold, parts);
    summary.end_reason = end.name();
    summary.clean_exit = end != End::IdleTimeout;
    summary.completion = fold
        .identity
        .duration_sec()
        .zip(fold.playhead.max_sec())
        .map(|(duration_sec, max_sec)| (max_sec / duration_sec).clamp(0.0, 1.0));
    summary.completeness = fold.losses.completeness();
}

fn end(fold: &SessionFold, parts: &Parts) -> End {
    let doomed = fold.errors.doomed(parts.playing_ms);
    match (fold.end, fold.state) {
        (Some(end), _) => end,
        (None, State::Ended) => End::Ended,
        (None, State::Failed) => End::Error,
        (None, State::Playing) if doomed => End::Error,
        (None, _) => End::IdleTimeout,
    }
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::PageClose => "page_close",
            Self::SourceChange => "source_change",
            Self::Destroy => "destroy",
            Self::Error => "error",
            Self::IdleTimeout => "idle_timeout",
        }
    }
}

fn inputs(summary: &SessionSummary, fold: &SessionFold, upscale: Option<Upscale>) -> Inputs {
    Inputs {
        intent: fold.intent || fold.started,
        started: fold.started,
        failed: summary.vsf || summary.vpf,
        startup_ms: summary.startup_ms,
        no_start_ms: summary.no_start_ms,
        rebuffer_ms: summary.rebuffer_ms,
        rebuffer_count: summary.rebuffer_count,
        watched_ms: summary.watched_ms,
        upscale,
    }
}
