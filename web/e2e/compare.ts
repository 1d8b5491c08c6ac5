/**
 * A session's summary beside the truth: one comparison for each figure, with what may lie between them.
 *
 * Tolerances are ms. They cover a playhead that moves a little before or after `playing` is told, and a busy
 * machine; they do not cover a stall missed or made up, whose numbers must be equal.
 */
import { REBUFFER_MS, type Truth } from './truth.ts';
import type { Summary } from './world/service.ts';

export interface Comparison {
  readonly figure: string;
  readonly truth: number;
  readonly summary: number;
  readonly difference: number;
  readonly tolerance: number;
}

const TOLERANCE_MS = {
  startup: 200,
  idle: 200,
  playing: 400,
  rebuffer: 150,
  seek: 250,
  paused: 150,
  ended: 250,
  gap: 400,
  height: 500,
};

/** A stop so near the limit that a sample may put it on either side of it. */
const NEAR_LIMIT_MS = 50;

export function compare(truth: Truth, summary: Summary): Comparison[] {
  const { totalsMs, stallsMs } = truth;
  const near = stallsMs.filter((ms) => Math.abs(ms - REBUFFER_MS) <= NEAR_LIMIT_MS);
  const nearMs = near.reduce((sum, ms) => sum + ms, 0);
  const rebuffers = stallsMs.filter((ms) => ms >= REBUFFER_MS).length;
  return [
    comparison('startup ms', totalsMs.startup, summary.startup_ms ?? 0, TOLERANCE_MS.startup),
    comparison('idle ms', totalsMs.idle, summary.idle_ms, TOLERANCE_MS.idle),
    comparison('playing ms', totalsMs.playing, summary.playing_ms, TOLERANCE_MS.playing),
    comparison('rebuffer ms', totalsMs.stalled, summary.rebuffer_ms, TOLERANCE_MS.rebuffer + nearMs),
    comparison('rebuffers', rebuffers, summary.rebuffer_count, near.length),
    comparison('seek ms', totalsMs.seeking, summary.seek_ms, TOLERANCE_MS.seek),
    comparison('paused ms', totalsMs.paused, summary.paused_ms, TOLERANCE_MS.paused),
    comparison('ended ms', totalsMs.ended, summary.ended_ms, TOLERANCE_MS.ended),
    comparison('gap ms', 0, summary.gap_ms, TOLERANCE_MS.gap),
  ];
}

/** Playing time of each rendition that was shown, or is said to have been. */
export function compareHeights(truth: Truth, summary: Summary): Comparison[] {
  const shown = truth.playingMsByHeight;
  const told = summary.playing_ms_by_height;
  const heights = [...new Set([...Object.keys(shown), ...Object.keys(told)])];
  return heights.map((height) =>
    comparison(`${height}p ms`, shown[height] ?? 0, told[height] ?? 0, TOLERANCE_MS.height),
  );
}

/** From the load of the source to what the page did last: nothing may be missing at either end. */
export function compareLength(truthMs: number, summary: Summary): Comparison {
  return comparison('session ms', truthMs, summary.session_ms, TOLERANCE_MS.playing);
}

export function isWithinTolerance({ difference, tolerance }: Comparison): boolean {
  return Math.abs(difference) <= tolerance;
}

function comparison(figure: string, truth: number, summary: number, tolerance: number): Comparison {
  const rounded = Math.round(truth);
  return { figure, truth: rounded, summary, difference: summary - rounded, tolerance: Math.round(tolerance) };
}
