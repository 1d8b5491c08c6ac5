import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Delivery, DeliveryOptions } from '../../src/delivery/index.ts';
import {
  createPage,
  event,
  pass,
  pushMany,
  receivedIds,
  startDelivery,
  stopTheClock,
  type Answer,
  type FakePage,
} from './page.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let browser: IDBFactory;

beforeEach(() => {
  stopTheClock();
  browser = new IDBFactory();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A page in the same browser as the others of this test. */
function openPage(
  answer: Answer,
  options: Partial<DeliveryOptions> = {},
): { page: FakePage; delivery: Delivery } {
  const page = Object.assign(createPage(), { indexedDB: browser, otherwise: () => answer });
  return { page, delivery: startDelivery(page, { persist: true, flushIntervalMs: 100, ...options }) };
}

/** Looks until it holds; the fake clock goes on meanwhile, and so does the disk. */
function eventually(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { interval: 10, timeout: 15_000 });
}

/** From now on this page does nothing any more. */
function crash(page: FakePage): void {
  page.setTimeout = () => 0 as unknown as ReturnType<typeof setTimeout>;
  page.fetch = () => new Promise(() => {});
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = reject;
  });
}

/** The ids that the browser holds on disk; undefined when there is no database at all. */
async function storedIds(): Promise<string[] | undefined> {
  const opening = browser.open('video-telemetry');
  // Looking must not create it.
  opening.onupgradeneeded = () => opening.transaction?.abort();
  const database = await resultOf(opening).catch(() => undefined);
  if (!database) return undefined;
  const keys = await resultOf(database.transaction('events').objectStore('events').getAllKeys());
  database.close();
  return keys.map((key) => (key as string[])[2] ?? '');
}

async function untilStored(...ids: string[]): Promise<void> {
  await eventually(async () => {
    expect(await storedIds()).toEqual(ids);
  });
}

async function untilReceived(page: FakePage, ...ids: string[]): Promise<void> {
  await eventually(() => {
    expect(receivedIds(page)).toEqual(ids);
  });
}

describe('with persist, unsent events', () => {
  it('survive a crash and are sent by the next page, byte for byte', async () => {
    const first = openPage('lost');
    pushMany(first.delivery, 3, { custom: { note: 'ä€😀' } });
    await untilStored('e0', 'e1', 'e2');
    crash(first.page);
    const second = openPage(200);
    await untilReceived(second.page, 'e0', 'e1', 'e2');
    expect(second.page.received[0]).toBe(JSON.stringify(event('e0', { custom: { note: 'ä€😀' } })));
    await untilStored();
  });

  it('go before the events of the new page', async () => {
    const first = openPage('lost');
    pushMany(first.delivery, 2);
    await untilStored('e0', 'e1');
    crash(first.page);
    const second = openPage(200);
    second.delivery.push(event('new'));
    await untilReceived(second.page, 'e0', 'e1', 'new');
  });

  it.each([200, 400, 401, 413])('are forgotten when the server has answered with %d', async (answer) => {
    const { delivery } = openPage(answer, { flushIntervalMs: DAY_MS });
    pushMany(delivery, 2);
    await untilStored('e0', 'e1');
    delivery.flush();
    await untilStored();
  });

  it('that wait longer than a day are neither sent nor kept', async () => {
    const first = openPage('lost');
    first.page.setOnline(false);
    first.delivery.push(event('old'));
    await untilStored('old');
    await pass(DAY_MS / 2);
    first.delivery.push(event('young'));
    await untilStored('old', 'young');
    crash(first.page);
    await pass(DAY_MS / 2 + 1);
    const second = openPage('hanging');
    await untilStored('young');
    second.page.otherwise = () => 200;
    await pass(60_000);
    await untilReceived(second.page, 'young');
  });

  it('are no more than the queue holds', async () => {
    const first = openPage('lost');
    pushMany(first.delivery, 5);
    await untilStored('e0', 'e1', 'e2', 'e3', 'e4');
    crash(first.page);
    const second = openPage('hanging', { maxQueueSize: 2 });
    await untilStored('e3', 'e4');
    second.delivery.push(event('e5'));
    await untilStored('e3', 'e4');
    expect(second.delivery.takeDropped()).toBe(1);
  });

  it('of a page that leaves are kept until the server has answered', async () => {
    const first = openPage('lost');
    pushMany(first.delivery, 2);
    await untilStored('e0', 'e1');
    first.delivery.flushOnLeave();
    crash(first.page);
    expect(first.page.beacons).toEqual([]);
    const second = openPage(200);
    await untilReceived(second.page, 'e0', 'e1');
    second.delivery.push(event('e2'));
    await untilStored('e2');
    second.delivery.flushOnLeave();
    await untilReceived(second.page, 'e0', 'e1', 'e2');
    await untilStored();
  });

  it('of a page that was closed offline are sent by the next', async () => {
    const first = openPage(200);
    first.page.setOnline(false);
    pushMany(first.delivery, 2);
    first.delivery.flushOnLeave();
    first.delivery.close();
    await untilStored('e0', 'e1');
    const second = openPage(200);
    await untilReceived(second.page, 'e0', 'e1');
  });
});

