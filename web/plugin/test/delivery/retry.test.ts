import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { retryAfterMs } from '../../src/delivery/reply.ts';
import {
  createPage,
  event,
  idsOf,
  pass,
  pushMany,
  receivedIds,
  startDelivery,
  START_MS,
  stopTheClock,
  type Answer,
  timerCount,
} from './page.ts';

beforeEach(stopTheClock);
afterEach(() => {
  vi.useRealTimers();
});

/** A batch of two goes out at 0; these are the times of all its attempts. */
async function attemptTimes(answers: Answer[], options = {}, dice = 0.5): Promise<number[]> {
  stopTheClock();
  const page = createPage(...answers);
  page.dice = () => dice;
  pushMany(startDelivery(page, { maxBatchSize: 2, backoffBaseMs: 1000, ...options }), 2);
  await pass(600_000);
  return page.requests.map((request) => request.atMs);
}

describe('what is sent again', () => {
  it.each([408, 429, 500, 502, 503, 504, 'lost', 'unanswered'] as const)(
    'after %s: the batch',
    async (answer) => {
      const page = createPage(answer);
      const delivery = startDelivery(page, { maxBatchSize: 2 });
      pushMany(delivery, 2);
      await pass(1000);
      expect(idsOf(page.requests)).toEqual([
        ['e0', 'e1'],
        ['e0', 'e1'],
      ]);
      expect(delivery.takeDropped()).toBe(0);
    },
  );

  it.each([301, 400, 404, 415, 422])('after %d: nothing, the batch is given up', async (status) => {
    const page = createPage(status);
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 3);
    await pass(60_000);
    expect(idsOf(page.requests)).toEqual([['e0', 'e1'], ['e2']]);
    expect(delivery.takeDropped()).toBe(2);
  });

  it.each([401, 403])('after %d: nothing, ever', async (status) => {
    const page = createPage(status);
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 3);
    await pass(0);
    delivery.push(event('later'));
    delivery.flush();
    delivery.flushOnLeave();
    delivery.setConsent('pending');
    delivery.setConsent('granted');
    await pass(600_000);
    expect(page.requests).toHaveLength(1);
    expect(page.beacons).toEqual([]);
    expect(delivery.takeDropped()).toBe(3);
    expect(timerCount()).toBe(0);
  });

  it('after 200: nothing, though the server may have rejected some', async () => {
    const page = createPage(200);
    pushMany(startDelivery(page, { maxBatchSize: 2 }), 2);
    await pass(600_000);
    expect(page.requests).toHaveLength(1);
  });

  it('has the same bytes, and the moment of its own attempt', async () => {
    const page = createPage(503, 'lost');
    pushMany(startDelivery(page, { maxBatchSize: 2 }), 2, { custom: { note: 'ä€😀' } });
    await pass(600_000);
    const events = page.requests.map((request) => request.text.slice(request.text.indexOf('"events"')));
    expect(new Set(events).size).toBe(1);
    expect(page.requests.map((request) => request.sentAt)).toEqual([0, 500, 1500]);
  });
});

