import { describe, expect, test } from 'vitest';
import { rendition } from '../src/adapters/adapter.ts';
import { shownRendition } from '../src/rendition.ts';

const LOW = rendition(800_000, 640, 360);
const MIDDLE = rendition(2_000_000, 1280, 720);
const HIGH = rendition(4_000_000, 1280, 720);
const ALL = [LOW, MIDDLE, HIGH];
const NAMELESS = [rendition(800_000), rendition(2_000_000)];
const frames = (videoWidth: number, videoHeight: number) => ({ videoWidth, videoHeight });
const NOTHING = frames(0, 0);

describe('what is shown', () => {
  test.each([
    ['nothing is known before the first frame', NOTHING, ALL, undefined, undefined, undefined],
    ['before the first frame the player’s word counts', NOTHING, ALL, LOW, undefined, LOW],
    ['it is what fits the height of the frames', frames(640, 360), ALL, undefined, undefined, LOW],
    ['a switch that is not on screen yet changes nothing', frames(640, 360), ALL, HIGH, LOW, LOW],
    ['a switch is seen by the height', frames(1280, 720), ALL, HIGH, LOW, HIGH],
    ['of one height, the announced one is shown', frames(1280, 720), ALL, HIGH, MIDDLE, HIGH],
    [
      'of one height, what was shown stays until another is announced',
      frames(1280, 720),
      ALL,
      LOW,
      HIGH,
      HIGH,
    ],
    ['of one height, the first one, if nobody says', frames(1280, 720), ALL, undefined, LOW, MIDDLE],
    [
      'without heights the player’s word counts',
      frames(640, 360),
      NAMELESS,
      NAMELESS[1],
      undefined,
      NAMELESS[1],
    ],
    [
      'what fits none is told by its size',
      frames(320, 180),
      ALL,
      HIGH,
      undefined,
      { width: 320, height: 180 },
    ],
    ['a file is told by its size', frames(640, 360), [], undefined, undefined, { width: 640, height: 360 }],
    ['sound alone is what the player says', NOTHING, NAMELESS, NAMELESS[0], undefined, NAMELESS[0]],
  ])('%s', (_, video, renditions, announced, shown, expected) => {
    expect(shownRendition(video, renditions, announced, shown)).toEqual(expected);
  });
});

test('a rendition leaves out what a player does not know', () => {
  expect(JSON.stringify(rendition(NaN, 0, 0))).toBe('{}');
  expect(rendition(800_499, 640, 360)).toEqual({
    ...{ bitrateKbps: 800, width: 640 },
    ...{ height: 360, resolution: '360p' },
  });
});
