import { expect, test } from 'vitest';

import { describe } from '../src/events.ts';

const at = { timestamp: 0, playbackPositionSec: 12.34 };

test.each([
  [{ eventType: 'PLAY', reason: 'initial' }, 'at 12.3 s · initial'],
  [{ eventType: 'FIRST_FRAME', startupTimeMs: 840 }, 'startup took 840 ms'],
  [{ eventType: 'BUFFER_START' }, 'nothing left to play at 12.3 s'],
  [
    { eventType: 'BUFFER_END', buffering: { durationMs: 3240 }, reason: 'resumed' },
    'stalled for 3.2 s · resumed',
  ],
  [{ eventType: 'SEEK', seek: { fromSec: 1, toSec: 21, durationMs: 500 } }, '1.0 s → 21.0 s in 500 ms'],
  [
    { eventType: 'QUALITY_CHANGE', previous: null, quality: { height: 540, bitrateKbps: 151 } },
    'nothing → 540p (151 kbit/s)',
  ],
  [
    { eventType: 'PLAYER_ERROR', error: { details: 'fragLoadError', fatal: true, httpStatus: 404 } },
    'fragLoadError · fatal · HTTP 404',
  ],
  [
    {
      eventType: 'HEARTBEAT',
      totals: { playingMs: 65_000 },
      player: { bufferLengthSec: 4, droppedFrames: 2 },
    },
    '1:05 min played · 4.0 s buffered · 2 frames dropped',
  ],
  [{ eventType: 'VISIBILITY', hidden: true }, 'the page is hidden'],
])('%o is told in a few words', (event, words) => {
  expect(describe({ ...at, ...event })).toBe(words);
});

test('what an event does not say is a dash', () => {
  expect(describe({ eventType: 'SEEK', timestamp: 0 })).toBe('– → – in –');
});
