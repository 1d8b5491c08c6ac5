/**
 * The machine on timelines: what happened at which millisecond, and what is told of it.
 *
 * `1500 waiting@1.2` is a `waiting` at 1500 ms with the playhead at 1.2 s. Between two signals the playhead
 * is looked at every 250 ms, as in a page; it moves evenly from one given position to the next. Told is
 * `1200 BUFFER_START rebuffering`: stamp, type, state after it.
 */

import { describe, expect, test } from 'vitest';
import type { Totals } from '../src/events.ts';
import { createMachine, type Look, type Machine } from '../src/machine.ts';

const TICK_MS = 250;

interface Moment {
  at: number;
  signal: string;
  positionSec: number;
}

interface Told {
  lines: string[];
  totals: Totals;
  seeks: string[];
}

function moments(timeline: string): Moment[] {
  let positionSec = 0;
  return timeline.split(';').map((text) => {
    const [at = '', word = ''] = text.trim().split(' ');
    const [signal = '', position] = word.split('@');
    if (position) positionSec = Number(position);
    return { at: Number(at), signal, positionSec };
  });
}

/** Plays the timeline. Ticks come in between, unless the page `sleeps`. */
function run(timeline: string, { sleeps = false, rate = 1 } = {}): Told {
  const all = moments(timeline);
  const told: Told = { lines: [], totals: {} as Totals, seeks: [] };
  let flags = { paused: true, seeking: false, ended: false };
  const lookAt = (at: number, positionSec: number): Look => ({
    at,
    positionSec,
    rate,
    bufferAheadSec: 4,
    ...flags,
  });
  const machine: Machine = createMachine(lookAt(0, 0), (type, at, fields) => {
    told.lines.push(`${Math.round(at)} ${type} ${machine.state()}`);
    const seek = fields?.['seek'] as { fromSec: number; toSec: number; durationMs: number } | undefined;
    if (seek) told.seeks.push(`${seek.fromSec}→${seek.toSec} in ${seek.durationMs}`);
  });
  let before: Moment = { at: 0, signal: 'load', positionSec: 0 };
  for (const moment of all) {
    for (let at = before.at + TICK_MS; !sleeps && at < moment.at; at += TICK_MS)
      machine.signal('tick', lookAt(at, positionAt(at, before, moment, flags)));
    flags = after(flags, moment.signal);
    give(machine, moment.signal, lookAt(moment.at, moment.positionSec));
    before = moment;
  }
  told.totals = machine.totals();
  return told;
}

/** Towards a seek it plays on, in a seek it stands; else it moves evenly to the next position. */
function positionAt(
  at: number,
  a: Moment,
  b: Moment,
  { paused, seeking }: { paused: boolean; seeking: boolean },
): number {
  if (seeking) return a.positionSec;
  if (b.signal === 'seeking') return a.positionSec + (paused ? 0 : (at - a.at) / 1000);
  return a.positionSec + ((b.positionSec - a.positionSec) * (at - a.at)) / (b.at - a.at);
}

function after(flags: { paused: boolean; seeking: boolean; ended: boolean }, signal: string): typeof flags {
  if (signal === 'play') return { ...flags, paused: false, ended: false };
  if (signal === 'pause') return { ...flags, paused: true };
  if (signal === 'ended') return { ...flags, paused: true, ended: true };
  if (signal === 'seeking') return { ...flags, seeking: true, ended: false };
  if (signal === 'playing') return { ...flags, paused: false, seeking: false };
  if (signal === 'seeked') return { ...flags, seeking: false };
  return flags;
}

function give(machine: Machine, signal: string, look: Look): void {
  const error = { type: 'network', details: 'fragLoadError', fatal: true };
  if (signal === 'fatal') machine.signal('error', look, error);
  else if (signal === 'hide') machine.signal('visibility', look, true);
  else if (signal === 'close') machine.signal('end', look, 'page_close');
  else if (signal === 'look') machine.signal('tick', look);
  else if (signal !== 'seeked') machine.signal(signal as 'play', look);
}

/** Only what is told; `HEARTBEAT`s are left out unless asked for. */
function check(timeline: string, lines: string[], totals: Partial<Totals> = {}): void {
  const told = run(timeline);
  expect(told.lines.filter((line) => !line.includes('HEARTBEAT'))).toEqual(lines);
  expect(told.totals).toMatchObject(totals);
  const { rebufferCount, ...parts } = told.totals;
  const sum = Object.values(parts).reduce((all, ms) => all + ms, 0);
  const wall = moments(timeline).at(-1)?.at ?? 0;
  expect(
    Math.abs(sum - wall),
    `${rebufferCount} rebuffers, parts ${JSON.stringify(parts)}`,
  ).toBeLessThanOrEqual(2);
}

const START = '100 play; 600 playing';
const STARTED = ['100 PLAY starting', '600 FIRST_FRAME playing'];

