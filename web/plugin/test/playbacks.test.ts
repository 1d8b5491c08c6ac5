/**
 * Recorded playbacks of real players, with the truth measured from the playhead alone: what the plugin's
 * totals say must agree with it.
 */

import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Rendition, TelemetryEvent, Totals } from '../src/events.ts';
import { eventsOf, recorded, type Truth } from './support/playback.ts';

const FOLDER = new URL('../../../tests/fixtures/playbacks/', import.meta.url);
const TOLD = new URL('../../../tests/fixtures/plugin/', import.meta.url);
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -5));

/** How far a figure may be from the truth, ms. A stall's own share is per stall. */
const TOLERANCE = { startup: 200, playing: 400, rebufferPerStall: 150, seek: 250, paused: 150 };
const RENDITION_MS = 500;

function sessionsOf(events: TelemetryEvent[]): TelemetryEvent[][] {
  const ids = [...new Set(events.map((event) => event.sessionId))];
  return ids.map((id) => events.filter((event) => event.sessionId === id));
}

/** The time in a state, ms. A fatal error ends a start that never came. */
function spent(truth: Truth, state: string): number {
  const until = state === 'startup' ? (truth.fatalAtMs ?? Infinity) : Infinity;
  const spans = truth.timeline.filter(([name]) => name === state);
  return spans.reduce((sum, [, from, to]) => sum + Math.max(0, Math.min(to, until) - from), 0);
}

/** Stalls as the server counts them: those of 250 ms and more, until a fatal error. */
function stallsOf(truth: Truth): { sure: number; possible: number; ms: number; microMs: number } {
  const lasted = truth.stalls.map((stall) =>
    stall.endsInFatal ? (stall.msBeforeFatal ?? 0) : stall.durationMs,
  );
  const sum = (all: number[]) => all.reduce((total, ms) => total + ms, 0);
  return {
    sure: lasted.filter((ms) => ms >= 350).length,
    possible: lasted.filter((ms) => ms >= 150).length,
    ms: sum(lasted.filter((ms) => ms >= 250)),
    microMs: sum(lasted.filter((ms) => ms < 250)),
  };
}

/** Time played by height, from the totals: what an event shows was on screen until the next one. */
function heightsOf(events: TelemetryEvent[]): Record<string, number> {
  const heights: Record<string, number> = {};
  let shown: number | undefined;
  let playedMs = 0;
  for (const event of events) {
    const { playingMs } = event['totals'] as Totals;
    if (shown) heights[shown] = (heights[shown] ?? 0) + playingMs - playedMs;
    playedMs = playingMs;
    shown = (event['quality'] as Rendition | undefined)?.height;
  }
  return heights;
}

describe.each(NAMES)('%s', (name) => {
  const playback = recorded(name);
  const sessions = sessionsOf(eventsOf(playback));

  test('has a session for each source', () => {
    expect(sessions.length).toBe(playback.truth.length);
  });

  test.each(playback.truth.map((truth, i) => [i, truth] as const))(
    'session %i agrees with the truth',
    (i, truth) => {
      const events = sessions[i] ?? [];
      const totals = events.at(-1)?.['totals'] as Totals;
      const stalls = stallsOf(truth);
      const differences = {
        startup: totals.startupMs - spent(truth, 'startup'),
        playing: totals.playingMs - spent(truth, 'playing') - stalls.microMs,
        rebufferPerStall: (totals.rebufferMs - stalls.ms) / Math.max(1, stalls.possible),
        seek: totals.seekMs - spent(truth, 'seeking'),
        paused: totals.pausedMs - spent(truth, 'paused'),
      };
      for (const [figure, limit] of Object.entries(TOLERANCE)) {
        const difference = differences[figure as keyof typeof TOLERANCE];
        expect(Math.abs(difference), `${figure} is off by ${difference} ms`).toBeLessThanOrEqual(limit);
      }
      expect(totals.rebufferCount).toBeGreaterThanOrEqual(stalls.sure);
      expect(totals.rebufferCount).toBeLessThanOrEqual(stalls.possible);
    },
  );

  test.each(playback.truth.map((truth, i) => [i, truth] as const))(
    'session %i tells what was shown',
    (i, truth) => {
      const heights = heightsOf(sessions[i] ?? []);
      expect(Object.keys(heights)).toEqual(Object.keys(truth.heights));
      for (const [height, ms] of Object.entries(truth.heights)) {
        expect(Math.abs((heights[height] ?? 0) - ms), `${height}p`).toBeLessThanOrEqual(RENDITION_MS);
      }
    },
  );

  test('ends its parts where the wall does', () => {
    for (const events of sessions) {
      const [first, last] = [events[0], events.at(-1)];
      const { rebufferCount, ...parts } = last?.['totals'] as Totals;
      expect(rebufferCount).toBeGreaterThanOrEqual(0);
      const sum = Object.values(parts).reduce((total, ms) => total + ms, 0);
      const wall = (last?.timestamp ?? 0) - (first?.timestamp ?? 0);
      expect(Math.abs(sum - wall)).toBeLessThanOrEqual(4);
    }
  });

  // The server folds these: tests/it/plugin.rs. After a change of the machine: npx vitest run -u
  test('tells what it told before', async () => {
    const lines = sessions.flat().map((event) => JSON.stringify(event));
    await expect(`[\n${lines.join(',\n')}\n]\n`).toMatchFileSnapshot(new URL(`${name}.json`, TOLD).pathname);
  });

  test('numbers its events without a hole', () => {
    for (const events of sessions) expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i));
  });
});
