/**
 * How a session's wall time was spent: the cumulative `totals` that go with every event, so that a lost
 * event costs the server resolution and never time (the rules are in docs/METRICS.md).
 *
 * What was credited is never taken back. So time is credited only once it is known what it was: the time
 * since the playhead was last seen to move waits, it may yet turn out to be a stall.
 */

import type { State, Totals } from './events.ts';

/** A stall shorter than this is part of playing. */
export const MICRO_STALL_MS = 250;
/** A state that says nothing for longer was asleep: the rest is credited to nothing. */
const SILENCE_MS = 30_000;
/** How far the playhead may fall behind the clock before the rest counts as asleep. */
const LAG_MS = 1000;

type Part = Exclude<keyof Totals, 'rebufferCount'>;

const PARTS: Record<State, Part> = {
  idle: 'idleMs',
  starting: 'startupMs',
  playing: 'playingMs',
  rebuffering: 'rebufferMs',
  seeking: 'seekMs',
  paused: 'pausedMs',
  ended: 'endedMs',
};

export class Ledger {
  private readonly sums: Totals = {
    startupMs: 0,
    playingMs: 0,
    rebufferMs: 0,
    rebufferCount: 0,
    seekMs: 0,
    pausedMs: 0,
    endedMs: 0,
    idleMs: 0,
  };
  private settledAt: number;

  constructor(at: number) {
    this.settledAt = at;
  }

  /** Credits all time until `at` that waits. Over a long silence `playedMs` says how much was played. */
  credit(state: State, at: number, playedMs = 0): void {
    let spentMs = Math.max(0, at - this.settledAt);
    if (spentMs > SILENCE_MS) {
      if (state === 'playing') spentMs = Math.min(spentMs, playedMs + LAG_MS);
      else if (state === 'starting' || state === 'rebuffering' || state === 'seeking') spentMs = SILENCE_MS;
    }
    this.sums[PARTS[state]] += spentMs;
    this.skip(at);
  }

  /** The time until `at` is credited to nothing. */
  skip(at: number): void {
    this.settledAt = Math.max(this.settledAt, at);
  }

  countRebuffer(): void {
    this.sums.rebufferCount += 1;
  }

  /** Whole milliseconds. */
  totals(): Totals {
    const totals = { ...this.sums };
    for (const part of Object.keys(totals) as (keyof Totals)[]) totals[part] = Math.round(totals[part]);
    return totals;
  }
}
