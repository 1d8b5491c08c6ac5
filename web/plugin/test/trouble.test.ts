/**
 * What the machine makes of stalls, seeks and errors. Numbers are worked out by hand; ticks are at multiples of
 * 250 ms.
 */

import { describe, test } from 'vitest';
import { check, checkStarted } from './support/timeline.ts';

describe('a stall', () => {
  test('of less than 100 ms is not told', () => {
    checkStarted('3010 waiting, 3090 playing, 5800 end destroy', ['5800 SESSION_END destroy'], {
      playingMs: 5000,
    });
  });

  test('of less than 250 ms is told, and is part of playing', () => {
    checkStarted(
      '3010 waiting, 3160 playing, 5800 end destroy',
      ['3010 BUFFER_START', '3160 BUFFER_END of 150 resumed', '5800 SESSION_END destroy'],
      { playingMs: 5000 },
    );
  });

  test('is stamped when it began', () => {
    checkStarted(
      '3010 waiting, 4210 playing, 5800 end destroy',
      ['3010 BUFFER_START', '4210 BUFFER_END of 1200 resumed', '5800 SESSION_END destroy'],
      { playingMs: 3800, rebufferMs: 1200, rebufferCount: 1 },
    );
  });

  test('without waiting is seen by a playhead that stands still for 1 s', () => {
    // The tick at 3250 saw the playhead move, so the totals take the time until then for playing.
    checkStarted(
      '3010 freeze, 5010 moves, 6000 end destroy',
      ['3010 BUFFER_START', '5010 BUFFER_END of 2000 progress', '6000 SESSION_END destroy'],
      { playingMs: 3200 + 240, rebufferMs: 2000 - 240, rebufferCount: 1 },
    );
  });

  test('is measured in wall time at double speed', () => {
    // As before: 240 ms, until the tick at 5250, are taken for playing.
    checkStarted(
      '3010 rate 2, 5010 freeze, 7010 moves, 8000 end destroy',
      [
        '3010 RATE_CHANGE 2',
        '5010 BUFFER_START',
        '7010 BUFFER_END of 2000 progress',
        '8000 SESSION_END destroy',
      ],
      { playingMs: 5200 + 240, rebufferMs: 2000 - 240, rebufferCount: 1 },
    );
  });

  test('that the playhead ends between two looks counts if it took 250 ms', () => {
    // Told at 3250, after 120 ms; at 3500 the playhead is 0.11 s further, so it moves since 3390.
    checkStarted(
      '3130 waiting, 3390 moves, 5800 end destroy',
      ['3130 BUFFER_START', '3390 BUFFER_END of 260 progress', '5800 SESSION_END destroy'],
      { playingMs: 4740, rebufferMs: 260, rebufferCount: 1 },
    );
  });

  test('ends with a pause', () => {
    checkStarted(
      '3010 waiting, 4010 pause, 5000 end destroy',
      ['3010 BUFFER_START', '4010 BUFFER_END of 1000 pause', '4010 PAUSE user', '5000 SESSION_END destroy'],
      { playingMs: 2210, rebufferMs: 1000, rebufferCount: 1, pausedMs: 990 },
    );
  });

  test('ends with a seek', () => {
    checkStarted(
      '3010 waiting, 4010 seeking @20, 4510 seeked, 4610 playing, 5000 end destroy',
      [
        '3010 BUFFER_START',
        '4010 BUFFER_END of 1000 seek',
        '4010 SEEK from 2.21 to 20 in 600',
        '5000 SESSION_END destroy',
      ],
      { playingMs: 2600, rebufferMs: 1000, rebufferCount: 1, seekMs: 600 },
    );
  });

  test('ends with the stream', () => {
    checkStarted(
      '3010 waiting, 4010 ended, 5000 end destroy',
      ['3010 BUFFER_START', '4010 BUFFER_END of 1000 ended', '4010 ENDED', '5000 SESSION_END destroy'],
      { playingMs: 2210, rebufferMs: 1000, rebufferCount: 1, endedMs: 990 },
    );
  });

  test('ends with the session', () => {
    checkStarted(
      '3010 waiting, 4010 end page_close',
      ['3010 BUFFER_START', '4010 BUFFER_END of 1000 session_end', '4010 SESSION_END page_close'],
      { playingMs: 2210, rebufferMs: 1000, rebufferCount: 1 },
    );
  });
});