describe('a start', () => {
  test('lasts from the play to the first frame', () => {
    check(`${START}; 5600 look@5`, STARTED, { idleMs: 100, startupMs: 500, playingMs: 5000 });
  });

  test('is seen by the playhead where no playing comes', () => {
    // At 800 ms it is 0.25 s ahead, at 1050 ms it is more: not before the last look.
    check('100 play; 550 look@0; 5550 look@5', ['100 PLAY starting', '800 FIRST_FRAME playing'], {
      startupMs: 700,
      playingMs: 4750,
    });
  });

  test('that is taken back is idle, and begins anew', () => {
    check(
      '100 play; 1100 pause; 3100 play; 3600 playing; 4600 look@1',
      ['100 PLAY starting', '1100 PAUSE idle', '3100 PLAY starting', '3600 FIRST_FRAME playing'],
      { idleMs: 2100, startupMs: 1500, playingMs: 1000 },
    );
  });

  test('that nobody saw has no startup time', () => {
    check('100 playing@9; 1100 look@10', ['100 FIRST_FRAME playing'], { startupMs: 0, playingMs: 1000 });
  });

  test('from the middle of the stream is no first frame before it plays', () => {
    check(
      '100 play; 200 seeking@30; 700 playing@30; 1700 look@31',
      ['100 PLAY starting', '700 FIRST_FRAME playing'],
      {
        startupMs: 600,
        seekMs: 0,
      },
    );
  });
});

describe('a stall', () => {
  test('under 100 ms is not told', () => {
    check(`${START}; 2600 waiting@2; 2690 playing@2; 4690 look@4`, STARTED, {
      playingMs: 4090,
      rebufferCount: 0,
    });
  });

  test('under 250 ms is told and stays playing', () => {
    check(
      `${START}; 2600 waiting@2; 2800 playing@2; 4800 look@4`,
      [...STARTED, '2600 BUFFER_START rebuffering', '2800 BUFFER_END playing'],
      { playingMs: 4200, rebufferMs: 0, rebufferCount: 0 },
    );
  });

  test('is stamped when it began', () => {
    check(
      `${START}; 2600 waiting@2; 4600 playing@2; 6600 look@4`,
      [...STARTED, '2600 BUFFER_START rebuffering', '4600 BUFFER_END playing'],
      { playingMs: 4000, rebufferMs: 2000, rebufferCount: 1 },
    );
  });

  test('is found by the playhead where no waiting comes', () => {
    // It stands still from 2600 on; playing says when it goes on.
    check(
      `${START}; 2600 look@2; 4600 playing@2; 6600 look@4`,
      [...STARTED, '2600 BUFFER_START rebuffering', '4600 BUFFER_END playing'],
      { playingMs: 4000, rebufferMs: 2000, rebufferCount: 1 },
    );
  });

  test('ends when the playhead moves, though no playing comes', () => {
    check(
      `${START}; 2600 waiting@2; 4600 look@2; 6600 look@4`,
      [...STARTED, '2600 BUFFER_START rebuffering', '4600 BUFFER_END playing'],
      { playingMs: 4000, rebufferMs: 2000, rebufferCount: 1 },
    );
  });

  test('that ended between two looks is as long as the playhead says', () => {
    // 0.102 s on at 3065: it plays since 2963.
    check(
      `${START}; 2700 waiting@2.1; 2820 look@2.1; 3065 look@2.202; 4065 look@3.202`,
      [...STARTED, '2700 BUFFER_START rebuffering', '2963 BUFFER_END playing'],
      { playingMs: 3202, rebufferMs: 263, rebufferCount: 1 },
    );
  });

  test('ends with a pause, and another begins after it', () => {
    check(
      `${START}; 2600 waiting@2; 3600 pause@2; 5600 play@2; 5600 waiting@2; 6600 playing@2; 7600 look@3`,
      [
        ...STARTED,
        '2600 BUFFER_START rebuffering',
        '3600 BUFFER_END playing',
        '3600 PAUSE paused',
        '5600 PLAY playing',
        '5600 BUFFER_START rebuffering',
        '6600 BUFFER_END playing',
      ],
      { rebufferMs: 2000, rebufferCount: 2, pausedMs: 2000, playingMs: 3000 },
    );
  });
});

