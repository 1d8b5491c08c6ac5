/**
 * Whatever the server does and however the network behaves, once both are well again:
 *
 * - every event that was pushed arrived or was counted as given up (both, if it arrived in a request whose answer
 *   was lost and was given up later);
 * - what arrived was pushed, and every copy of an event has the same bytes, so that the server's set of ids holds
 *   each once;
 * - without a page that leaves, events arrive for the first time in the order they were pushed. (A leaving page
 *   may hand over the newest first.)
 */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { Delivery } from '../../src/delivery/index.ts';
import {
  createPage,
  event,
  pass,
  startDelivery,
  stopTheClock,
  type Answer,
  type FakePage,
  timerCount,
} from './page.ts';

beforeEach(stopTheClock);
afterEach(() => {
  vi.useRealTimers();
});

/** Dice that fall the same way for the same seed (mulberry32). */
function diceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function moody(dice: () => number, sizeLimit: number): FakePage['otherwise'] {
  const moods: Answer[] = [200, 200, 200, 503, 500, 408, 'lost', 'unanswered', 'hanging'];
  return ({ ids }) => {
    if (ids.length > sizeLimit) return 413;
    if (dice() < 0.1) return { status: 429, retryAfter: String(Math.floor(dice() * 4)) };
    return moods[Math.floor(dice() * moods.length)] ?? 200;
  };
}

async function muddleThrough(page: FakePage, delivery: Delivery, dice: () => number, leaves: boolean) {
  const pushed: string[] = [];
  for (let step = 0; step < 120; step++) {
    for (let count = Math.floor(dice() * 4); count > 0; count--) {
      const next = event(`e${pushed.length}`, { filler: 'ä'.repeat(Math.floor(dice() * 200)) });
      pushed.push(JSON.stringify(next));
      delivery.push(next);
    }
    if (dice() < 0.1) page.setOnline(!page.navigator.onLine);
    if (dice() < 0.1) delivery.flush();
    if (leaves && dice() < 0.1) delivery.flushOnLeave();
    if (dice() < 0.2) page.allowanceBytes = 64 * 1024;
    await pass(dice() * 3000);
  }
  page.otherwise = () => 200;
  page.setOnline(true);
  await pass(600_000);
  return pushed;
}

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

it.each(seeds)('nothing is lost uncounted, altered or out of order (seed %d)', async (seed) => {
  const dice = diceFrom(seed);
  const leaves = seed % 2 === 0;
  const page = createPage();
  page.dice = dice;
  page.otherwise = moody(dice, 3 + Math.floor(dice() * 10));
  const maxQueueSize = 5 + Math.floor(dice() * 60);
  const delivery = startDelivery(page, {
    maxQueueSize,
    maxBatchSize: 1 + Math.floor(dice() * 12),
    maxRetries: Math.floor(dice() * 5),
    flushIntervalMs: 1000,
    ...(seed % 4 === 0 && { writeKey: 'k', writeKeyIn: 'header' as const }),
  });

  const pushed = await muddleThrough(page, delivery, dice, leaves);

  const firstArrivals = [...new Set(page.received)];
  const missing = pushed.filter((text) => !firstArrivals.includes(text));
  expect(missing.length).toBeLessThanOrEqual(delivery.takeDropped());
  expect(firstArrivals.filter((text) => !pushed.includes(text))).toEqual([]);
  if (!leaves) expect(firstArrivals).toEqual(pushed.filter((text) => firstArrivals.includes(text)));
  expect(page.underWay.most).toBe(1);
  expect(timerCount()).toBe(0);
});

it('an unlimited queue and patience lose nothing at all', async () => {
  for (const seed of seeds) {
    const dice = diceFrom(seed);
    const page = createPage();
    page.otherwise = moody(dice, 4);
    const delivery = startDelivery(page, { maxQueueSize: 10_000, maxRetries: 1000, maxBatchSize: 8 });
    const pushed = await muddleThrough(page, delivery, dice, seed % 2 === 0);
    expect(delivery.takeDropped()).toBe(0);
    expect([...new Set(page.received)].sort()).toEqual(pushed.sort());
    delivery.close();
  }
});
