import type { FragmentLoaderContext, LoaderConfiguration } from 'hls.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Network, loaderOn } from '../src/network.ts';

const SEGMENT_BYTES = 30_000;
const context = { url: 'segment.m4s' } as FragmentLoaderContext;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(new Uint8Array(SEGMENT_BYTES))));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Loads a segment; what comes of it is noted. */
function load(network: Network) {
  const loader = new (loaderOn(network))({} as never);
  const outcomes: string[] = [];
  loader.load(context, {} as LoaderConfiguration, {
    onSuccess: ({ data }) => outcomes.push(`${data instanceof ArrayBuffer ? data.byteLength : 0} bytes`),
    onError: ({ code }) => outcomes.push(`error ${code}`),
    onTimeout: () => outcomes.push('timeout'),
    onAbort: () => outcomes.push('aborted'),
  });
  return { loader, outcomes };
}

test('a segment takes as long as the network is slow', async () => {
  const network = new Network();
  const { loader, outcomes } = load(network);
  // 60 ms of latency, then 30 000 bytes at 600 kbit/s: 400 ms.
  await vi.advanceTimersByTimeAsync(250);
  expect(outcomes).toEqual([]);
  expect(loader.stats.loaded).toBeGreaterThan(SEGMENT_BYTES / 4);
  expect(loader.stats.loaded).toBeLessThan(SEGMENT_BYTES);
  await vi.advanceTimersByTimeAsync(250);
  expect(outcomes).toEqual([`${SEGMENT_BYTES} bytes`]);
  expect(loader.stats.loading.end - loader.stats.loading.first).toBe(400);
});

test('a network that becomes slow is felt by the segment under way', async () => {
  const network = new Network();
  const { outcomes } = load(network);
  await vi.advanceTimersByTimeAsync(260);
  network.slow = true;
  // Half of it is left: 15 000 bytes at 70 kbit/s take 1.7 s.
  await vi.advanceTimersByTimeAsync(1500);
  expect(outcomes).toEqual([]);
  await vi.advanceTimersByTimeAsync(300);
  expect(outcomes).toHaveLength(1);
});

test('nothing arrives on a network that is held', async () => {
  const network = new Network();
  network.held = true;
  const { loader, outcomes } = load(network);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([outcomes, loader.stats.loaded]).toEqual([[], 0]);
  network.held = false;
  await vi.advanceTimersByTimeAsync(500);
  expect(outcomes).toEqual([`${SEGMENT_BYTES} bytes`]);
});

test('every segment is missing on a broken network', async () => {
  const network = new Network();
  network.broken = true;
  const { outcomes } = load(network);
  await vi.advanceTimersByTimeAsync(100);
  expect(outcomes).toEqual(['error 404']);
});

test('an aborted segment ends once and leaves nothing running', async () => {
  const { loader, outcomes } = load(new Network());
  await vi.advanceTimersByTimeAsync(200);
  loader.abort();
  loader.destroy();
  await vi.advanceTimersByTimeAsync(1000);
  expect(outcomes).toEqual(['aborted']);
  expect(vi.getTimerCount()).toBe(0);
});