describe('how long it waits before it sends again', () => {
  it('the bound doubles up to 30 s, and the dice choose below it', async () => {
    const fails = Array<Answer>(8).fill(503);
    // Half of 1, 2, 4, 8, 16, 30, 30, 30 s.
    expect(await attemptTimes(fails)).toEqual([0, 500, 1500, 3500, 7500, 15_500, 30_500, 45_500, 60_500]);
    expect(await attemptTimes([503], {}, 0)).toEqual([0, 0]);
  });

  it('at least as long as the server asks for', async () => {
    expect(await attemptTimes([{ status: 503, retryAfter: '7' }])).toEqual([0, 7000]);
    const at = new Date(START_MS + 90_000).toUTCString();
    expect(await attemptTimes([{ status: 429, retryAfter: at }])).toEqual([0, 90_000]);
    expect(await attemptTimes([{ status: 503, retryAfter: '0' }])).toEqual([0, 500]);
  });

  it.each([
    [null, 0],
    ['', 0],
    ['2', 2000],
    ['1.5', 1500],
    ['-3', 0],
    ['soon', 0],
    [new Date(START_MS + 5000).toUTCString(), 5000],
    [new Date(START_MS - 5000).toUTCString(), 0],
    ['99999999', 86_400_000],
  ])('Retry-After: %s means %d ms', (header, expected) => {
    expect(retryAfterMs(header, START_MS)).toBe(expected);
  });

  it('meanwhile neither a full batch nor flush nor the network coming back cuts the server’s wait short', async () => {
    const page = createPage({ status: 503, retryAfter: '5' });
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 6);
    await pass(1000);
    delivery.flush();
    page.setOnline(true);
    await pass(3999);
    expect(page.requests).toHaveLength(1);
    await pass(1);
    expect(receivedIds(page)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5']);
  });

  it('a request without an answer is given up after 30 s and sent again', async () => {
    expect(await attemptTimes(['hanging'])).toEqual([0, 30_500]);
  });
});

describe('how often it sends again', () => {
  it('a batch is given up after maxRetries, and the next has its own', async () => {
    const page = createPage(503, 503, 503, 503, 503);
    const delivery = startDelivery(page, { maxBatchSize: 2, maxRetries: 2 });
    pushMany(delivery, 4);
    await pass(600_000);
    expect(idsOf(page.requests).map((ids) => ids[0])).toEqual(['e0', 'e0', 'e0', 'e2', 'e2', 'e2']);
    expect(receivedIds(page)).toEqual(['e2', 'e3']);
    expect(delivery.takeDropped()).toBe(2);
  });

  it('being offline for half a minute loses nothing and doubles nothing', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { maxRetries: 1, flushIntervalMs: 1000 });
    page.setOnline(false);
    for (let second = 0; second < 30; second++) {
      delivery.push(event(`e${second}`));
      await pass(1000);
    }
    expect(page.received).toEqual([]);
    page.setOnline(true);
    await pass(0);
    expect(receivedIds(page)).toEqual(Array.from({ length: 30 }, (_, second) => `e${second}`));
    await pass(60_000);
    expect(page.received).toHaveLength(30);
    expect(delivery.takeDropped()).toBe(0);
  });

  it('hours offline do not use up the retries, and cost an attempt every half minute at most', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { maxRetries: 1 });
    page.setOnline(false);
    pushMany(delivery, 2);
    await pass(3_600_000);
    expect(page.requests.length).toBeLessThanOrEqual(120);
    page.setOnline(true);
    await pass(0);
    expect(receivedIds(page)).toEqual(['e0', 'e1']);
  });

  it('after a network failure the return of the network is a reason to try at once', async () => {
    const page = createPage('lost');
    page.dice = () => 0.999;
    pushMany(startDelivery(page, { maxBatchSize: 2, backoffBaseMs: 20_000 }), 2);
    await pass(10);
    page.setOnline(true);
    await pass(0);
    expect(page.requests.map((request) => request.atMs)).toEqual([0, 10]);
  });
});

describe('413', () => {
  it('splits the batch until it fits, and tries larger ones again', async () => {
    const page = createPage();
    page.otherwise = ({ ids }) => (ids.length > 3 ? 413 : 200);
    const delivery = startDelivery(page, { maxBatchSize: 8 });
    pushMany(delivery, 8);
    await pass(60_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7']);
    expect(idsOf(page.requests).map((ids) => ids.length)).toEqual([8, 4, 2, 4, 2, 4, 2, 2]);
    expect(delivery.takeDropped()).toBe(0);
  });

  it('gives up only the single event that is too large by itself', async () => {
    const page = createPage();
    page.otherwise = ({ ids }) => (ids.includes('e5') ? 413 : 200);
    const delivery = startDelivery(page, { maxBatchSize: 8 });
    pushMany(delivery, 8);
    await pass(60_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e6', 'e7']);
    expect(delivery.takeDropped()).toBe(1);
  });
});