describe('a seek', () => {
  test('holds its buffering inside, and is stamped when it began', () => {
    checkStarted(
      '3010 seeking @20, 3020 waiting, 4010 seeked, 4110 playing, 6000 end destroy',
      ['3010 SEEK from 2.2 to 20 in 1100', '6000 SESSION_END destroy'],
      { playingMs: 4100, seekMs: 1100 },
    );
  });

  test('that goes on before it is over is one seek', () => {
    checkStarted(
      '3010 seeking @20, 3310 seeking @30, 4010 seeked, 4110 playing, 6000 end destroy',
      ['3010 SEEK from 2.2 to 30 in 1100', '6000 SESSION_END destroy'],
      { playingMs: 4100, seekMs: 1100 },
    );
  });

  test('in a pause ends with playing, and its time in the pause is paused time', () => {
    checkStarted(
      '3010 pause, 4010 seeking @20, 4210 seeked, 5010 play, 5110 playing, 6000 end destroy',
      [
        '3010 PAUSE user',
        '5010 PLAY resume',
        '4010 SEEK from 2.21 to 20 in 1100',
        '6000 SESSION_END destroy',
      ],
      { playingMs: 3100, pausedMs: 2000, seekMs: 100 },
    );
  });

  test('goes on through a pause that comes before it is over', () => {
    checkStarted(
      '3010 seeking @20, 3510 pause, 4010 seeked, 5010 play, 5110 playing, 6000 end destroy',
      ['3510 PAUSE user', '5010 PLAY resume', '3010 SEEK from 2.2 to 20 in 2100', '6000 SESSION_END destroy'],
      { playingMs: 3100, pausedMs: 1500, seekMs: 600 },
    );
  });

  test('is over with a pause that comes when its frame is shown', () => {
    checkStarted(
      '3010 seeking @20, 3310 seeked, 3510 pause, 6000 end destroy',
      ['3010 SEEK from 2.2 to 20 in 500', '3510 PAUSE user', '6000 SESSION_END destroy'],
      { playingMs: 2210, pausedMs: 2490, seekMs: 500 },
    );
  });

  test('is told when the page is hidden, and goes on as another one', () => {
    checkStarted(
      '3010 seeking @20, 3510 hide, 4010 seeked, 4110 playing, 6000 end destroy',
      [
        '3010 SEEK from 2.2 to 20 in 500',
        '3510 VISIBILITY hidden',
        '3510 HEARTBEAT',
        '3510 SEEK from 20 to 20 in 600',
        '6000 SESSION_END destroy',
      ],
      { playingMs: 4100, seekMs: 1100 },
    );
  });

  test('is seen to be over by the playhead where no playing comes', () => {
    // 0.14 s further at 4250 than at 4000: it moves since 4110.
    checkStarted(
      '3010 seeking @20, 3700 seeked, 4110 moves, 6000 end destroy',
      ['3010 SEEK from 2.2 to 20.14 in 1100', '6000 SESSION_END destroy'],
      { playingMs: 4100, seekMs: 1100 },
    );
  });

  test('back to the beginning makes a replay', () => {
    checkStarted(
      '5800 ended, 7000 play @0, 7100 playing, 8000 end destroy',
      ['5800 ENDED', '7000 PLAY replay', '7000 SEEK from 5 to 0 in 100', '8000 SESSION_END destroy'],
      { playingMs: 5900, endedMs: 1200, seekMs: 100 },
    );
  });

  test('ends with the session', () => {
    checkStarted(
      '3010 seeking @20, 4010 end source_change',
      ['3010 SEEK from 2.2 to 20 in 1000', '4010 SESSION_END source_change'],
      { playingMs: 2210, seekMs: 1000 },
    );
  });
});

describe('a fatal error', () => {
  test('while playing lets the buffer play: the next wait is the failure, and no rebuffer', () => {
    checkStarted(
      '3010 fatal 2, 5010 waiting, 7000 end destroy',
      ['3010 PLAYER_ERROR', '5010 BUFFER_START', '7000 SESSION_END destroy'],
      { playingMs: 4210, endedMs: 1990 },
    );
  });

  test('is outlived by playing on for 10 s beyond the buffer', () => {
    // 2.21 s were played, 2 s buffered: from 14.21 s on, so from 15010, a stall is a stall again.
    checkStarted(
      '3010 fatal 2, 15110 waiting, 16110 playing, 17000 end destroy',
      [
        '3010 PLAYER_ERROR',
        '13250 HEARTBEAT',
        '15110 BUFFER_START',
        '16110 BUFFER_END of 1000 resumed',
        '17000 SESSION_END destroy',
      ],
      { playingMs: 15200, rebufferMs: 1000, rebufferCount: 1 },
    );
  });

  test('in a stall ends it', () => {
    checkStarted(
      '3010 waiting, 4010 fatal 0, 5000 end destroy',
      ['3010 BUFFER_START', '4010 BUFFER_END of 1000 error', '4010 PLAYER_ERROR', '5000 SESSION_END destroy'],
      { playingMs: 2210, rebufferMs: 1000, rebufferCount: 1, endedMs: 990 },
    );
  });

  test('in a stall that nobody knew of yet ends it, too', () => {
    // Before the tick at 3250.
    checkStarted(
      '3010 waiting, 3210 fatal 0, 5000 end destroy',
      ['3010 BUFFER_START', '3210 BUFFER_END of 200 error', '3210 PLAYER_ERROR', '5000 SESSION_END destroy'],
      { playingMs: 2410, endedMs: 1790 },
    );
  });

  test('may be recovered from without a PLAY', () => {
    checkStarted(
      '3010 waiting, 4010 fatal 0, 5010 playing, 6000 end destroy',
      [
        '3010 BUFFER_START',
        '4010 BUFFER_END of 1000 error',
        '4010 PLAYER_ERROR',
        '5010 BUFFER_END resumed',
        '6000 SESSION_END destroy',
      ],
      { playingMs: 3200, rebufferMs: 1000, rebufferCount: 1, endedMs: 1000 },
    );
  });

  test('before the first frame lets the viewer try again', () => {
    check(
      '0 play, 500 fatal 0, 1500 play, 2000 playing, 3010 end destroy',
      [
        '0 PLAY initial',
        '500 PLAYER_ERROR',
        '1500 PLAY initial',
        '2000 FIRST_FRAME after 1000',
        '3010 SESSION_END destroy',
      ],
      { startupMs: 1000, endedMs: 1000, playingMs: 1010 },
    );
  });

  test('is something else than an error that the player recovers from', () => {
    checkStarted('3010 error, 5800 end destroy', ['3010 PLAYER_ERROR', '5800 SESSION_END destroy'], {
      playingMs: 5000,
    });
  });
});
