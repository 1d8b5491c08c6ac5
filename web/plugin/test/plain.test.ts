/** A media element that plays by itself, and the mode of six events. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakePage, restorePage } from './support/page.ts';

let page: FakePage;
beforeEach(() => {
  page = new FakePage();
});
afterEach(restorePage);

const sessionsSeen = () => new Set(page.events.map((event) => event.sessionId)).size;

describe('a media element alone', () => {
  test('begins a session when it loads its source', () => {
    page.attach({}, null);
    expect(page.events).toEqual([]);
    page.video.fire('loadstart', { currentSrc: 'a.mp4' });
    expect(page.events[0]).toMatchObject({ eventType: 'SESSION_START', player: { name: 'html5' } });
  });

  test('that plays already is told of from where it is', () => {
    Object.assign(page.video, { currentSrc: 'a.mp4', paused: false, currentTime: 12, readyState: 4 });
    page.attach({}, null);
    expect(page.types).toEqual(['SESSION_START', 'FIRST_FRAME']);
    expect(page.events[1]).not.toHaveProperty('startupTimeMs', expect.anything());
  });

  test('that was asked to play and still loads is starting', () => {
    Object.assign(page.video, { currentSrc: 'a.mp4', paused: false, readyState: 1 });
    page.attach({}, null);
    expect(page.types).toEqual(['SESSION_START', 'PLAY']);
  });

  test('given the same source again begins another session', () => {
    page.attach({}, null);
    page.video.fire('loadstart', { currentSrc: 'a.mp4' });
    page.video.fire('emptied');
    page.video.fire('loadstart');
    expect(page.types).toEqual(['SESSION_START', 'SESSION_END', 'SESSION_START']);
    expect(sessionsSeen()).toBe(2);
    expect(page.events[1]).toMatchObject({ reason: 'source_change' });
  });

  test.each([
    [1, 'MEDIA_ERR_ABORTED', false],
    [2, 'MEDIA_ERR_NETWORK', true],
    [3, 'MEDIA_ERR_DECODE', true],
    [4, 'MEDIA_ERR_SRC_NOT_SUPPORTED', true],
    [9, 'MEDIA_ERR_9', true],
  ])('names its error %d %s', (code, details, fatal) => {
    page.attach({ nonFatalErrors: true }, null);
    page.video.fire('loadstart', { currentSrc: 'a.mp4' });
    page.video.fire('error', { error: { code } });
    expect(page.events.at(-1)).toMatchObject({ error: { type: 'mediaError', details, fatal } });
  });

  test('shows a resolution and no bitrate', () => {
    page.attach({}, null);
    page.video.fire('loadstart', { currentSrc: 'a.mp4', videoWidth: 640, videoHeight: 360 });
    page.playAndPause();
    const change = page.events.find((event) => event.eventType === 'QUALITY_CHANGE');
    expect(change).toMatchObject({ quality: { width: 640, height: 360 }, previous: null });
  });
});

describe('six events', () => {
  const SIX = { extendedEvents: false };

  test('tell every wait with its length, also at the start', () => {
    page.attach(SIX);
    page.hls.loadSource();
    page.video.fire('play', { paused: false });
    page.video.fire('waiting');
    vi.advanceTimersByTime(800);
    page.video.fire('playing', { readyState: 4 });
    const startedAt = page.events[1]?.timestamp ?? 0;
    expect(page.events[1]).toMatchObject({ eventType: 'BUFFER_START', buffering: { startedAt } });
    expect(page.events[2]).toMatchObject({
      eventType: 'BUFFER_END',
      buffering: { startedAt, endedAt: startedAt + 800, durationMs: 800 },
    });
  });

  test('say nothing of a playing that ends no wait', () => {
    page.attach(SIX);
    page.hls.loadSource();
    page.playAndPause();
    expect(page.types).toEqual(['PLAY', 'PAUSE']);
    expect(page.events.at(-1)).toMatchObject({
      engagement: { totalWatchTime: 1000, totalPauseTime: 0, interactionCount: 2 },
    });
  });
});
