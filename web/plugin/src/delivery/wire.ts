/**
 * One attempt: events in, the server's reply out.
 *
 * The body always says that it is plain text: across origins this spares the browser a preflight, the server
 * takes it like JSON, and beacons can do no other. Compression costs a preflight, and so is only used where there
 * is none anyway (on the page's own origin), where there is one anyway (the key in a header), or on request.
 */
import type { Environment } from './environment.ts';
import type { Item } from './item.ts';
import type { DeliveryOptions } from './options.ts';
import { retryAfterMs, type Reply } from './reply.ts';

const REQUEST_TIMEOUT_MS = 30_000;
/** Below this, compressing costs more than it saves. */
const COMPRESS_FROM_CHARS = 4096;

export interface Wire {
  /** The request body for these events, at this moment. */
  bodyOf(items: Item[]): string;
  /** Never rejects. With `keepalive` the request starts at once and outlives the page. */
  send(items: Item[], keepalive?: boolean): Promise<Reply>;
}

export function createWire(options: DeliveryOptions, env: Environment): Wire {
  const { endpoint, writeKey } = options;
  const inHeader = writeKey && options.writeKeyIn === 'header';
  const compress = options.compress ?? (inHeader || isSameOrigin(endpoint, env));
  const keyField = writeKey && !inHeader ? `"key":${JSON.stringify(writeKey)},` : '';

  function bodyOf(items: Item[]): string {
    const events = items.map((item) => item.json).join();
    const sentAt = Math.round(options.now ? options.now() : env.Date.now());
    return `{"sentAt":${sentAt},${keyField}"events":[${events}]}`;
  }

  async function request(items: Item[], keepalive: boolean): Promise<Reply> {
    const headers: Record<string, string> = { 'Content-Type': 'text/plain;charset=UTF-8' };
    if (inHeader) headers['Authorization'] = `Bearer ${writeKey}`;
    let body: BodyInit = bodyOf(items);
    // Compressing takes a moment that a leaving page does not have.
    if (compress && !keepalive && env.CompressionStream && body.length >= COMPRESS_FROM_CHARS) {
      // A chunk of its own: small batches do without.
      body = await (await import('./gzip.ts')).gzip(body, env.CompressionStream);
      headers['Content-Encoding'] = 'gzip';
    }
    // Without an answer for so long it has failed; older browsers wait longer.
    const signal = (AbortSignal as Partial<typeof AbortSignal>).timeout?.(REQUEST_TIMEOUT_MS) ?? null;
    const init: RequestInit = { method: 'POST', credentials: 'omit', headers, body, keepalive, signal };
    const { status, headers: answered } = await env.fetch(endpoint, init);
    return { status, retryAfterMs: retryAfterMs(answered.get('Retry-After'), env.Date.now()) };
  }

  return {
    bodyOf,
    send: (items, keepalive = false) =>
      request(items, keepalive).catch(() => ({ status: 0, retryAfterMs: 0 })),
  };
}

/** An address that is relative to the page's folder counts as foreign: that only costs the compression. */
function isSameOrigin(url: string, env: Environment): boolean {
  return /^\/(?!\/)/.test(url) || `${url}/`.startsWith(`${env.location?.origin}/`);
}
