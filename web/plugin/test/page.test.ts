/** What a page and its player meet: one plugin an element, sessions, and nothing thrown at anyone. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TelemetryPlugin } from '../src/index.ts';
import { FakePage, restorePage } from './support/page.ts';

let page: FakePage;
beforeEach(() => {
  page = new FakePage();
});
afterEach(restorePage);

const PLAYED = ['SESSION_START', 'PLAY', 'FIRST_FRAME', 'PAUSE'];

describe('attaching', () => {
  test('tells who watches', () => {
    new TelemetryPlugin(page.hls, page.media, 'viewer123', {
      consent: 'pending',
      onEvent: (event) => page.events.push(event),
    });
    page.hls.loadSource();
    expect(page.events[0]).toMatchObject({ viewerId: 'viewer123' });
  });
});

describe('destroy()', () => {
  test('ends the session, and leaves no listener and no timer', () => {
    const plugin = page.attach();
    page.hls.loadSource();
    page.video.fire('play', { paused: false });
    expect(page.listeners).toBeGreaterThan(10);
    expect(vi.getTimerCount()).toBe(1);
    plugin.destroy();
    expect(page.events.at(-1)).toMatchObject({ eventType: 'SESSION_END', reason: 'destroy' });
    expect(plugin.sessionId).toBeNull();
    expect(page.listeners).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('twice does nothing more', () => {
    const plugin = page.attach();
    page.hls.loadSource();
    plugin.destroy();
    plugin.destroy();
    plugin.reportError({ type: 'x', details: 'y', fatal: true });
    page.hls.loadSource();
    expect(page.types).toEqual(['SESSION_START', 'SESSION_END']);
    expect(page.listeners).toBe(0);
  });
});

test('a page that stops an event before its own listeners hides nothing', () => {
  // Captured ones come first in browsers; here there is only one phase.
  page.attach();
  expect(page.video.listeners).toBeGreaterThan(5);
  expect(page.video.uncaptured).toBe(0);
});

test('ticks run only while there is something to watch', () => {
  page.attach();
  page.hls.loadSource();
  expect(vi.getTimerCount()).toBe(0);
  page.video.fire('play', { paused: false });
  expect(vi.getTimerCount()).toBe(1);
  page.video.fire('pause', { paused: true });
  expect(vi.getTimerCount()).toBe(0);
});

describe('sessions', () => {
  test('a new source ends one and begins the next, under another id', () => {
    const plugin = page.attach();
    page.hls.loadSource();
    const first = plugin.sessionId;
    page.playAndPause();
    page.hls.loadSource('b.m3u8');
    expect(plugin.sessionId).not.toBe(first);
    expect(page.events.map((event) => [event.eventType, event.sessionId === first, event.seq])).toEqual([
      ...PLAYED.map((type, seq) => [type, true, seq]),
      ['SESSION_END', true, 4],
      ['SESSION_START', false, 0],
    ]);
    expect(page.events[4]).toMatchObject({ reason: 'source_change' });
  });

  test('end with the page, and go on when it comes back', () => {
    page.attach();
    page.hls.loadSource();
    page.playAndPause();
    page.window.dispatchEvent(new Event('pagehide'));
    page.video.paused = false;
    page.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    expect(page.types).toEqual([...PLAYED, 'SESSION_END', 'PLAY']);
  });

  test.each([
    [0, 0, 0],
    [0, 0.999, 0],
    [1, 0, 1],
    [1, 0.999, 1],
    [0.5, 0.4, 1],
    [0.5, 0.6, 0],
  ])('of a sample rate of %d, with dice at %d, are told %d', (sampleRate, dice, told) => {
    vi.spyOn(Math, 'random').mockReturnValue(dice);
    const plugin = page.attach({ sampleRate });
    page.hls.loadSource();
    page.playAndPause();
    expect(page.types).toEqual(told ? PLAYED : []);
    expect(plugin.sessionId === null).toBe(!told);
  });

  test('are chosen one by one, each as a whole', () => {
    const dice = vi.spyOn(Math, 'random').mockReturnValueOnce(0.9).mockReturnValueOnce(0.1);
    page.attach({ sampleRate: 0.5 });
    page.hls.loadSource();
    page.playAndPause();
    expect(page.types).toEqual([]);
    page.hls.loadSource('b.m3u8');
    page.playAndPause();
    expect(page.types).toEqual(PLAYED);
    expect(dice).toHaveBeenCalledTimes(2);
  });
});

describe('errors', () => {
  test('that are fatal are always told', () => {
    page.attach();
    page.hls.loadSource();
    page.hls.fail('manifestLoadError', true);
    page.hls.fail('manifestLoadError', true);
    expect(page.types).toEqual(['SESSION_START', 'PLAYER_ERROR', 'PLAYER_ERROR']);
    expect(page.events[1]).toMatchObject({
      error: { type: 'networkError', details: 'manifestLoadError', fatal: true },
    });
  });

  test('may come from the page', () => {
    const plugin = page.attach();
    page.hls.loadSource();
    plugin.reportError({ type: 'category 1', details: '1001', fatal: true, httpStatus: 404 });
    expect(page.events.at(-1)).toMatchObject({
      eventType: 'PLAYER_ERROR',
      error: { type: 'category 1', details: '1001', fatal: true, httpStatus: 404 },
    });
  });

  test('without a session are nobody’s', () => {
    page.attach().reportError({ type: 'x', details: 'y', fatal: true });
    expect(page.events).toEqual([]);
  });
});

describe('nothing reaches the page', () => {
  const oops = () => {
    throw new Error('not ours');
  };

  test('of what onEvent throws, and nothing is missing for it', () => {
    page.attach({
      onEvent(event) {
        page.events.push(event);
        oops();
      },
    });
    page.hls.loadSource();
    page.playAndPause();
    page.video.fire('play', { paused: false });
    page.playOn(500);
    page.video.fire('waiting');
    vi.advanceTimersByTime(500);
    page.video.fire('pause', { paused: true });
    expect(page.types).toEqual([...PLAYED, 'PLAY', 'BUFFER_START', 'BUFFER_END', 'PAUSE']);
  });

  test('of what the page’s own video function throws', () => {
    page.attach({ video: oops });
    page.hls.loadSource();
    page.playAndPause();
    expect(page.types).toEqual(PLAYED);
  });

  test('of what a player throws when it is asked', () => {
    Object.defineProperty(page.hls, 'levels', { get: oops });
    page.attach();
    page.hls.loadSource();
    page.playAndPause();
    expect(() => {
      page.hls.tell('hlsLevelSwitched', { level: 0 });
    }).not.toThrow();
    expect(page.types).toEqual(PLAYED);
  });

  test('of what comes with a player’s event, or does not', () => {
    page.attach();
    page.hls.loadSource();
    expect(() => {
      for (const name of page.hls.handlers.keys()) page.hls.tell(name);
    }).not.toThrow();
  });

  test('of a player that cannot be asked what it is', () => {
    const dash = { getRepresentationsByType: oops, getVersion: oops };
    expect(() => page.attach({}, dash)).not.toThrow();
  });

  test('of an address that is no text', () => {
    const endpoint = new URL('https://telemetry.example/telemetry') as never;
    expect(() => page.attach({ endpoint })).not.toThrow();
  });

  test('of a browser that knows no function younger than 2020', () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    vi.spyOn(String.prototype, 'replaceAll').mockImplementation(oops);
    vi.spyOn(Array.prototype, 'at').mockImplementation(oops);
    const plugin = page.attach();
    page.hls.loadSource();
    page.playAndPause();
    expect(plugin.sessionId).toMatch(/^\d+-\d+-\d+-\d+-\d+$/);
    vi.restoreAllMocks();
    expect(page.types).toEqual(PLAYED);
  });

  test('of what cannot be attached to', () => {
    expect(() => new TelemetryPlugin(null, page.media)).not.toThrow();
    expect(() => new TelemetryPlugin(page.hls, null as never)).not.toThrow();
    expect(() => new TelemetryPlugin(page.hls, page.media, 'v', null as never)).not.toThrow();
  });

  test('of an event that cannot be written down', () => {
    page.attach({ custom: { big: 1n as never } });
    page.hls.loadSource();
    page.playAndPause();
    expect(page.types).toEqual(PLAYED);
    expect(page.events[1]).toMatchObject({ droppedEvents: 1 });
  });
});
