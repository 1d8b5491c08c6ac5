//! The measures, from the rows and from the events alone.

use video_telemetry::qoe::{Event, EventKind, Reason, SessionSummary, State};

use super::numbers::{float, growth, place, share, whole};
use super::row::{self, Row};
use super::seeks;
use super::shown::{self, Upscaling};
use super::stalls;

pub(crate) fn summary(events: &[Event], rows: &[Row<'_>]) -> SessionSummary {
    let mut summary = SessionSummary::default();
    let Some((first, last)) = events.first().zip(events.last()) else {
        summary.end_reason = "idle_timeout";
        return summary;
    };
    summary.event_count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    summary.session_ms = last.timestamp_ms.saturating_sub(first.timestamp_ms);
    times(events, first, last, &mut summary);
    parts(rows, &mut summary);
    let upscaling = shown::figures(events, rows, &mut summary);
    samples(events, &mut summary);
    identity(events, &mut summary);
    outcome(events, rows, &mut summary);
    summary.experience_score = score(rows, &summary, upscaling);
    summary
}

/// Client times corrected by the smallest clock offset, nothing after `created_at`.
fn times(events: &[Event], first: &Event, last: &Event, summary: &mut SessionSummary) {
    let sent = events
        .iter()
        .filter_map(|event| event.sent_at_ms.zip(Some(event.created_at_ms)));
    let offsets = sent.map(|(sent, created)| created.saturating_sub(sent));
    let offset_ms = offsets.min().unwrap_or(0);
    // Choice: between 1970 and 9999.
    let corrected = |event: &Event| {
        let at_ms = event.timestamp_ms.saturating_add(offset_ms);
        at_ms.min(event.created_at_ms).clamp(0, 253_402_300_799_999)
    };
    summary.last_event_at_ms = corrected(last);
    summary.started_at_ms = corrected(first).min(summary.last_event_at_ms);
}

fn parts(rows: &[Row<'_>], summary: &mut SessionSummary) {
    let mut parts = row::parts(rows);
    if parts.open_stall_ms > 0 {
        stalls::close(&mut parts);
    }
    summary.playing_ms = parts.playing_ms;
    summary.micro_stall_ms = parts.micro_stall_ms;
    summary.micro_stall_count = parts.micro_stall_count;
    summary.rebuffer_ms = parts.rebuffer_ms;
    summary.rebuffer_count = parts.rebuffer_count;
    summary.seek_ms = parts.seek_ms;
    summary.seek_count = seeks::count(rows);
    summary.paused_ms = parts.paused_ms;
    summary.pause_count = pauses(rows);
    summary.ended_ms = parts.ended_ms;
    summary.idle_ms = parts.idle_ms;
    summary.gap_ms = parts.gap_ms;
    match rows.last() {
        Some(row) if row.started && row.startup_seen => {
            summary.startup_ms = Some(parts.starting_ms);
        }
        // Choice: a wait for a frame that came by itself was none.
        Some(row) if row.started => summary.idle_ms += parts.starting_ms,
        _ => summary.no_start_ms = parts.starting_ms,
    }
    summary.watched_ms = summary.session_ms
        - summary.paused_ms
        - summary.ended_ms
        - summary.idle_ms
        - summary.gap_ms;
    let wanted_ms = summary.playing_ms + summary.rebuffer_ms;
    summary.rebuffer_ratio = share(summary.rebuffer_ms, wanted_ms);
}

fn pauses(rows: &[Row<'_>]) -> i64 {
    let mut count = 0;
    for row in rows {
        for (before, after) in row.states.iter().zip(row.states.iter().skip(1)) {
            count += i64::from(*after == State::Paused && *before != State::Paused);
        }
    }
    count
}

fn samples(events: &[Event], summary: &mut SessionSummary) {
    let counter = |read: fn(&Event) -> Option<i64>| {
        let values: Vec<i64> = events.iter().filter_map(read).filter(|v| *v >= 0).collect();
        let before = [0].into_iter().chain(values.iter().copied());
        let deltas = before
            .zip(&values)
            .map(|(before, after)| growth(before, *after));
        (!values.is_empty()).then(|| deltas.fold(0, i64::saturating_add))
    };
    summary.dropped_frames = counter(|event| event.dropped_frames);
    summary.decoded_frames = counter(|event| event.decoded_frames);
    let frames = summary.dropped_frames.zip(summary.decoded_frames);
    summary.dropped_frame_ratio = frames.and_then(|(dropped, all)| share(dropped, all));
    summary.avg_fps = mean(events, |event| event.fps);
    summary.avg_rtt_ms = mean(events, |event| event.rtt_ms.map(f64::from));
    summary.avg_downlink_mbps = mean(events, |event| event.downlink_mbps);
    let ahead = events.iter().filter_map(|event| event.buffer_length_sec);
    let ahead_ms = ahead
        .filter(|sec| *sec >= 0.0)
        .map(|sec| whole((sec * 1000.0).round()));
    summary.min_buffer_ahead_ms = ahead_ms.min();
    let latest =
        |read: fn(&Event) -> Option<i64>| events.iter().filter_map(read).rfind(|value| *value >= 0);
    summary.reported_watch_time_ms = latest(|event| event.total_watch_time_ms);
    summary.reported_pause_time_ms = latest(|event| event.total_pause_time_ms);
    summary.interaction_count = latest(|event| event.interaction_count);
}

/// Choice: a sample is 0 to 10^12.
fn mean(events: &[Event], read: fn(&Event) -> Option<f64>) -> Option<f64> {
    let samples: Vec<f64> = events
        .iter()
        .filter_map(read)
        .filter(|sample| *sample >= 0.0 && *sample <= 1e12)
        .collect();
    let count = float(i64::try_from(samples.len()).unwrap_or(i64::MAX));
    (!samples.is_empty()).then(|| (samples.iter().sum::<f64>() / count).abs())
}

/// The first known value of each.
fn identity(events: &[Event], summary: &mut SessionSummary) {
    let first = |read: fn(&Event) -> Option<&str>| {
        let mut known = events
            .iter()
            .filter_map(read)
            .filter(|text| !text.is_empty());
        known.next().map(Into::into)
    };
    let start = |event: &Event| event.session_start.clone();
    summary.viewer_id = first(|event| event.viewer_id.as_deref());
    summary.browser = first(|event| event.browser.as_deref());
    summary.os = first(|event| event.os.as_deref());
    summary.player = first(|event| event.session_start.as_deref()?.player_name.as_deref());
    summary.player_version =
        first(|event| event.session_start.as_deref()?.player_version.as_deref());
    summary.video_id = first(|event| event.session_start.as_deref()?.video_id.as_deref());
    summary.video_title = first(|event| event.session_start.as_deref()?.video_title.as_deref());
    let mut screens = events
        .iter()
        .filter_map(|event| event.screen_width.zip(event.screen_height));
    summary.screen = screens.next().map(|(w, h)| format!("{w}x{h}").into());
    let mut starts = events.iter().filter_map(start);
    let lengths = starts.clone().filter_map(|start| start.video_duration_sec);
    summary.video_duration_sec = lengths.clone().find(|sec| *sec > 0.0);
    summary.live = starts.clone().find_map(|start| start.live);
    summary.custom = starts.find_map(|start| start.custom);
}

fn outcome(events: &[Event], rows: &[Row<'_>], summary: &mut SessionSummary) {
    let errors: Vec<&Row<'_>> = rows
        .iter()
        .filter(|row| row.event.kind == EventKind::PlayerError)
        .collect();
    let fatal: Vec<&Row<'_>> = errors.iter().copied().filter(|row| row.fatal).collect();
    let count = |rows: &[&Row<'_>]| i64::try_from(rows.len()).unwrap_or(i64::MAX);
    summary.error_count = count(&errors);
    summary.fatal_error_count = count(&fatal);
    let named = fatal.first().or(errors.first());
    summary.first_error = named.and_then(|row| {
        let error = row.event.error.as_deref()?;
        error.details.clone().or(error.kind.clone())
    });
    let last = rows.last();
    let started = last.is_some_and(|row| row.started);
    summary.vsf = row::start_failed(rows);
    summary.vpf = row::playback_failed(rows, summary.playing_ms);
    summary.ebvs = last.is_some_and(|row| row.intent) && !started && fatal.is_empty();
    summary.end_reason = end_reason(rows, summary.playing_ms);
    summary.clean_exit = summary.end_reason != "idle_timeout";
    let positions = events.iter().filter_map(|event| place(event.position_sec));
    let furthest_sec = positions.reduce(f64::max);
    let length_sec = summary
        .video_duration_sec
        .filter(|_| summary.live != Some(true));
    summary.completion = furthest_sec
        .zip(length_sec)
        .map(|(sec, of)| f64::min(1.0, sec / of));
    let seqs = events
        .iter()
        .filter_map(|event| event.seq)
        .filter(|seq| *seq >= 0);
    let with_seq = i64::try_from(seqs.clone().count()).unwrap_or(i64::MAX);
    let highest = seqs.max();
    summary.completeness = highest.and_then(|seq| share(with_seq, seq.saturating_add(1)));
}

/// Choice: the stream's end or a failure before the page's farewell counts more than the farewell,
/// and of two farewells the first.
fn end_reason(rows: &[Row<'_>], playing_ms: i64) -> &'static str {
    let Some(last) = rows.last() else {
        return "idle_timeout";
    };
    let doomed = row::doomed_until_ms(rows).is_some_and(|until_ms| playing_ms < until_ms);
    match last.state() {
        State::Ended => "ended",
        State::Failed => "error",
        State::Playing if doomed => "error",
        State::Closed => {
            let opened = |row: &&Row<'_>| row.states.iter().any(|state| *state != State::Closed);
            let closing = rows.iter().rev().find(opened);
            closing.map_or("destroy", farewell)
        }
        _ => "idle_timeout",
    }
}

fn farewell(row: &Row<'_>) -> &'static str {
    let before = row
        .states
        .iter()
        .rev()
        .find(|state| **state != State::Closed);
    match (before, row.event.reason) {
        (Some(State::Ended), _) => "ended",
        (Some(State::Failed), _) => "error",
        (_, Some(Reason::PageClose)) => "page_close",
        (_, Some(Reason::SourceChange)) => "source_change",
        _ => "destroy",
    }
}

fn score(rows: &[Row<'_>], summary: &SessionSummary, upscaling: Upscaling) -> Option<f64> {
    let last = rows.last()?;
    let startup = |ms: i64| 800.0 / (8.0 + float(ms) / 1000.0);
    if !last.intent && !last.started {
        return None;
    }
    if summary.vsf || summary.vpf {
        return Some(0.0);
    }
    if !last.started {
        let waited = summary.no_start_ms >= 1000;
        return waited.then(|| startup(summary.no_start_ms) / 2.0);
    }
    let mut components = Vec::new();
    components.extend(summary.startup_ms.map(startup));
    if let Some(stalled) = share(summary.rebuffer_ms, summary.watched_ms) {
        let count = float(summary.rebuffer_count) / 2.0;
        let by_count = 100.0 / (1.0 + count.powi(2)).sqrt();
        components.push(0.5 * (by_count + 100.0 * (-10.0 * stalled).exp()));
    }
    components
        .extend(upscaling.map(|(max, mean)| 100.0 * (-0.33 * (0.15 * max + 0.85 * mean)).exp()));
    let known = float(i64::try_from(components.len()).unwrap_or(i64::MAX));
    (!components.is_empty()).then(|| components.iter().sum::<f64>() / known)
}
