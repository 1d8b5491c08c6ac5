/**
 * How a session's wall time was spent: the cumulative `totals` that go with every event, so that a lost
 * event costs the server resolution and never time (the rules are in docs/METRICS.md).
 *
 * What was credited is never taken back. So time is credited only once it is known what it was: the time
 * since the playhead was last seen to move waits, it may yet turn out to be a stall.
 */

import type { State, Totals } from './events.ts';

/** A state that says nothing for longer was asleep: the rest is credited to nothing. */
const SILENCE_MS = 30_000;
/** How far the playhead may fall behind the clock before the rest counts as asleep. */
const LAG_MS = 1000;

const PARTS: Record<State, keyof Totals> = {
  idle: 'idleMs',
  starting: 'startupMs',
  playing: 'playingMs',
  rebuffering: 'rebufferMs',
  seeking: 'seekMs',
  paused: 'pausedMs',
  ended: 'endedMs',
};

/** States that need watching, and that a sleeping page cannot have been in all the time. */
export const ACTIVE: readonly State[] = ['starting', 'playing', 'rebuffering', 'seeking'];

export interface Ledger {
  /** What was credited so far, to fractions of a ms. */
  readonly sums: Totals;
  /** Credits all time until `at` that waits. Over a long silence `playedMs` says how much was played. */
  credit(state: State, at: number, playedMs?: number): void;
  /** The time until `at` is credited to nothing. */
  skip(at: number): void;
  /** In whole ms. */
  totals(): Totals;
}

export function createLedger(settledAt: number): Ledger {
  const sums = { rebufferCount: 0 } as Totals;
  for (const part of Object.values(PARTS)) sums[part] = 0;

  function skip(at: number): void {
    settledAt = Math.max(settledAt, at);
  }

  return {
    sums,
    credit(state, at, playedMs = 0) {
      let spentMs = Math.max(0, at - settledAt);
      if (spentMs > SILENCE_MS && ACTIVE.includes(state))
        spentMs = state === 'playing' ? Math.min(spentMs, playedMs + LAG_MS) : SILENCE_MS;
      sums[PARTS[state]] += spentMs;
      skip(at);
    },
    skip,
    totals() {
      const totals = { ...sums };
      for (const part of Object.values(PARTS)) totals[part] = Math.round(totals[part]);
      return totals;
    },
  };
}
