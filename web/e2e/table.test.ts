import { expect, test } from 'vitest';

import { compare, isWithinTolerance } from './compare.ts';
import { format } from './table.ts';
import { truthOf } from './truth.ts';
import type { Summary } from './world/service.ts';

/** Plays for 1 s, stands still for so long, plays for 1 s. */
function truthWithStall(stallMs: number) {
  const still = { paused: false, seeking: false, ended: false, playbackRate: 1, height: 720 };
  const samples = [
    { atMs: 0, positionSec: 0, ...still },
    { atMs: 1000, positionSec: 1, ...still },
    { atMs: 1000 + stallMs, positionSec: 1, ...still },
    { atMs: 2000 + stallMs, positionSec: 2, ...still },
  ];
  return truthOf({ loadsAtMs: [0], samples }, 0, { fromMs: 0, toMs: 2000 + stallMs });
}

function summaryWith(rebuffer_ms: number, rebuffer_count: number): Summary {
  const nothing = { startup_ms: null, idle_ms: 0, seek_ms: 0, paused_ms: 0, ended_ms: 0, gap_ms: 0 };
  return { ...nothing, playing_ms: 2000, rebuffer_ms, rebuffer_count } as unknown as Summary;
}

function off(stallMs: number, summary: Summary): string[] {
  const figures = compare(truthWithStall(stallMs), summary);
  return figures.filter((row) => !isWithinTolerance(row)).map(({ figure }) => figure);
}

test('a stall that is missed is off, in time and in number', () => {
  expect(off(800, summaryWith(900, 1))).toEqual([]);
  expect(off(800, summaryWith(0, 0))).toEqual(['rebuffer ms', 'rebuffers']);
  expect(off(800, summaryWith(800, 2))).toEqual(['rebuffers']);
});

test('a stop as long as the shortest rebuffer may be counted or not', () => {
  expect(off(260, summaryWith(0, 0))).toEqual([]);
  expect(off(260, summaryWith(260, 1))).toEqual([]);
});

test('the table leaves out what is 0 on both sides and marks what is off', () => {
  const row = {
    scenario: 'one',
    figure: 'playing ms',
    truth: 1000,
    summary: 1500,
    difference: 500,
    tolerance: 400,
  };
  const zero = { ...row, figure: 'seek ms', truth: 0, summary: 0, difference: 0 };
  expect(format([row, zero]).split('\n')).toEqual([
    'scenario  figure      truth  summary  difference  allowed',
    'one       playing ms   1000     1500        +500    ± 400  OFF',
  ]);
});
