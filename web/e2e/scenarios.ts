/**
 * What viewers and networks do. A scenario is written once and played with any client and player page.
 *
 * Each lasts as long as it takes to see its matter, and says what must be true of the summaries besides
 * the figures that are compared with the truth.
 */
import { expect } from 'vitest';

import { STREAMS } from './world/media.ts';
import type { Trouble } from './world/trouble.ts';
import type { Viewer } from './world/viewer.ts';
import type { StoredSession } from './world/world.ts';

export interface Scenario {
  readonly name: string;
  readonly source?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly muted?: boolean;
  readonly mayAutoplay?: boolean;
  /** Sources loaded: sessions of the plugin. */
  readonly sessions?: number;
  /** Six events are enough to carry it: it is also played with the original client. */
  readonly isForOriginal?: boolean;
  readonly before?: (network: Trouble) => void;
  readonly play: (viewer: Viewer, network: Trouble) => Promise<void>;
  /** Of the plugin's sessions. */
  readonly expect?: (sessions: readonly StoredSession[]) => void;
}

/** Little buffer, so that trouble on the network is soon trouble on the screen. */
const SHORT_BUFFER = { maxBufferLength: 4, maxMaxBufferLength: 4 };

/** By default hls.js retries for longer than a test wants to watch. */
const NO_RETRIES = {
  fragLoadPolicy: {
    default: { maxTimeToFirstByteMs: 9000, maxLoadTimeMs: 20_000, timeoutRetry: null, errorRetry: null },
  },
};