describe('a seek', () => {
  test('holds its buffering', () => {
    const timeline = `${START}; 2600 seeking@30; 2610 waiting@30; 3600 seeked@30; 3700 playing@30; 4700 look@31`;
    check(timeline, [...STARTED, '2600 SEEK playing'], { playingMs: 3000, seekMs: 1100, rebufferMs: 0 });
  });

  test('made while paused lasts until it plays again', () => {
    check(
      `${START}; 2600 pause@2; 3600 seeking@30; 3700 seeked@30; 5600 play@30; 5600 waiting@30; 6600 playing@30; 7600 look@31`,
      [...STARTED, '2600 PAUSE paused', '5600 PLAY seeking', '3600 SEEK playing'],
      { pausedMs: 3000, seekMs: 1000, rebufferMs: 0 },
    );
  });

  test('that still waits for data goes on after a pause', () => {
    check(
      `${START}; 2600 seeking@30; 3600 pause@30; 5600 play@30; 6600 playing@30; 7600 look@31`,
      [...STARTED, '3600 PAUSE paused', '5600 PLAY seeking', '2600 SEEK playing'],
      { seekMs: 2000, pausedMs: 2000 },
    );
  });

  test('is told when the page is hidden, and goes on', () => {
    const told = run(`${START}; 2600 seeking@30; 3600 hide@30; 4600 playing@30; 5600 look@31`);
    // Where it came from is where it was last looked at.
    expect(told.seeks).toEqual(['1.75→30 in 1000', '30→30 in 1000']);
    expect(told.totals).toMatchObject({ seekMs: 2000 });
  });

  test('back to the beginning is a replay', () => {
    check(
      `${START}; 2600 ended@2; 4600 seeking@0; 4600 play@0; 4700 playing@0; 5700 look@1`,
      [...STARTED, '2600 ENDED ended', '4600 PLAY seeking', '4600 SEEK playing'],
      { endedMs: 2000, seekMs: 100, playingMs: 3000 },
    );
  });
});

describe('a fatal error', () => {
  test('before the first frame ends the wait', () => {
    check('100 play; 1100 fatal; 2100 look', ['100 PLAY starting', '1100 PLAYER_ERROR ended'], {
      startupMs: 1000,
      endedMs: 1000,
    });
  });

  test('while playing leaves what is buffered to play; the next wait is the end', () => {
    check(
      `${START}; 2600 fatal@2; 5600 waiting@5; 7600 look@5`,
      [...STARTED, '2600 PLAYER_ERROR playing', '5600 BUFFER_START ended'],
      { playingMs: 5000, rebufferMs: 0, endedMs: 2000 },
    );
  });

  test('in a stall ends it', () => {
    check(
      `${START}; 2600 waiting@2; 4600 fatal@2; 5600 look@2`,
      [...STARTED, '2600 BUFFER_START rebuffering', '4600 BUFFER_END playing', '4600 PLAYER_ERROR ended'],
      { rebufferMs: 2000, rebufferCount: 1, endedMs: 1000 },
    );
  });

  test('that is overcome is over', () => {
    check(
      `${START}; 2600 waiting@2; 4600 fatal@2; 5600 playing@2; 6600 look@3`,
      [
        ...STARTED,
        '2600 BUFFER_START rebuffering',
        '4600 BUFFER_END playing',
        '4600 PLAYER_ERROR ended',
        '5600 BUFFER_END playing',
      ],
      { endedMs: 1000, playingMs: 3000 },
    );
  });
});

describe('life', () => {
  test('is told after 10 s, and never while paused', () => {
    const told = run(`${START}; 25600 pause@25; 60000 look@25`);
    expect(told.lines).toEqual([
      ...STARTED,
      '10600 HEARTBEAT playing',
      '20600 HEARTBEAT playing',
      '25600 PAUSE paused',
    ]);
  });

  test('of a laptop that slept is credited as far as it played', () => {
    const { totals } = run(`${START}; 600600 look@5; 600850 tick@5.25`, { sleeps: true });
    // 5.25 s played, and the second by which a playhead may lag.
    expect(totals.playingMs).toBe(6250);
  });

  test('at double speed is wall time', () => {
    const { totals } = run(`${START}; 5600 tick@10`, { rate: 2 });
    expect(totals).toMatchObject({ playingMs: 5000, rebufferMs: 0 });
  });

  test('ends with the page, and goes on when the page comes back', () => {
    const told = run(`${START}; 2600 close@2; 60000 play@2; 61000 tick@3`);
    expect(told.lines).toEqual([...STARTED, '2600 SESSION_END playing', '60000 PLAY playing']);
    expect(told.totals).toMatchObject({ playingMs: 3000, pausedMs: 0 });
  });

  test('is not paused by the end of the stream', () => {
    check(`${START}; 2600 ended@2; 2600 pause@2; 3600 look@2`, [...STARTED, '2600 ENDED ended'], {
      endedMs: 1000,
    });
  });

  test('paused by the browser, for a hidden page, is told so', () => {
    const reasons: unknown[] = [];
    const look = (at: number, paused = false): Look => ({
      ...{ at, positionSec: at / 1000, paused, seeking: false, ended: false, rate: 1, bufferAheadSec: 4 },
    });
    const machine = createMachine(look(0, true), (_type, _at, fields) => reasons.push(fields?.['reason']));
    machine.signal('play', look(100));
    machine.signal('playing', look(600));
    machine.signal('visibility', look(5000), true);
    machine.signal('pause', look(5100, true));
    expect(reasons.filter(Boolean)).toEqual(['initial', 'background']);
  });
});
