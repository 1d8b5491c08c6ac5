/** The plugin in a page: what it listens to, and that nothing of it is left or noticed. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TelemetryPlugin } from '../src/index.ts';
import type { TelemetryEvent } from '../src/events.ts';
import type { Options } from '../src/options.ts';

/** Counts its listeners. */
class Target extends EventTarget {
  listeners = 0;
  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners++;
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners--;
    super.removeEventListener(...args);
  }
}

class Video extends Target {
  currentSrc = '';
  currentTime = 0;
  paused = true;
  seeking = false;
  ended = false;
  loop = false;
  playbackRate = 1;
  readyState = 0;
  duration = NaN;
  videoWidth = 640;
  videoHeight = 360;
  clientWidth = 640;
  clientHeight = 360;
  buffered = { length: 0, start: () => 0, end: () => 0 };
  error: { code: number } | null = null;

  fire(...names: string[]): void {
    for (const name of names) this.dispatchEvent(new Event(name));
  }
  load(source: string): void {
    this.currentSrc = source;
    this.fire('loadstart');
  }
  play(): void {
    this.paused = false;
    this.fire('play', 'playing');
  }
}

let page: Target;
let document: Target & { hidden: boolean };
let video: Video;
let events: TelemetryEvent[];

beforeEach(() => {
  vi.useFakeTimers();
  page = new Target();
  document = Object.assign(new Target(), { hidden: false });
  video = new Video();
  events = [];
  vi.stubGlobal('document', document);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  vi.stubGlobal('devicePixelRatio', 2);
  vi.stubGlobal('screen', { width: 1920, height: 1080 });
  vi.stubGlobal('navigator', {
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36 Edg/156.0',
  });
  vi.stubGlobal('location', { origin: 'https://site.example', pathname: '/watch', search: '?token=secret' });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function attach(options: Options = {}, player: unknown = null): TelemetryPlugin {
  const onEvent = (event: TelemetryEvent) => events.push(event);
  return TelemetryPlugin.attach(player, video as unknown as HTMLVideoElement, {
    consent: 'pending',
    onEvent,
    ...options,
  });
}

const types = () => events.map((event) => event.eventType);

describe('a session', () => {
  test('begins when a source is loaded, and ends with the next one', () => {
    const plugin = attach();
    expect(plugin.sessionId).toBeNull();
    video.load('a');
    const first = plugin.sessionId;
    video.fire('emptied');
    video.load('b');
    expect(plugin.sessionId).not.toBe(first);
    expect(types()).toEqual(['SESSION_START', 'SESSION_END', 'SESSION_START']);
    expect(events[1]).toMatchObject({ sessionId: first, reason: 'source_change' });
    expect(events[2]).toMatchObject({ sessionId: plugin.sessionId, seq: 0 });
  });

  test('begins at once where the source was loaded before', () => {
    video.currentSrc = 'a';
    attach();
    expect(types()).toEqual(['SESSION_START']);
  });

  test('says who, what and where, and nothing of the page but its address', () => {
    const info = { id: 'v1', title: 'One', durationSec: 60, live: false };
    attach({ viewerId: 'viewer', video: () => info, custom: { plan: 'free' } });
    video.load('a');
    expect(events[0]).toMatchObject({
      viewerId: 'viewer',
      video: info,
      custom: { plan: 'free' },
      page: { url: 'https://site.example/watch' },
      device: { browser: 'Edge', os: 'Linux', screenWidth: 1920, screenHeight: 1080 },
      player: { name: 'html5', width: 1280, height: 720 },
    });
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  test('is left out of the sample, or in it, as a whole', () => {
    attach({ sampleRate: 0 });
    video.load('a');
    video.play();
    expect(events).toEqual([]);
  });
});

describe('attaching twice', () => {
  test('is refused: it gives back the first', () => {
    const plugin = attach();
    expect(new TelemetryPlugin(null, video as unknown as HTMLVideoElement, 'viewer')).toBe(plugin);
    video.load('a');
    expect(types()).toEqual(['SESSION_START']);
  });

  test('works again once the first is destroyed', () => {
    const plugin = attach();
    plugin.destroy();
    expect(attach()).not.toBe(plugin);
  });
});

describe('destroy', () => {
  test('ends the session and leaves no listener and no timer', () => {
    const plugin = attach();
    video.load('a');
    video.play();
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    plugin.destroy();
    expect(types().at(-1)).toBe('SESSION_END');
    expect([video.listeners, document.listeners, page.listeners, vi.getTimerCount()]).toEqual([0, 0, 0, 0]);
    expect(plugin.sessionId).toBeNull();
  });
});

describe('nothing reaches the page', () => {
  test('from a player whose members throw', () => {
    const broken = {
      loadSource() {},
      get url(): string {
        throw new Error('no');
      },
      levels: [],
      on() {},
      off() {},
    };
    expect(() => attach({}, broken)).not.toThrow();
  });

  test('from a callback that throws, and the session goes on', () => {
    const told: string[] = [];
    attach({
      onEvent: ({ eventType }) => {
        told.push(eventType);
        throw new Error('no');
      },
    });
    video.load('a');
    video.play();
    video.paused = true;
    video.fire('pause');
    expect(told).toEqual(['SESSION_START', 'PLAY', 'FIRST_FRAME', 'QUALITY_CHANGE', 'PAUSE']);
  });
});

describe('errors', () => {
  test('that are recovered from are told on request, one in 10 s', () => {
    const plugin = attach({ nonFatalErrors: true });
    video.load('a');
    const failure = { type: 'network', details: 'slow', fatal: false };
    for (let i = 0; i < 3; i++) plugin.reportError(failure);
    vi.advanceTimersByTime(10_000);
    plugin.reportError(failure);
    expect(types().filter((type) => type === 'PLAYER_ERROR')).toHaveLength(2);
  });

  test('that are recovered from are not told by default, fatal ones always', () => {
    const plugin = attach();
    video.load('a');
    plugin.reportError({ type: 'network', details: 'slow', fatal: false });
    plugin.reportError({ type: 'network', details: 'gone', fatal: true, httpStatus: 404 });
    expect(events.at(-1)).toMatchObject({
      eventType: 'PLAYER_ERROR',
      error: { details: 'gone', httpStatus: 404 },
    });
    expect(types()).toEqual(['SESSION_START', 'PLAYER_ERROR']);
  });

  test('of the element carry its name; one that the viewer caused is no failure', () => {
    attach({ nonFatalErrors: true });
    video.load('a');
    video.error = { code: 1 };
    video.fire('error');
    video.error = { code: 4 };
    video.fire('error');
    expect(events.slice(1).map((event) => event['error'])).toMatchObject([
      { details: 'MEDIA_ERR_ABORTED', fatal: false },
      { details: 'MEDIA_ERR_SRC_NOT_SUPPORTED', fatal: true },
    ]);
  });
});

describe('the original client', () => {
  test('is told in its six events, without numbers and totals', () => {
    attach({ extendedEvents: false });
    video.load('a');
    video.paused = false;
    video.fire('play', 'waiting');
    vi.advanceTimersByTime(700);
    video.fire('playing');
    video.paused = true;
    video.fire('pause');
    expect(types()).toEqual(['PLAY', 'BUFFER_START', 'BUFFER_END', 'QUALITY_CHANGE', 'PAUSE']);
    expect(events[2]).toMatchObject({ buffering: { durationMs: 700 } });
    for (const event of events) expect(event).not.toHaveProperty('seq');
  });
});

describe('a video that loops', () => {
  test('is not sought in', () => {
    attach();
    video.loop = true;
    video.load('a');
    video.play();
    video.currentTime = 0;
    video.seeking = true;
    video.fire('seeking');
    video.seeking = false;
    video.fire('playing');
    expect(types()).not.toContain('SEEK');
  });
});
