import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { TelemetryEvent } from '../../src/events.ts';
import {
  createPage,
  event,
  idsOf,
  pass,
  pushMany,
  receivedIds,
  startDelivery,
  stopTheClock,
  timerCount,
} from './page.ts';

beforeEach(stopTheClock);
afterEach(() => {
  vi.useRealTimers();
});

describe('when events are sent', () => {
  it('an event waits for company for one interval', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { flushIntervalMs: 5000 });
    delivery.push(event('a'));
    await pass(2000);
    delivery.push(event('b'));
    await pass(2999);
    expect(page.requests).toEqual([]);
    await pass(1);
    expect(idsOf(page.requests)).toEqual([['a', 'b']]);
  });

  it('a full batch goes at once', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { maxBatchSize: 3 });
    pushMany(delivery, 4);
    await pass(0);
    expect(idsOf(page.requests)).toEqual([['e0', 'e1', 'e2']]);
    await pass(5000);
    expect(idsOf(page.requests)).toEqual([['e0', 'e1', 'e2'], ['e3']]);
  });

  it('flush sends all that waits, batch after batch, and nothing that came later', async () => {
    const page = createPage(new Promise<number>((done) => setTimeout(done, 10, 200)));
    const delivery = startDelivery(page, { maxBatchSize: 2, consent: 'pending' });
    pushMany(delivery, 4);
    delivery.setConsent('granted');
    delivery.flush();
    delivery.push(event('later'));
    await pass(100);
    expect(idsOf(page.requests)).toEqual([
      ['e0', 'e1'],
      ['e2', 'e3'],
    ]);
  });

  it('no timer runs while nothing waits', async () => {
    const page = createPage();
    const delivery = startDelivery(page);
    expect(timerCount()).toBe(0);
    pushMany(delivery, 1);
    await pass(5000);
    expect(receivedIds(page)).toEqual(['e0']);
    expect(timerCount()).toBe(0);
  });

  it('a batch never holds more than 500 events', async () => {
    const page = createPage();
    pushMany(startDelivery(page, { maxBatchSize: 10_000, maxQueueSize: 10_000 }), 1100);
    await pass(5000);
    expect(page.requests.map((request) => request.ids.length)).toEqual([500, 500, 100]);
  });

  it('there is one request at a time', async () => {
    const page = createPage();
    page.otherwise = () => new Promise<number>((done) => setTimeout(done, 50, 200));
    const delivery = startDelivery(page, { maxBatchSize: 2, maxQueueSize: 100 });
    pushMany(delivery, 9);
    delivery.flush();
    page.setOnline(true);
    await pass(1000);
    expect(page.underWay.most).toBe(1);
    expect(receivedIds(page)).toHaveLength(9);
  });
});

describe('a full queue', () => {
  it('gives up the oldest events, and counts them once', () => {
    const page = createPage();
    const delivery = startDelivery(page, { maxQueueSize: 3, maxBatchSize: 3, consent: 'pending' });
    pushMany(delivery, 5);
    expect(delivery.takeDropped()).toBe(2);
    expect(delivery.takeDropped()).toBe(0);
  });

  it('keeps the batch that is on its way, and gives up the oldest behind it', async () => {
    const page = createPage('hanging');
    const delivery = startDelivery(page, { maxQueueSize: 4, maxBatchSize: 2 });
    pushMany(delivery, 6);
    await pass(40_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1', 'e4', 'e5']);
    expect(delivery.takeDropped()).toBe(2);
  });

  it('whose every event is on its way gives up the new one', async () => {
    const page = createPage('hanging');
    const delivery = startDelivery(page, { maxQueueSize: 2, maxBatchSize: 2 });
    pushMany(delivery, 3);
    await pass(40_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1']);
    expect(delivery.takeDropped()).toBe(1);
  });

  it('gives up events of a batch that only waits to be sent again', async () => {
    const page = createPage({ status: 503, retryAfter: '5' });
    const delivery = startDelivery(page, { maxQueueSize: 2, maxBatchSize: 2 });
    pushMany(delivery, 2);
    await pass(1);
    delivery.push(event('new'));
    await pass(10_000);
    expect(receivedIds(page)).toEqual(['e1', 'new']);
    expect(delivery.takeDropped()).toBe(1);
  });
});

describe('what never reaches into the page', () => {
  it('an event that JSON cannot say is counted and harms no other', async () => {
    const page = createPage();
    const delivery = startDelivery(page);
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    delivery.push(event('circle', { custom: circle }));
    delivery.push(event('good'));
    await pass(5000);
    expect(receivedIds(page)).toEqual(['good']);
    expect(delivery.takeDropped()).toBe(1);
  });

  it('an event that changes after it was pushed is sent as it was', async () => {
    const page = createPage();
    const delivery = startDelivery(page);
    const changing = { ...event('a'), custom: 'before' };
    delivery.push(changing);
    changing.custom = 'after';
    await pass(5000);
    expect((JSON.parse(page.received[0] ?? '') as TelemetryEvent)['custom']).toBe('before');
  });

  it('a browser without fetch, beacons or listeners costs the events only', async () => {
    const bare = { Date, Math, setTimeout, clearTimeout } as unknown as ReturnType<typeof createPage>;
    const delivery = startDelivery(bare, { maxRetries: 1, persist: true });
    pushMany(delivery, 2);
    delivery.flushOnLeave();
    await pass(60_000);
    expect(delivery.takeDropped()).toBe(2);
    delivery.close();
  });

  it('nonsense for a number falls back to the default', async () => {
    const page = createPage();
    const nonsense = {
      maxBatchSize: Number.NaN,
      flushIntervalMs: 'soon' as unknown as number,
      maxQueueSize: -1,
    };
    const delivery = startDelivery(page, nonsense);
    delivery.push(event('a'));
    await pass(5000);
    expect(receivedIds(page)).toEqual(['a']);
  });
});

describe('closing', () => {
  it('sends what waits and leaves no timer behind', async () => {
    const page = createPage();
    const delivery = startDelivery(page);
    pushMany(delivery, 2);
    delivery.close();
    expect(timerCount()).toBe(0);
    await pass(60_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1']);
    delivery.push(event('late'));
    delivery.flush();
    page.setOnline(true);
    await pass(60_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1']);
  });

  it('with more than a beacon takes, sends the rest by requests until one fails', async () => {
    const page = createPage(200, 503);
    const delivery = startDelivery(page, { maxBatchSize: 20, consent: 'pending' });
    pushMany(delivery, 100, { filler: 'x'.repeat(900) });
    delivery.setConsent('granted');
    delivery.close();
    expect(timerCount()).toBe(0);
    await pass(60_000);
    expect(timerCount()).toBe(0);
    expect(idsOf(page.requests).map((ids) => ids.length)).toEqual([20, 20]);
  });

  it('during a request leaves no timer behind either', async () => {
    const page = createPage('hanging');
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 2);
    await pass(0);
    delivery.close();
    expect(timerCount()).toBe(0);
    expect(idsOf(page.beacons)).toEqual([['e0', 'e1']]);
  });
});
