/**
 * The events that wait, oldest first and never more than a fixed number: when a batch of them is sent, and what
 * its answer leads to.
 *
 * Invariants: one request at a time (keepalive requests, which outlive the page, aside); the batch is always the
 * head of what waits, so events arrive in the order they were queued; while it is on the wire its fate is unknown,
 * so a full queue then gives up the oldest event behind it; one timer at most waits for the next thing to do, and
 * none when nothing waits. Every event that is settled (delivered or given up) is told to `onSettled` once.
 *
 * It is one closure, since all of it is about the same few figures, and since a page has to load it.
 */
import { isOnline, type Environment, type Timer } from './environment.ts';
import { bytesIn, type Item } from './item.ts';
import { atLeast, type DeliveryOptions } from './options.ts';
import { isWorthRetrying, type Reply } from './reply.ts';
import { createWire } from './wire.ts';

/** The server refuses larger batches. */
const MAX_EVENTS_PER_REQUEST = 500;
const LONGEST_BACKOFF_MS = 30_000;
/** All beacons and keepalive requests of a page share 64 KiB, also those of others. */
const ALLOWANCE_BYTES = 56 * 1024;

export interface Sender {
  /** What waits. It is another array once everything was thrown away. */
  waiting(): readonly Item[];
  /** Adds behind the others, or in front of all but the batch that is being sent. */
  add(added: readonly Item[], inFront?: boolean): void;
  start(): void;
  /** Nothing more is sent from now on. */
  pause(): void;
  /** Pauses, and throws everything away. */
  clear(givenUp?: boolean): void;
  /** Everything that waits goes now, unless the server is to be left alone. */
  flush(): void;
  /** The page may be going: hands what waits to the browser, which sends it on its own. */
  leave(): void;
  /** Sends what waits for as long as it succeeds, without timers. */
  close(): void;
}