/** Half-lives of the bandwidth estimate, s: by default it forgets a slow link for longer than these streams last. */
const QUICK_TO_SWITCH = { abrEwmaFastVoD: 0.3, abrEwmaSlowVoD: 0.3 };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'clean to the end',
    source: STREAMS.hlsShort,
    isForOriginal: true,
    async play(viewer) {
      await viewer.sees('video.ended');
      await viewer.watchesFor(500);
    },
    expect: ([session]) => {
      expect(session?.summary).toMatchObject({ end_reason: 'ended', error_count: 0, completeness: 1 });
    },
  },
  {
    name: 'a throttled link',
    config: { ...SHORT_BUFFER, ...QUICK_TO_SWITCH },
    async play(viewer, network) {
      await viewer.sees('video.currentTime > 4 && video.videoHeight === 720');
      network.limitRate(700);
      await viewer.sees('video.videoHeight < 720');
      await viewer.watchesFor(3000);
      network.end();
      await viewer.sees('video.videoHeight === 720');
      await viewer.watchesFor(2000);
    },
    expect: ([session]) => {
      expect(session?.summary.downswitches).toBeGreaterThanOrEqual(1);
      expect(session?.summary.upswitches).toBeGreaterThanOrEqual(1);
    },
  },
  {
    name: 'two stalls',
    config: SHORT_BUFFER,
    isForOriginal: true,
    async play(viewer, network) {
      await viewer.sees('video.currentTime > 2');
      for (const stallMs of [2000, 1000]) {
        network.make({ match: /seg\d+/, action: { kind: 'hang' } });
        await viewer.sees('video.readyState < 3');
        await viewer.watchesFor(stallMs);
        network.end();
        await viewer.sees('video.readyState > 2');
        await viewer.watchesFor(2000);
      }
    },
    expect: ([session]) => {
      expect(session?.summary.rebuffer_count).toBe(2);
    },
  },
  {
    name: 'a slow start',
    before(network) {
      network.make({ match: /master/, action: { kind: 'delay', ms: 1500 }, times: 1 });
      network.make({ match: /seg000/, action: { kind: 'delay', ms: 2000 } });
    },
    async play(viewer) {
      await viewer.sees('video.currentTime > 3');
    },
    expect: ([session]) => {
      expect(session?.summary.startup_ms).toBeGreaterThan(3500);
    },
  },
  {
    name: 'a fatal 404',
    config: NO_RETRIES,
    before(network) {
      network.make({ match: /seg00[4-9]|seg0[1-9]/, action: { kind: 'status', status: 404 } });
    },
    async play(viewer) {
      await viewer.sees('page.hasFailed && video.currentTime > 7 && video.readyState < 3');
      await viewer.watchesFor(2500);
    },
    expect: ([session]) => {
      expect(session?.summary).toMatchObject({ vpf: true, vsf: false, first_error: 'fragLoadError' });
      expect(session?.summary.fatal_error_count).toBeGreaterThanOrEqual(1);
    },
  },
  {
    name: 'seeks ahead and back',
    config: SHORT_BUFFER,
    isForOriginal: true,
    async play(viewer, network) {
      await viewer.sees('video.currentTime > 3');
      network.make({ match: /seg/, action: { kind: 'delay', ms: 1500 }, times: 1 });
      await viewer.seek(35);
      await viewer.sees('video.currentTime > 38.5');
      await viewer.seek(36);
      await viewer.watchesFor(2500);
    },
    expect: ([session]) => {
      expect(session?.summary).toMatchObject({ seek_count: 2, rebuffer_count: 0 });
    },
  },
  {
    name: 'pauses',
    isForOriginal: true,
    async play(viewer) {
      await viewer.sees('video.currentTime > 2');
      for (const pauseMs of [3000, 1500]) {
        await viewer.pause();
        await viewer.watchesFor(pauseMs);
        await viewer.play();
        await viewer.watchesFor(2000);
      }
    },
    expect: ([session]) => {
      expect(session?.summary.pause_count).toBe(2);
    },
  },
  {
    name: 'a hidden tab',
    async play(viewer) {
      await viewer.sees('video.currentTime > 2');
      await viewer.tab.hide();
      await viewer.watchesFor(4000);
      await viewer.tab.show();
      await viewer.watchesFor(1500);
    },
    expect: ([session]) => {
      expect(session?.events.filter((e) => e.event_type === 'VISIBILITY')).toHaveLength(2);
      expect(session?.summary.pause_count).toBe(0);
    },
  },
  {
    name: 'a hidden tab without sound',
    muted: true,
    async play(viewer) {
      await viewer.sees('video.currentTime > 2');
      await viewer.tab.hide();
      await viewer.sees('video.paused');
      await viewer.watchesFor(3000);
      await viewer.tab.show();
      await viewer.sees('!video.paused');
      await viewer.watchesFor(1500);
    },
    expect: ([session]) => {
      const pause = session?.events.find((event) => event.event_type === 'PAUSE');
      expect(pause?.raw_json).toMatchObject({ reason: 'background' });
    },
  },
  {
    name: 'the page is closed',
    async play(viewer) {
      await viewer.sees('video.currentTime > 4');
    },
    expect: ([session]) => {
      expect(session?.summary).toMatchObject({ end_reason: 'page_close', completeness: 1 });
    },
  },
  {
    name: 'autoplay is blocked',
    mayAutoplay: false,
    async play(viewer) {
      await viewer.sees('video.readyState > 2');
      await viewer.tab.evaluate(`document.addEventListener('click', () => page.play(), { once: true })`);
      await viewer.watchesFor(2000);
      await viewer.tab.click(300, 200);
      await viewer.sees('video.currentTime > 3');
    },
    expect: ([session]) => {
      expect(session?.summary.idle_ms).toBeGreaterThan(1500);
      expect(session?.summary.startup_ms).toBeLessThan(1500);
    },
  },
  {
    name: 'another source',
    sessions: 2,
    async play(viewer) {
      await viewer.sees('video.currentTime > 3');
      await viewer.load(STREAMS.hlsTs);
      await viewer.play();
      await viewer.watchesFor(500);
      await viewer.sees('video.currentTime > 3');
    },
    expect: ([first, second]) => {
      expect(first?.summary.end_reason).toBe('source_change');
      expect(second?.summary.end_reason).toBe('page_close');
    },
  },
  {
    name: 'a replay',
    source: STREAMS.hlsShort,
    async play(viewer) {
      await viewer.sees('video.currentTime > 2');
      await viewer.seek(11);
      await viewer.sees('video.ended');
      await viewer.watchesFor(1500);
      await viewer.play();
      await viewer.sees('video.currentTime > 2.5 && !video.ended');
    },
    expect: ([session]) => {
      const plays = session?.events.filter((event) => event.event_type === 'PLAY');
      expect(plays?.map((event) => event.raw_json.reason)).toEqual(['initial', 'replay']);
    },
  },
  {
    name: 'double speed',
    async play(viewer) {
      await viewer.sees('video.currentTime > 2');
      await viewer.setRate(2);
      await viewer.watchesFor(4000);
      await viewer.setRate(1);
      await viewer.watchesFor(1000);
    },
    expect: ([session]) => {
      const changes = session?.events.filter((event) => event.event_type === 'RATE_CHANGE');
      expect(changes?.map((event) => event.raw_json.playbackRate)).toEqual([2, 1]);
    },
  },
];