describe('two tabs at once', () => {
  it('lose nothing, and send an event twice at most', async () => {
    const first = openPage('lost');
    first.delivery.push(event('a1'));
    await untilStored('a1');
    const second = openPage(200);
    await untilReceived(second.page, 'a1');
    first.delivery.push(event('a2'));
    second.delivery.push(event('b1'));
    await untilReceived(second.page, 'a1', 'b1');
    await untilStored('a2');
    first.page.otherwise = () => 200;
    await untilStored();
    expect(receivedIds(first.page)).toEqual(['a1', 'a2']);
  });

  it('when one of them dies, a third sends what it had left', async () => {
    const first = openPage('lost');
    const second = openPage('lost');
    first.delivery.push(event('a'));
    await untilStored('a');
    await pass(10);
    second.delivery.push(event('b'));
    await untilStored('a', 'b');
    crash(first.page);
    crash(second.page);
    await untilReceived(openPage(200).page, 'a', 'b');
    await untilStored();
  });

  it('share a denial: it deletes what both have stored', async () => {
    const first = openPage('lost');
    const second = openPage('lost');
    pushMany(first.delivery, 1);
    await untilStored('e0');
    second.delivery.setConsent('denied');
    await eventually(async () => {
      expect(await storedIds()).toBeUndefined();
    });
    first.page.otherwise = () => 200;
    await pass(60_000);
    await untilReceived(first.page, 'e0');
  });
});

describe('consent and the store', () => {
  it('without persist nothing is stored', async () => {
    pushMany(openPage('lost', { persist: false }).delivery, 1);
    await pass(60_000);
    expect(await browser.databases()).toEqual([]);
  });

  it('while consent is pending nothing is stored; granted stores what waits', async () => {
    const { delivery } = openPage('lost', { consent: 'pending' });
    pushMany(delivery, 1);
    await pass(60_000);
    expect(await browser.databases()).toEqual([]);
    delivery.setConsent('granted');
    await untilStored('e0');
  });

  it.each([
    ['denied', { consent: 'denied' as const }, false],
    ['Global Privacy Control', {}, true],
  ])('%s deletes what earlier pages left', async (_, options, globalPrivacyControl) => {
    const first = openPage('lost');
    pushMany(first.delivery, 2);
    await untilStored('e0', 'e1');
    crash(first.page);
    const page = Object.assign(createPage(), { indexedDB: browser });
    page.navigator.globalPrivacyControl = globalPrivacyControl;
    startDelivery(page, { persist: true, ...options });
    await eventually(async () => {
      expect(await storedIds()).toBeUndefined();
    });
    expect(page.requests).toEqual([]);
  });

  it('what earlier pages left does not come back when a denial overtakes it', async () => {
    const first = openPage('lost');
    pushMany(first.delivery, 2);
    await untilStored('e0', 'e1');
    crash(first.page);
    const second = openPage(200);
    second.delivery.setConsent('denied');
    await eventually(async () => {
      expect(await storedIds()).toBeUndefined();
    });
    second.delivery.setConsent('granted');
    second.delivery.push(event('new'));
    await untilReceived(second.page, 'new');
  });

  it('taken back to pending deletes what is stored, and granted again stores it again', async () => {
    const { delivery } = openPage('lost');
    pushMany(delivery, 2);
    await untilStored('e0', 'e1');
    delivery.setConsent('pending');
    await eventually(async () => {
      expect(await storedIds()).toBeUndefined();
    });
    delivery.setConsent('granted');
    await untilStored('e0', 'e1');
  });

  it('denied at once after granted leaves nothing behind, granted again stores anew', async () => {
    const { delivery } = openPage('lost');
    pushMany(delivery, 2);
    delivery.setConsent('denied');
    delivery.setConsent('granted');
    delivery.push(event('new'));
    await untilStored('new');
  });
});

describe('where the browser stores nothing', () => {
  it.each<[string, () => IDBFactory | undefined]>([
    ['no IndexedDB', () => undefined],
    [
      'a forbidden IndexedDB',
      () => {
        throw new DOMException('no', 'SecurityError');
      },
    ],
    ['an IndexedDB of a later version', () => browser],
  ])('(%s) events are sent all the same', async (_, get) => {
    await resultOf(browser.open('video-telemetry', 99));
    const page = Object.defineProperty(createPage(), 'indexedDB', { get });
    const delivery = startDelivery(page, { persist: true });
    pushMany(delivery, 2);
    await pass(5000);
    await untilReceived(page, 'e0', 'e1');
    delivery.setConsent('denied');
    delivery.close();
    await vi.dynamicImportSettled();
  });
});
