/**
 * What becomes of the machine's time when nobody plays, the page goes or sleeps, or anything at all happens.
 * Numbers are worked out by hand; ticks are at multiples of 250 ms.
 */

import { describe, expect, test } from 'vitest';
import { check, checkStarted, play, START, STARTED, STEP_NAMES } from './support/timeline.ts';

describe('the start', () => {
  test('that the browser refuses is idle time', () => {
    check(
      '0 play, 20 pause, 5000 end destroy',
      ['0 PLAY initial', '20 PAUSE user', '5000 SESSION_END destroy'],
      {
        startupMs: 20,
        idleMs: 4980,
      },
    );
  });

  test('that nobody asked for is idle time', () => {
    check('5000 end page_close', ['5000 SESSION_END page_close'], { idleMs: 5000 });
  });

  test('that waits for data is no stall', () => {
    check('0 play, 10 waiting, 800 playing, 2010 end destroy', [...STARTED, '2010 SESSION_END destroy'], {
      startupMs: 800,
      playingMs: 1210,
    });
  });
});

describe('a page', () => {
  test('that is hidden tells its totals, and a pause soon after is the browser’s', () => {
    checkStarted(
      '3010 hide, 3510 pause, 5000 end page_close',
      ['3010 VISIBILITY hidden', '3010 HEARTBEAT', '3510 PAUSE background', '5000 SESSION_END page_close'],
      { playingMs: 2710, pausedMs: 1490 },
    );
  });

  test('that was hidden long ago is paused by the viewer', () => {
    checkStarted(
      '3010 hide, 5010 show, 5210 pause, 6000 end page_close',
      [
        '3010 VISIBILITY hidden',
        '3010 HEARTBEAT',
        '5010 VISIBILITY shown',
        '5210 PAUSE user',
        '6000 SESSION_END page_close',
      ],
      { playingMs: 4410, pausedMs: 790 },
    );
  });

  test('that comes back from the cache goes on with PLAY; in between is nothing', () => {
    check(
      START + '3010 end page_close, 3010 sleep, 63010 wake, 63010 play, 65010 end destroy',
      [...STARTED, '3010 SESSION_END page_close', '63010 PLAY resume', '65010 SESSION_END destroy'],
      { startupMs: 800, playingMs: 4210 },
    );
  });

  test('that was closed tells of nothing else', () => {
    check(
      START + '3010 end page_close, 3020 pause, 3030 hide, 3040 waiting, 9000 fatal 0',
      [...STARTED, '3010 SESSION_END page_close'],
      { startupMs: 800, playingMs: 2210 },
    );
  });

  test('that sleeps in a stall adds at most 30 s to it', () => {
    // Ticks at 3500 and 603750.
    const told = play(START + '3010 waiting, 3510 sleep, 603510 wake, 604010 playing, 605010 end destroy');
    expect(told.totals).toEqual({
      startupMs: 800,
      playingMs: 2210 + 1000,
      rebufferMs: 490 + 30_000 + 260,
      rebufferCount: 1,
    });
  });
});

/** Dice that fall the same way for the same seed. */
function diceFrom(seed: number): (sides: number) => number {
  let state = seed + 1;
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
}

test.each(Array.from({ length: 200 }, (_, seed) => seed))(
  'whatever happens, no more time is credited than passed (seed %i)',
  (seed) => {
    const dice = diceFrom(seed);
    const steps: string[] = [];
    let at = 0;
    for (let step = 0; step < 40; step++) {
      at += dice(3000);
      const name =
        STEP_NAMES.filter((other) => other !== 'end' || !dice(10))[dice(STEP_NAMES.length - 1)] ?? 'play';
      const detail = name === 'rate' ? 1 + dice(2) : name === 'end' ? 'page_close' : dice(5);
      steps.push(`${at} ${name} ${detail}${name === 'seeking' ? ` @${dice(60)}` : ''}`);
    }
    const { totals, spentMs } = play(steps.join(', '));
    // Each part is rounded by itself.
    expect(spentMs).toBeLessThanOrEqual(at + 4);
    for (const ms of Object.values(totals)) expect(ms).toBeGreaterThan(0);
  },
);
