import { expect, test } from 'vitest';

import type { Sample } from './page/recording.ts';
import { truthOf, type State, type Truth } from './truth.ts';

const PAUSED = { paused: true };
const SEEKING = { seeking: true };

/** A sample at a time (ms) with the playhead at a position (s); playing in 720p unless told otherwise. */
function at(atMs: number, positionSec: number, other: Partial<Sample> = {}): Sample {
  const playing = { paused: false, seeking: false, ended: false, playbackRate: 1, height: 720 };
  return { atMs, positionSec, ...playing, ...other };
}

function truth(samples: Sample[], failure: { failedAtMs?: number } = {}): Truth {
  const toMs = samples.at(-1)?.atMs ?? 0;
  return truthOf({ loadsAtMs: [0], samples, ...failure }, 0, { fromMs: 0, toMs });
}

/** The parts that are not 0. */
function parts({ totalsMs }: Truth): Partial<Record<State, number>> {
  return Object.fromEntries(Object.entries(totalsMs).filter(([, ms]) => ms !== 0));
}

test('time before the wish to play is idle, from then to the first movement it is startup', () => {
  const samples = [at(0, 0, PAUSED), at(300, 0, PAUSED), at(300, 0), at(1000, 0), at(1500, 0.5), at(2000, 1)];
  expect(parts(truth(samples))).toEqual({ idle: 300, startup: 700, playing: 1000 });
});

test('a playhead that stands still for 250 ms is stalled', () => {
  const samples = [at(0, 0), at(1000, 1), at(1250, 1), at(2250, 2)];
  const stalled = truth(samples);
  expect(parts(stalled)).toEqual({ playing: 2000, stalled: 250 });
  expect(stalled.stallsMs).toEqual([250]);
});

test('a shorter stop belongs to playing and is still told', () => {
  const stopped = truth([at(0, 0), at(1000, 1), at(1249, 1), at(2249, 2)]);
  expect(parts(stopped)).toEqual({ playing: 2249 });
  expect(stopped.stallsMs).toEqual([249]);
});

test('stops under 100 ms are noise of the clock', () => {
  expect(truth([at(0, 0), at(1000, 1), at(1099, 1), at(2099, 2)]).stallsMs).toEqual([]);
});

test('from a seek until the playhead moves again it is seeking', () => {
  const samples = [
    at(0, 0),
    at(1000, 1),
    at(1000, 30, SEEKING),
    at(1500, 30, SEEKING),
    at(1800, 30),
    at(2800, 31),
  ];
  expect(parts(truth(samples))).toEqual({ playing: 2000, seeking: 800 });
});

test('a jump too quick for the seeking flag to be seen is a seek', () => {
  const samples = [at(0, 0), at(1000, 1), at(1025, 20), at(1400, 20), at(2400, 21)];
  expect(parts(truth(samples))).toEqual({ playing: 2000, seeking: 400 });
});

test('a pause within a seek is paused, and the wait after it is the seek again', () => {
  const seek = [at(1000, 30, SEEKING), at(1200, 30, { ...SEEKING, ...PAUSED }), at(2200, 30, PAUSED)];
  const samples = [at(0, 0), at(1000, 1), ...seek, at(2200, 30), at(2500, 30), at(3500, 31)];
  expect(parts(truth(samples))).toEqual({ playing: 2000, seeking: 500, paused: 1000 });
});

test('playing to the end and again from the beginning', () => {
  const end = { paused: true, ended: true };
  const samples = [at(0, 0), at(1000, 1), at(1000, 1, end), at(3000, 1, end), at(3000, 0, SEEKING)];
  const replayed = truth([...samples, at(3200, 0), at(4200, 1)]);
  expect(parts(replayed)).toEqual({ playing: 2000, ended: 2000, seeking: 200 });
});

test('after a failure what is loaded still plays, and a stop is the end', () => {
  const samples = [at(0, 0), at(1000, 1), at(1500, 1), at(2500, 2), at(5500, 2)];
  expect(parts(truth(samples, { failedAtMs: 1600 }))).toEqual({ playing: 2000, stalled: 500, ended: 3000 });
});

test('a stop is a stall until the player gives up', () => {
  const samples = [at(0, 0), at(1000, 1), at(1700, 1), at(4000, 1)];
  expect(parts(truth(samples, { failedAtMs: 1700 }))).toEqual({ playing: 1000, stalled: 700, ended: 2300 });
});

test('playing time is told by the height of the picture shown', () => {
  const samples = [at(0, 0, { height: 180 }), at(1000, 1, { height: 180 }), at(3000, 3), at(3500, 3.5)];
  expect(truth(samples).playingMsByHeight).toEqual({ 180: 1000, 720: 2500 });
});

test('at double speed a second of wall time is a second of playing', () => {
  const fast = { playbackRate: 2 };
  expect(parts(truth([at(0, 0, fast), at(1000, 2, fast), at(2000, 4, fast)]))).toEqual({ playing: 2000 });
});

test('the parts are cut to the time between the first and the last event', () => {
  const samples = [at(0, 0), at(1000, 1), at(3000, 1), at(4000, 2)];
  const { totalsMs } = truthOf({ loadsAtMs: [0], samples }, 0, { fromMs: 400, toMs: 2000 });
  expect(totalsMs).toMatchObject({ playing: 600, stalled: 1000 });
});

test('what the page did last it did to the end of the session', () => {
  const samples = [at(0, 0), at(1000, 1)];
  const { totalsMs } = truthOf({ loadsAtMs: [0], samples }, 0, { fromMs: 0, toMs: 1040 });
  expect(totalsMs.playing).toBe(1040);
});

test('a second load is a session of its own', () => {
  const second = [at(2000, 0), at(2600, 0), at(3600, 1)];
  const recording = { loadsAtMs: [0, 2000], samples: [at(0, 0), at(1000, 1), at(2000, 2), ...second] };
  expect(truthOf(recording, 0, { fromMs: 0, toMs: 2000 }).totalsMs).toMatchObject({
    playing: 2000,
    startup: 0,
  });
  expect(truthOf(recording, 1, { fromMs: 2000, toMs: 3600 }).totalsMs).toMatchObject({
    playing: 1000,
    startup: 600,
  });
});
