import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  createPage,
  event,
  idsOf,
  pass,
  pushMany,
  receivedIds,
  startDelivery,
  stopTheClock,
  type FakePage,
  timerCount,
} from './page.ts';

beforeEach(stopTheClock);
afterEach(() => {
  vi.useRealTimers();
});

/** An event of a little over 1000 bytes. */
const KILOBYTE = { filler: 'x'.repeat(900) };

function bytesOf(page: FakePage): number {
  return page.beacons.reduce((sum, beacon) => sum + new Blob([beacon.text]).size, 0);
}

describe('when the page may be going', () => {
  it('what waits goes as one beacon, and is not sent again if the page stays', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { writeKey: 'k1' });
    pushMany(delivery, 3);
    await pass(1234);
    delivery.flushOnLeave();
    expect(idsOf(page.beacons)).toEqual([['e0', 'e1', 'e2']]);
    expect(page.beacons[0]).toMatchObject({ key: 'k1', sentAt: 1234 });
    await pass(60_000);
    expect(page.requests).toEqual([]);
    expect(timerCount()).toBe(0);
  });

  it('nothing waiting means no beacon', () => {
    const page = createPage();
    startDelivery(page).flushOnLeave();
    expect(page.beacons).toEqual([]);
  });

  it('the batch on the wire goes with it, as its request may die with the page', async () => {
    const page = createPage('hanging');
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 3);
    await pass(0);
    delivery.flushOnLeave();
    expect(idsOf(page.beacons)).toEqual([['e0', 'e1', 'e2']]);
    await pass(60_000);
    expect(page.requests).toHaveLength(1);
    expect(delivery.takeDropped()).toBe(0);
  });

  it('the answer to a request that was overtaken settles nothing else', async () => {
    const page = createPage(new Promise<number>((done) => setTimeout(done, 100, 400)));
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 2);
    await pass(0);
    delivery.flushOnLeave();
    delivery.push(event('new'));
    await pass(60_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1', 'new']);
    expect(delivery.takeDropped()).toBe(0);
  });

  it('a batch that waits for its retry goes too', async () => {
    const page = createPage({ status: 503, retryAfter: '60' });
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 2);
    await pass(10);
    delivery.flushOnLeave();
    await pass(600_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1']);
    expect(page.requests).toHaveLength(1);
  });

  it('a flush that it overtook hurries no later event', async () => {
    const page = createPage({ status: 503, retryAfter: '1' });
    const delivery = startDelivery(page, { maxBatchSize: 2, flushIntervalMs: 5000 });
    pushMany(delivery, 2);
    await pass(10);
    delivery.flush();
    delivery.flushOnLeave();
    delivery.push(event('new'));
    // The server's second ends at 1000; from then on it waits for company.
    await pass(5989);
    expect(receivedIds(page)).toEqual(['e0', 'e1']);
    await pass(1);
    expect(receivedIds(page)).toEqual(['e0', 'e1', 'new']);
  });

  it('no more than 56 KiB are handed over, the newest; the rest is sent if the page stays', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { consent: 'pending', maxBatchSize: 500 });
    const ids = pushMany(delivery, 100, KILOBYTE);
    delivery.setConsent('granted');
    delivery.flushOnLeave();
    expect(bytesOf(page)).toBeLessThanOrEqual(56 * 1024);
    expect(bytesOf(page)).toBeGreaterThan(55 * 1024);
    expect(page.beacons[0]?.ids.at(-1)).toBe('e99');
    await pass(60_000);
    expect(receivedIds(page).sort()).toEqual(ids.sort());
  });

  it('where others used up the allowance, the events wait for the page to stay', async () => {
    const page = createPage();
    page.allowanceBytes = 10_000;
    const delivery = startDelivery(page);
    const ids = pushMany(delivery, 30, KILOBYTE);
    delivery.flushOnLeave();
    await pass(60_000);
    expect([...new Set(receivedIds(page))].sort()).toEqual(ids.sort());
  });

  it('offline, nothing is handed to a beacon that would be lost', async () => {
    const page = createPage();
    const delivery = startDelivery(page);
    page.setOnline(false);
    pushMany(delivery, 2);
    delivery.flushOnLeave();
    expect(page.beacons).toEqual([]);
    page.setOnline(true);
    await pass(0);
    expect(receivedIds(page)).toEqual(['e0', 'e1']);
  });
});

describe('where beacons do not work', () => {
  it.each([
    ['refused', () => false],
    [
      'broken',
      () => {
        throw new TypeError('no');
      },
    ],
    ['missing', undefined],
  ])('(%s) keepalive requests go instead', async (_, sendBeacon) => {
    const page = createPage();
    page.navigator = { onLine: true, ...(sendBeacon && { sendBeacon }) };
    const delivery = startDelivery(page);
    pushMany(delivery, 3);
    delivery.flushOnLeave();
    await pass(0);
    expect(page.requests).toMatchObject([{ ids: ['e0', 'e1', 'e2'], keepalive: true }]);
    await pass(60_000);
    expect(receivedIds(page)).toEqual(['e0', 'e1', 'e2']);
  });

  it('with the key in a header, which beacons cannot carry, keepalive requests go', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { writeKey: 'k1', writeKeyIn: 'header' });
    pushMany(delivery, 1);
    delivery.flushOnLeave();
    await pass(0);
    expect(page.beacons).toEqual([]);
    expect(page.requests).toMatchObject([{ keepalive: true, headers: { Authorization: 'Bearer k1' } }]);
  });

  it.each(['lost', 503, 413, 400] as const)(
    '%s puts the events back, if the page is still there',
    async (answer) => {
      const page = createPage(answer);
      const delivery = startDelivery(page, { writeKey: 'k1', writeKeyIn: 'header' });
      pushMany(delivery, 2);
      delivery.flushOnLeave();
      await pass(60_000);
      expect(receivedIds(page)).toEqual(['e0', 'e1']);
      expect(page.requests).toMatchObject([{ keepalive: true }, { keepalive: false }]);
    },
  );

  it('a server that asks to wait is left alone, as after any request', async () => {
    const page = createPage({ status: 503, retryAfter: '20' });
    const delivery = startDelivery(page, { writeKey: 'k1', writeKeyIn: 'header' });
    pushMany(delivery, 2);
    delivery.flushOnLeave();
    await pass(60_000);
    // The 20 s, and then the interval in which they wait for company like any others.
    expect(page.requests.map((sent) => sent.atMs)).toEqual([0, 25_000]);
  });

  it('leaving twice does not go beyond 56 KiB either', async () => {
    const page = createPage('hanging');
    const delivery = startDelivery(page, { writeKey: 'k1', writeKeyIn: 'header' });
    pushMany(delivery, 40, KILOBYTE);
    delivery.flushOnLeave();
    pushMany(delivery, 40, KILOBYTE);
    delivery.flushOnLeave();
    await pass(0);
    const bytes = page.requests.filter((sent) => sent.keepalive).map((sent) => new Blob([sent.text]).size);
    expect(bytes).toHaveLength(2);
    expect(bytes.reduce((a, b) => a + b)).toBeLessThanOrEqual(56 * 1024);
  });
});
