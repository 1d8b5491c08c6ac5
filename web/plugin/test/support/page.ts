/**
 * A page with a media element and an hls.js, all fakes that do what a test says, on a fake clock, and whose
 * listeners are counted. `restorePage` ends it.
 */

import { vi } from 'vitest';
import type { TelemetryEvent } from '../../src/events.ts';
import { TelemetryPlugin } from '../../src/index.ts';
import type { Options } from '../../src/options.ts';

/** Knows how many listen. */
class Counting extends EventTarget {
  uncaptured = 0;
  private readonly heard = new Set<unknown>();
  get listeners(): number {
    return this.heard.size;
  }
  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.heard.add(args[1]);
    if (args[2] !== true) this.uncaptured++;
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.heard.delete(args[1]);
    super.removeEventListener(...args);
  }
}

export class FakeVideo extends Counting {
  currentTime = 0;
  paused = true;
  seeking = false;
  ended = false;
  loop = false;
  playbackRate = 1;
  readyState = 0;
  currentSrc = '';
  duration = NaN;
  videoWidth = 0;
  videoHeight = 0;
  clientWidth = 640;
  clientHeight = 360;
  error: { code: number } | null = null;
  buffered = { length: 0, start: () => 0, end: () => 0 };

  /** Shows this from now on, and tells of it. */
  fire(name: string, shows: Partial<FakeVideo> = {}): void {
    Object.assign(this, shows);
    this.dispatchEvent(new Event(name));
  }
}

type Handler = (name: string, data: unknown) => void;

export class FakeHls {
  static version = '1.7.4';
  url: string | null = null;
  levels: { bitrate: number; width: number; height: number }[] = [];
  readonly handlers = new Map<string, Handler>();
  on(name: string, handler: Handler): void {
    this.handlers.set(name, handler);
  }
  off(name: string): void {
    this.handlers.delete(name);
  }
  attachMedia(): void {}
  loadSource(url = 'a.m3u8'): void {
    this.url = url;
    this.tell('hlsManifestLoading');
  }
  tell(name: string, data?: unknown): void {
    this.handlers.get(name)?.(name, data);
  }
  fail(details: string, fatal: boolean): void {
    this.tell('hlsError', { type: 'networkError', details, fatal });
  }
}

export class FakePage {
  readonly video = new FakeVideo();
  readonly hls = new FakeHls();
  readonly document = Object.assign(new Counting(), { hidden: false });
  readonly window = new Counting();
  readonly events: TelemetryEvent[] = [];

  constructor() {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 23) });
    vi.stubGlobal('document', this.document);
    vi.stubGlobal('addEventListener', this.window.addEventListener.bind(this.window));
    vi.stubGlobal('removeEventListener', this.window.removeEventListener.bind(this.window));
    vi.stubGlobal('navigator', { userAgent: 'Chrome on Linux', onLine: true });
    vi.stubGlobal('devicePixelRatio', 1);
    vi.stubGlobal('screen', { width: 1920, height: 1080 });
    vi.stubGlobal('location', { origin: 'https://site.example', pathname: '/watch', search: '?secret' });
  }

  /** A plugin that sends nothing: its events are in `events`. */
  attach(options: Options = {}, player: unknown = this.hls): TelemetryPlugin {
    return TelemetryPlugin.attach(player, this.media, {
      consent: 'pending',
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  get media(): HTMLVideoElement {
    return this.video as unknown as HTMLVideoElement;
  }

  get types(): string[] {
    return this.events.map((event) => event.eventType);
  }

  get listeners(): number {
    return this.video.listeners + this.document.listeners + this.window.listeners + this.hls.handlers.size;
  }

  /** A playback of a second, and a pause. */
  playAndPause(): void {
    this.video.fire('play', { paused: false });
    this.video.fire('playing', { readyState: 4 });
    this.playOn(1000);
    this.video.fire('pause', { paused: true });
  }

  playOn(ms: number): void {
    for (let passed = 0; passed < ms; passed += 50) {
      this.video.currentTime += 0.05;
      vi.advanceTimersByTime(50);
    }
  }
}

export function restorePage(): void {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
}
