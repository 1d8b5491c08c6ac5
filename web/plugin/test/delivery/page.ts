/**
 * A page with a server behind it, for tests: both do what the test says, on the fake clock.
 */
import { vi } from 'vitest';

import { createDelivery, type Delivery, type DeliveryOptions } from '../../src/delivery/index.ts';
import type { Environment } from '../../src/delivery/environment.ts';
import type { TelemetryEvent } from '../../src/events.ts';

export const START_MS = Date.UTC(2026, 10, 23);

/** When a browser ends a keepalive request that hangs. */
const BROWSER_TIMEOUT_MS = 300_000;

/**
 * A status, one with a Retry-After; `lost`: the request never arrives; `unanswered`: it arrives, its answer does
 * not; `hanging`: nothing happens until the page or the browser gives up.
 */
export type Answer =
  number | { status: number; retryAfter: string } | 'lost' | 'unanswered' | 'hanging' | Promise<number>;

/** A request, or a beacon, as the server saw it. */
export interface Sent {
  atMs: number;
  text: string;
  ids: string[];
  sentAt: number;
  key: string | undefined;
  headers: Record<string, string>;
  keepalive: boolean;
}

export interface FakePage extends Environment {
  navigator: {
    onLine: boolean;
    globalPrivacyControl?: boolean;
    sendBeacon?(url: string, body: string): boolean;
  };
  location: { origin: string };
  /** Answers to come, first one first; afterwards everything is answered by `otherwise`. */
  answers: Answer[];
  otherwise: (request: Sent) => Answer;
  /** Requests by fetch, in the order they were made. */
  requests: Sent[];
  beacons: Sent[];
  /** Bytes that beacons and keepalive requests may still take. */
  allowanceBytes: number;
  /** What the server accepted, as sent, in the order it came. */
  received: string[];
  /** How many ordinary requests are under way now, and were at most. */
  underWay: { now: number; most: number };
  /** What the dice show: 0.5 unless a test says otherwise. */
  dice: () => number;
  setOnline(isOnline: boolean): void;
}

let browserTimers = 0;

/** The browser's own timer would not run on the fake clock. */
function timeout(delayMs: number): AbortSignal {
  const controller = new AbortController();
  browserTimers++;
  setTimeout(() => {
    browserTimers--;
    controller.abort();
  }, delayMs);
  return controller.signal;
}

/** Timers of ours that run. */
export function timerCount(): number {
  return vi.getTimerCount() - browserTimers;
}

export function createPage(...answers: Answer[]): FakePage {
  if (!vi.getTimerCount()) browserTimers = 0;
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(timeout);
  const listeners = new Set<() => void>();
  const page: FakePage = {
    answers,
    otherwise: () => 200,
    requests: [],
    beacons: [],
    allowanceBytes: 64 * 1024,
    received: [],
    underWay: { now: 0, most: 0 },
    dice: () => 0.5,
    location: { origin: 'https://page.example' },
    Date: { now: () => Date.now() },
    Math: { random: () => page.dice() },
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimeout: (timer) => {
      clearTimeout(timer);
    },
    addEventListener: (_type, listener) => void listeners.add(listener),
    removeEventListener: (_type, listener) => void listeners.delete(listener),
    fetch: (_url, init) => answer(page, init),
    navigator: { onLine: true, sendBeacon: (_url, body) => takeBeacon(page, body) },
    setOnline(isOnline) {
      page.navigator.onLine = isOnline;
      if (isOnline) for (const listener of listeners) listener();
    },
  };
  return page;
}

function takeBeacon(page: FakePage, body: string): boolean {
  const bytes = new Blob([body]).size;
  if (bytes > page.allowanceBytes) return false;
  page.allowanceBytes -= bytes;
  const beacon = readRequest(body, { keepalive: true });
  page.beacons.push(beacon);
  accept(page, beacon);
  return true;
}

async function answer(page: FakePage, init: RequestInit): Promise<Response> {
  if (init.keepalive) return react(page, init);
  page.underWay.now++;
  page.underWay.most = Math.max(page.underWay.most, page.underWay.now);
  try {
    return await react(page, init);
  } finally {
    page.underWay.now--;
  }
}

async function react(page: FakePage, init: RequestInit): Promise<Response> {
  init.signal?.throwIfAborted();
  const request = readRequest(await textOf(init), init);
  page.requests.push(request);
  const reply = await (page.answers.shift() ?? page.otherwise(request));
  if (!page.navigator.onLine || reply === 'lost') throw new TypeError('Failed to fetch');
  if (reply === 'hanging') {
    await new Promise((_, reject) => {
      if (init.keepalive) setTimeout(reject, BROWSER_TIMEOUT_MS);
      init.signal?.addEventListener('abort', () => {
        reject(new DOMException('aborted', 'AbortError'));
      });
    });
  }
  if (reply === 'unanswered' || reply === 200) accept(page, request);
  if (typeof reply === 'string') throw new TypeError('Failed to fetch');
  const { status, retryAfter } = typeof reply === 'number' ? { status: reply, retryAfter: '' } : reply;
  return new Response(null, { status, headers: retryAfter ? { 'Retry-After': retryAfter } : {} });
}

async function textOf(init: RequestInit): Promise<string> {
  if (typeof init.body === 'string') return init.body;
  const unzipped = new Blob([init.body as ArrayBuffer]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(unzipped).text();
}

interface Envelope {
  sentAt: number;
  key?: string;
  events: TelemetryEvent[];
}

function readRequest(text: string, init: RequestInit): Sent {
  const envelope = JSON.parse(text) as Envelope;
  return {
    atMs: Date.now() - START_MS,
    text,
    ids: envelope.events.map((event) => event.eventId),
    sentAt: envelope.sentAt - START_MS,
    key: envelope.key,
    headers: (init.headers ?? {}) as Record<string, string>,
    keepalive: init.keepalive ?? false,
  };
}

function accept(page: FakePage, request: Sent): void {
  page.received.push(...(JSON.parse(request.text) as Envelope).events.map((event) => JSON.stringify(event)));
}

export function startDelivery(page: FakePage, options: Partial<DeliveryOptions> = {}): Delivery {
  return createDelivery({ endpoint: 'https://telemetry.example/telemetry', ...options }, page);
}

export function event(eventId: string, more: Record<string, unknown> = {}): TelemetryEvent {
  return { eventId, viewerId: 'v', sessionId: 's', eventType: 'HEARTBEAT', timestamp: START_MS, ...more };
}

/** Pushes events `e0`, `e1`, …, and tells their ids. */
export function pushMany(delivery: Delivery, count: number, more: Record<string, unknown> = {}): string[] {
  const ids = Array.from({ length: count }, (_, index) => `e${index}`);
  for (const id of ids) delivery.push(event(id, more));
  return ids;
}

export function receivedIds(page: FakePage): string[] {
  return page.received.map((text) => (JSON.parse(text) as TelemetryEvent).eventId);
}

export function idsOf(sent: Sent[]): string[][] {
  return sent.map((request) => request.ids);
}

/** The clock stands still unless a test moves it; what needs no time goes on. */
export function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: START_MS });
}

export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}
