import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createPage, pass, pushMany, startDelivery, stopTheClock, type Sent } from './page.ts';
import type { DeliveryOptions } from '../../src/delivery/index.ts';

beforeEach(stopTheClock);
afterEach(() => {
  vi.useRealTimers();
});

/** Sends so many events of about 1000 bytes in one batch. */
async function sendBatch(
  count: number,
  options: Partial<DeliveryOptions>,
  canCompress = true,
): Promise<Sent> {
  const fake = createPage();
  const page = canCompress ? { ...fake, CompressionStream } : fake;
  pushMany(startDelivery(page, { maxBatchSize: count, ...options }), count, { filler: 'x'.repeat(900) });
  await pass(0);
  // Compressing is real, and takes real time.
  return vi.waitUntil(() => page.requests[0], { interval: 10, timeout: 15_000 });
}

const OWN = 'https://page.example/telemetry';

describe('the body', () => {
  it('is the envelope, as plain text, which costs no preflight', async () => {
    const sent = await sendBatch(1, {});
    expect(sent.text).toMatch(/^\{"sentAt":\d+,"events":\[\{"eventId":"e0",.*\}\]\}$/);
    expect(sent.headers).toEqual({ 'Content-Type': 'text/plain;charset=UTF-8' });
  });

  it('holds the write key', async () => {
    const sent = await sendBatch(1, { writeKey: 'a"b' });
    expect(sent.key).toBe('a"b');
    expect(sent.headers['Authorization']).toBeUndefined();
  });

  it('does not hold the write key that goes into the header', async () => {
    const sent = await sendBatch(1, { writeKey: 'k1', writeKeyIn: 'header' });
    expect(sent.key).toBeUndefined();
    expect(sent.headers['Authorization']).toBe('Bearer k1');
  });
});

describe('a large body is compressed', () => {
  it.each([
    ['on the own origin', { endpoint: OWN }],
    ['at a path', { endpoint: '/telemetry' }],
    ['with the key in a header', { writeKey: 'k', writeKeyIn: 'header' as const }],
    ['on request', { compress: true }],
  ])('%s', async (_, options) => {
    const sent = await sendBatch(5, options);
    expect(sent.headers['Content-Encoding']).toBe('gzip');
    expect(sent.ids).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
  });

  it.each([
    ['across origins', {}, 5, true],
    ['on an origin that only begins alike', { endpoint: 'https://page.example.evil/telemetry' }, 5, true],
    ['on a host without a scheme', { endpoint: '//telemetry.example/telemetry' }, 5, true],
    ['when small', { endpoint: OWN }, 3, true],
    ['when unwanted', { endpoint: OWN, compress: false }, 5, true],
    ['where the browser cannot', { endpoint: OWN }, 5, false],
  ])('but not %s', async (_, options, count, canCompress) => {
    const sent = await sendBatch(count, options, canCompress);
    expect(sent.headers['Content-Encoding']).toBeUndefined();
  });

  it('but not when the page is leaving', async () => {
    const page = { ...createPage(), CompressionStream };
    const delivery = startDelivery(page, { endpoint: OWN, writeKey: 'k', writeKeyIn: 'header' });
    pushMany(delivery, 9, { filler: 'x'.repeat(900) });
    delivery.flushOnLeave();
    const sent = await vi.waitUntil(() => page.requests[0], { interval: 10, timeout: 15_000 });
    expect(sent.headers['Content-Encoding']).toBeUndefined();
  });
});
