/**
 * The truth about a session: how its wall time was spent, from samples of the playhead alone.
 *
 * It is worked out from neighbouring samples: whether the playhead moved between them, and whether the
 * element was paused, seeking or at its end. No event and no word of the player enters, so it can judge what
 * is made of events. All times are ms; the parts of a session add up to its length.
 */
import type { Recording, Sample } from './page/recording.ts';

export type State = 'idle' | 'startup' | 'playing' | 'stalled' | 'seeking' | 'paused' | 'ended';

export interface Stretch {
  readonly state: State;
  readonly fromMs: number;
  readonly toMs: number;
  /** Height of the picture shown while playing, px; else 0. */
  readonly height: number;
}

export interface Truth {
  /** Stops too short for a rebuffer are part of playing, as in a summary. */
  readonly totalsMs: Readonly<Record<State, number>>;
  /** Every stop that is more than the clock's noise, short ones too. */
  readonly stallsMs: readonly number[];
  readonly playingMsByHeight: Readonly<Record<string, number>>;
  /** Neighbouring stretches of one state are one. */
  readonly timeline: readonly Stretch[];
}

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A clock read every 25 ms on a busy machine does not see shorter stops. */
const CLOCK_NOISE_MS = 100;
/** What a summary calls a rebuffer. */
export const REBUFFER_MS = 250;

const MOVED_SEC = 0.0005;
/** A playhead this far from where the clock would have it was moved. */
const JUMPED_SEC = 0.5;

/** The truth of the session that began with the load of this number, between its first and last event. */
export function truthOf(recording: Recording, load: number, window: Window): Truth {
  const samples = samplesOfLoad(recording, load);
  const raw = stretches(samples).map((stretch) => afterFailure(stretch, recording.failedAtMs));
  const last = raw.at(-1);
  // The page is gone before its last sample is old: what it did last, it did to the end.
  if (last !== undefined && last.toMs < window.toMs) raw[raw.length - 1] = { ...last, toMs: window.toMs };
  const timeline = merge(raw.flatMap((stretch) => cut(stretch, window)));
  const stallsMs = timeline.filter(({ state }) => state === 'stalled').map(lengthMs);
  const told = merge(timeline.map(withoutShortStop));
  return {
    totalsMs: totals(told),
    stallsMs: stallsMs.filter((ms) => ms >= CLOCK_NOISE_MS),
    playingMsByHeight: byHeight(told),
    timeline: told,
  };
}

function samplesOfLoad({ loadsAtMs, samples }: Recording, load: number): Sample[] {
  const fromMs = loadsAtMs[load] ?? Infinity;
  const toMs = loadsAtMs[load + 1] ?? Infinity;
  return samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
}

/** One stretch for each pair of neighbouring samples. */
function stretches(samples: readonly Sample[]): Stretch[] {
  const judge = new Judge();
  return samples.slice(1).flatMap((after, index) => {
    const before = samples[index];
    if (before === undefined) return [];
    const state = judge.state(before, after);
    const height = state === 'playing' ? after.height : 0;
    return [{ state, fromMs: before.atMs, toMs: after.atMs, height }];
  });
}

/** Remembers the two things that a pair of samples cannot show. */
class Judge {
  private started = false;
  private seekOpen = false;

  state(before: Sample, after: Sample): State {
    const movedSec = after.positionSec - before.positionSec;
    const clockSec = ((after.atMs - before.atMs) / 1000) * after.playbackRate;
    const jumped = movedSec < -MOVED_SEC || movedSec > clockSec + JUMPED_SEC;
    if (this.started && (before.seeking || after.seeking || jumped)) this.seekOpen = true;
    else if (movedSec > MOVED_SEC && !before.paused && !jumped) return this.playing();
    if (before.ended && after.ended) return 'ended';
    if (before.paused && after.paused) return this.started ? 'paused' : 'idle';
    if (!this.started) return 'startup';
    if (this.seekOpen) return 'seeking';
    return after.ended ? 'ended' : 'stalled';
  }

  private playing(): State {
    this.started = true;
    this.seekOpen = false;
    return 'playing';
  }
}

/** What was loaded before the failure still plays; a stop after it is the end, and no stall. */
function afterFailure(stretch: Stretch, failedAtMs = Infinity): Stretch {
  const isEnd = stretch.state === 'stalled' && stretch.fromMs >= failedAtMs;
  return isEnd ? { ...stretch, state: 'ended' } : stretch;
}

function withoutShortStop(stretch: Stretch, index: number, timeline: readonly Stretch[]): Stretch {
  if (stretch.state !== 'stalled' || lengthMs(stretch) >= REBUFFER_MS) return stretch;
  const shown = timeline[index - 1]?.height || (timeline[index + 1]?.height ?? 0);
  return { ...stretch, state: 'playing', height: shown };
}

/** Joins neighbours of one state and height. */
function merge(timeline: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  for (const stretch of timeline) {
    const last = merged.at(-1);
    const goesOn = last?.state === stretch.state && last.height === stretch.height;
    if (goesOn) merged[merged.length - 1] = { ...last, toMs: stretch.toMs };
    else merged.push(stretch);
  }
  return merged;
}

function cut(stretch: Stretch, window: Window): Stretch[] {
  const fromMs = Math.max(stretch.fromMs, window.fromMs);
  const toMs = Math.min(stretch.toMs, window.toMs);
  return toMs > fromMs ? [{ ...stretch, fromMs, toMs }] : [];
}

function totals(timeline: readonly Stretch[]): Record<State, number> {
  const sums = { idle: 0, startup: 0, playing: 0, stalled: 0, seeking: 0, paused: 0, ended: 0 };
  for (const stretch of timeline) sums[stretch.state] += lengthMs(stretch);
  return sums;
}

function byHeight(timeline: readonly Stretch[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const stretch of timeline) {
    if (stretch.state !== 'playing') continue;
    sums[stretch.height] = (sums[stretch.height] ?? 0) + lengthMs(stretch);
  }
  return sums;
}

function lengthMs({ fromMs, toMs }: Stretch): number {
  return toMs - fromMs;
}
