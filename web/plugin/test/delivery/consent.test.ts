import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  createPage,
  event,
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

describe('consent', () => {
  it('while it is pending events wait, and nothing is sent', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { consent: 'pending', maxBatchSize: 2 });
    pushMany(delivery, 5);
    delivery.flush();
    delivery.flushOnLeave();
    page.setOnline(true);
    await pass(600_000);
    expect(page.requests).toEqual([]);
    expect(page.beacons).toEqual([]);
    expect(timerCount()).toBe(0);
    delivery.setConsent('granted');
    await pass(5000);
    expect(receivedIds(page)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
  });

  it('closed while it is pending, nothing is sent', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { consent: 'pending' });
    pushMany(delivery, 2);
    delivery.close();
    delivery.setConsent('granted');
    await pass(60_000);
    expect(page.requests.concat(page.beacons)).toEqual([]);
  });

  it('denied throws away what waits and takes nothing more', async () => {
    const page = createPage();
    const delivery = startDelivery(page, { consent: 'pending' });
    pushMany(delivery, 2);
    delivery.setConsent('denied');
    delivery.push(event('later'));
    delivery.close();
    await pass(60_000);
    expect(page.requests.concat(page.beacons)).toEqual([]);
    expect(delivery.takeDropped()).toBe(0);
  });

  it('denied forgets the batch under way', async () => {
    const page = createPage('hanging');
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 2);
    await pass(0);
    delivery.setConsent('denied');
    await pass(0);
    expect(timerCount()).toBe(0);
    await pass(60_000);
    expect(page.requests).toHaveLength(1);
  });

  it('granted after a denial begins anew', async () => {
    const page = createPage('hanging');
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 3);
    await pass(0);
    delivery.setConsent('denied');
    delivery.setConsent('granted');
    delivery.push(event('new'));
    await pass(60_000);
    expect(receivedIds(page)).toEqual(['new']);
  });

  it('granted after a denial, the answer to an earlier request settles nothing of the new batch', async () => {
    const page = createPage('hanging', new Promise<number>((done) => setTimeout(done, 5000, 200)));
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 2);
    await pass(0);
    delivery.setConsent('denied');
    delivery.setConsent('granted');
    delivery.push(event('n0'));
    delivery.push(event('n1'));
    await pass(60_000);
    expect(receivedIds(page)).toEqual(['n0', 'n1']);
    expect(page.requests).toHaveLength(2);
  });

  it('taken back to pending stops sending and loses nothing', async () => {
    const page = createPage('hanging');
    const delivery = startDelivery(page, { maxBatchSize: 2 });
    pushMany(delivery, 2);
    await pass(0);
    delivery.setConsent('pending');
    await pass(600_000);
    expect(page.requests).toHaveLength(1);
    delivery.setConsent('granted');
    await pass(0);
    expect(receivedIds(page)).toEqual(['e0', 'e1']);
  });

  it('keepalive requests that fail after a denial bring nothing back', async () => {
    const page = createPage(new Promise<number>((done) => setTimeout(done, 100, 503)));
    const delivery = startDelivery(page, { writeKey: 'k', writeKeyIn: 'header' });
    pushMany(delivery, 2);
    delivery.flushOnLeave();
    delivery.setConsent('denied');
    delivery.setConsent('granted');
    await pass(600_000);
    expect(page.received).toEqual([]);
    expect(page.requests).toHaveLength(1);
  });
});

describe('Global Privacy Control', () => {
  it('means denied, whatever the page says', async () => {
    const page = createPage();
    page.navigator.globalPrivacyControl = true;
    const delivery = startDelivery(page);
    delivery.push(event('a'));
    delivery.setConsent('granted');
    delivery.push(event('b'));
    delivery.close();
    await pass(60_000);
    expect(page.requests.concat(page.beacons)).toEqual([]);
  });

  it('is ignored on request', async () => {
    const page = createPage();
    page.navigator.globalPrivacyControl = true;
    startDelivery(page, { honorGlobalPrivacyControl: false }).push(event('a'));
    await pass(5000);
    expect(receivedIds(page)).toEqual(['a']);
  });
});