export function createSender(
  options: DeliveryOptions,
  env: Environment,
  onSettled: (items: Item[], givenUp?: boolean) => void,
  onRefused: () => void,
): Sender {
  const wire = createWire(options, env);
  const envelopeBytes = bytesIn(wire.bodyOf([]));
  const maxQueueSize = atLeast(1, options.maxQueueSize, 1000);
  // A batch larger than the queue would never be full.
  const maxBatchSize = Math.min(atLeast(1, options.maxBatchSize, 50), maxQueueSize, MAX_EVENTS_PER_REQUEST);
  /** Replaced when everything is thrown away, so that late answers know that they are about nothing. */
  let items: Item[] = [];
  /** So many events at the head are the batch being sent, or waiting to be sent again. */
  let held = 0;
  let onWire = false;
  let running = false;
  let closing = false;
  let timer: Timer | undefined;
  /** The status that made us leave the server alone for a while; 0 is a network failure. */
  let failedWith: number | undefined;
  /** Events at the head that do not wait for company. */
  let due = 0;
  /** What the server takes at once: less after a 413, growing back with each success. */
  let batchSize = maxBatchSize;
  let failures = 0;
  /** Bytes of the keepalive requests under way. */
  let keptAliveBytes = 0;

  function add(added: readonly Item[], inFront?: boolean): void {
    items.splice(inFront ? held : items.length, 0, ...added);
    const excess = items.length - maxQueueSize;
    if (excess > 0) remove(onWire ? held : 0, excess, true);
    wake();
  }

  /** Removes events that were delivered or, if `givenUp`, never will be: the batch and more, or behind it. */
  function remove(start: number, count: number, givenUp?: boolean): void {
    if (!start) held = Math.max(0, held - count);
    onSettled(items.splice(start, count), givenUp);
  }

  /** Looks whether there is something to do. */
  function wake(): void {
    due = Math.min(due, items.length);
    if (!running || onWire || failedWith !== undefined || !items.length) return;
    if (held || due > 0 || items.length >= maxBatchSize) void transmit();
    else if (!timer) setTimer(flush, options.flushIntervalMs ?? 5000);
  }

  function flush(): void {
    due = items.length;
    wake();
  }

  function setTimer(callback: () => void, delayMs: number): void {
    clearTimer();
    if (closing) return;
    timer = env.setTimeout(() => {
      timer = undefined;
      callback();
    }, delayMs);
  }

  function clearTimer(): void {
    env.clearTimeout(timer);
    timer = undefined;
  }

  async function transmit(): Promise<void> {
    if (!held) {
      held = Math.min(batchSize, items.length);
      failures = 0;
    }
    onWire = true;
    clearTimer();
    const from = items;
    const reply = await wire.send(items.slice(0, held));
    if (items !== from) return;
    onWire = false;
    settle(reply);
    wake();
  }

  /** What a leaving page handed over meanwhile is no longer held, and none of this answer's business. */
  function settle(reply: Reply): void {
    const { status } = reply;
    if (isWorthRetrying(status)) {
      if (isOnline(env) && ++failures > (options.maxRetries ?? 10)) finish(true);
      backOff(reply);
    } else if (status === 401 || status === 403) {
      clear(true);
      onRefused();
    } else if (status === 413 && held > 1) held = batchSize = held >> 1;
    else {
      batchSize = Math.min(batchSize * 2, maxBatchSize);
      finish(status >= 300);
    }
  }

  function finish(givenUp: boolean): void {
    due -= held;
    remove(0, held, givenUp);
  }

  /** Full jitter, so that players which failed together do not come back together. */
  function backOff({ status, retryAfterMs }: Reply): void {
    // The answer that is still to come decides.
    if (!running || onWire) return;
    failedWith = status;
    const baseMs = atLeast(1, options.backoffBaseMs, 1000);
    const longestMs = Math.min(baseMs * 2 ** Math.max(failures - 1, 0), LONGEST_BACKOFF_MS);
    const waitMs = isOnline(env) ? env.Math.random() * longestMs : LONGEST_BACKOFF_MS;
    setTimer(start, Math.max(waitMs, retryAfterMs));
  }

  function start(): void {
    running = true;
    failedWith = undefined;
    wake();
  }

  function pause(): void {
    running = false;
    clearTimer();
  }

  function clear(givenUp?: boolean): void {
    pause();
    remove(0, items.length, givenUp);
    items = [];
    onWire = false;
  }

  /**
   * This includes the batch on the wire, since an ordinary request dies with its page and the server knows an
   * event that it gets twice by its id. Where the allowance is not enough the newest events go, as they carry the
   * totals.
   *
   * Beacons tell nothing of their fate and carry no headers: with the key in a header, or with a store that is to
   * forget only what arrived, keepalive requests go instead.
   */
  function leave(): void {
    // Offline, a beacon is taken and lost. Perhaps the page stays.
    if (!isOnline(env)) return;
    const byBeacon = options.writeKeyIn !== 'header' && !options.persist;
    let room = ALLOWANCE_BYTES - keptAliveBytes;
    for (let piece = newest(room); piece.length; piece = newest(room)) {
      const bytes = piece.reduce((sum, item) => sum + item.bytes, envelopeBytes);
      room -= bytes;
      items.length -= piece.length;
      held = Math.min(held, items.length);
      // Others on the page may have used up the allowance.
      if (!byBeacon || !beacon(piece)) void keepAlive(piece, bytes);
    }
    wake();
  }

  /** The newest events that fit into a request of so many bytes. */
  function newest(maxBytes: number): Item[] {
    let room = maxBytes - envelopeBytes;
    let start = items.length;
    const end = Math.max(0, start - MAX_EVENTS_PER_REQUEST);
    while (start > end && (room -= items[start - 1]?.bytes ?? 0) >= 0) start--;
    return items.slice(start);
  }

  function beacon(piece: Item[]): boolean | undefined {
    try {
      return env.navigator?.sendBeacon?.(options.endpoint, wire.bodyOf(piece));
    } catch {
      return false;
    }
  }

  /** If the page lives to see it fail, the events wait again. */
  async function keepAlive(piece: Item[], bytes: number): Promise<void> {
    const from = items;
    keptAliveBytes += bytes;
    const reply = await wire.send(piece, true);
    keptAliveBytes -= bytes;
    if (items !== from) return;
    if (reply.status >= 200 && reply.status < 300) onSettled(piece);
    else {
      backOff(reply);
      add(piece, true);
    }
  }

  /** Whoever lost the network tries as soon as it is back; whoever was asked to wait, waits. */
  function onOnline(): void {
    if (failedWith === 0) failedWith = undefined;
    flush();
  }
  env.addEventListener?.('online', onOnline);

  return {
    waiting: () => items,
    add,
    start,
    pause,
    clear,
    flush,
    leave,
    close() {
      closing = true;
      env.removeEventListener?.('online', onOnline);
      clearTimer();
      flush();
    },
  };
}
