/**
 * Plays a recorded playback to the whole plugin, on a fake clock: a media element, an hls.js and a page
 * that show what the recording saw, when it saw it.
 */

import { readFileSync } from 'node:fs';
import { vi } from 'vitest';
import { TelemetryPlugin } from '../../src/hls.ts';
import type { TelemetryEvent } from '../../src/events.ts';
import type { Options } from '../../src/options.ts';

export interface Truth {
  /** When a fatal error came, ms since the source was loaded. */
  fatalAtMs: number | null;
  /** Time played by height of the frames, ms. */
  heights: Record<string, number>;
  /** Heights in the order they were shown. */
  shown: number[];
  /** State, from, to; ms since the source was loaded. */
  timeline: [state: string, from: number, to: number][];
  stalls: { startMs: number; durationMs: number; endsInFatal?: boolean; msBeforeFatal?: number }[];
  microStalls: number[];
}

type UUID = ReturnType<Crypto['randomUUID']>;
type Happening = [t: number, kind: 'load' | 'media' | 'hls' | 'page', name: string, data?: unknown];

export interface Playback {
  name: string;
  timeOrigin: number;
  levels: { bitrate: number; width: number; height: number }[];
  columns: string[];
  truth: Truth[];
  events: Happening[];
  looks: number[][];
}

const FOLDER = new URL('../../../../tests/fixtures/playbacks/', import.meta.url);

export function recorded(name: string): Playback {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Playback;
}

/** A media element that shows what the recording saw at the fake clock's time. */
class FakeVideo extends EventTarget {
  readyState = 0;
  currentSrc = 'recorded';
  clientWidth = 854;
  clientHeight = 480;
  private row = 0;

  constructor(
    private readonly playback: Playback,
    private readonly clock: () => number,
  ) {
    super();
  }

  private at(column: string, moves = false): number {
    const { columns, looks } = this.playback;
    // The recorder wrote down an event first, and what it saw then a moment later.
    const t = this.clock() + 0.2;
    while (this.row + 1 < looks.length && (looks[this.row + 1]?.[0] ?? 0) <= t) this.row++;
    const i = columns.indexOf(column);
    const [a, b] = [looks[this.row] ?? [], looks[this.row + 1] ?? []];
    const [from = 0, to = from, t0 = 0, t1 = t0] = [a[i], b[i], a[0], b[0]];
    return moves && t1 > t0 && t > t0 ? from + ((to - from) * (t - t0)) / (t1 - t0) : from;
  }

  get currentTime(): number {
    return this.at('currentTime', true);
  }
  get paused(): boolean {
    // Before the recording nothing played.
    return this.clock() < (this.playback.looks[0]?.[0] ?? 0) || this.at('paused') === 1;
  }
  get seeking(): boolean {
    return this.at('seeking') === 1;
  }
  get ended(): boolean {
    return this.at('ended') === 1;
  }
  get playbackRate(): number {
    return this.at('playbackRate');
  }
  get videoWidth(): number {
    return this.at('videoWidth');
  }
  get videoHeight(): number {
    return this.at('videoHeight');
  }
  get hidden(): boolean {
    return this.at('hidden') === 1;
  }
  get duration(): number {
    return this.videoHeight ? 48 : NaN;
  }
  get buffered(): Pick<TimeRanges, 'length' | 'start' | 'end'> {
    const end = this.currentTime + this.at('bufferAhead', true);
    return { length: 1, start: () => 0, end: () => end };
  }
  getVideoPlaybackQuality(): Partial<VideoPlaybackQuality> {
    return {
      totalVideoFrames: Math.round(this.at('decoded', true)),
      droppedVideoFrames: this.at('dropped'),
    };
  }
}

class FakeHls {
  static version = '1.7.4';
  url: string | null = null;
  levels: Playback['levels'];
  private readonly handlers = new Map<string, (name: string, data: unknown) => void>();

  constructor(levels: Playback['levels']) {
    this.levels = levels;
  }
  on(name: string, handler: (name: string, data: unknown) => void): void {
    this.handlers.set(name, handler);
  }
  off(name: string): void {
    this.handlers.delete(name);
  }
  loadSource(): void {
    this.url = 'recorded';
    this.fire('hlsManifestLoading');
  }
  attachMedia(): void {}
  fire(name: string, data?: unknown): void {
    this.handlers.get(name)?.(name, data);
  }
}

/** What the plugin tells of the playback, until its page closes. */
export function eventsOf(playback: Playback, config: Options = {}): TelemetryEvent[] {
  const events: TelemetryEvent[] = [];
  const end = playback.looks.at(-1)?.[0] ?? 0;
  vi.useFakeTimers({ now: playback.timeOrigin });
  const begun = performance.now();
  const clock = () => performance.now() - begun;
  const [page, document] = [new EventTarget(), new EventTarget()];
  const video = new FakeVideo(playback, clock);
  vi.spyOn(crypto, 'randomUUID').mockReturnValue(`${playback.name}-plugin-in-tests` as UUID);
  stubPage(page, document, video, playback.timeOrigin - begun);
  const hls = new FakeHls(playback.levels);
  const plugin = new TelemetryPlugin(hls, video as unknown as HTMLVideoElement, 'viewer', {
    consent: 'pending',
    onEvent: (event) => events.push(event),
    ...config,
  });
  for (const [t, kind, name, data] of playback.events) {
    vi.advanceTimersByTime(Math.max(0, t - clock()));
    if (kind === 'load') hls.loadSource();
    else if (kind === 'media') video.dispatchEvent(new Event(name));
    else if (kind === 'hls') hls.fire(name, data);
    else document.dispatchEvent(new Event(name));
  }
  vi.advanceTimersByTime(Math.max(0, end - clock()));
  page.dispatchEvent(new Event('pagehide'));
  plugin.destroy();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  return events;
}

function stubPage(page: EventTarget, document: EventTarget, video: FakeVideo, timeOrigin: number): void {
  vi.spyOn(performance, 'timeOrigin', 'get').mockReturnValue(timeOrigin);
  Object.defineProperty(document, 'hidden', { get: () => video.hidden });
  vi.stubGlobal('document', document);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  vi.stubGlobal('navigator', { userAgent: 'Chrome on Linux' });
  vi.stubGlobal('devicePixelRatio', 1);
  vi.stubGlobal('screen', { width: 1920, height: 1080 });
  vi.stubGlobal('location', { origin: 'https://site.example', pathname: '/watch' });
  vi.stubGlobal('HTMLMediaElement', { HAVE_CURRENT_DATA: 2 });
}
