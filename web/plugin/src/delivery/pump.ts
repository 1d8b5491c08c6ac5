/**
 * Decides when a batch is sent, and what its answer leads to.
 *
 * Invariants: one request at a time; the batch is always the head of the queue, so events arrive in the order
 * they were queued; one timer at most waits for the next thing to do, and none when nothing waits.
 */
import { isOnline, type Environment, type Timer } from './environment.ts';
import type { Settings } from './options.ts';
import type { Queue } from './queue.ts';
import { isWorthRetrying, type Reply } from './reply.ts';
import type { Wire } from './wire.ts';

const LONGEST_BACKOFF_MS = 30_000;
/** A request without an answer for this long counts as failed. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface Pump {
  /** Looks whether there is something to do, after the queue has changed. */
  wake(): void;
  /** Everything that waits goes now, unless the server is to be left alone. */
  readonly flush: () => void;
  /** Leaves the server alone for a while after a failed request. */
  backOff(reply: Reply): void;
  start(): void;
  /** Nothing is sent from now on; what is under way is aborted. */
  pause(): void;
  /** Sends what waits for as long as it succeeds, without timers. */
  close(): void;
}

export function createPump(
  queue: Queue,
  wire: Wire,
  settings: Settings,
  env: Environment,
  onRefused: () => void,
): Pump {
  const { maxBatchSize } = settings;
  let running = false;
  let closing = false;
  let timer: Timer | undefined;
  /** The status that made us leave the server alone for a while; 0 is a network failure. */
  let failedWith: number | undefined;
  /** Events at the head of the queue that do not wait for company. */
  let due = 0;
  /** What the server takes at once: less after a 413, growing back with each success. */
  let batchSize = maxBatchSize;
  let failures = 0;

  function wake(): void {
    const waiting = queue.items.length;
    due = Math.min(due, waiting);
    if (!running || queue.onWire || failedWith !== undefined || !waiting) return;
    if (queue.held || due > 0 || waiting >= maxBatchSize) void transmit();
    else if (!timer) setTimer(flush, settings.flushIntervalMs);
  }

  function flush(): void {
    due = queue.items.length;
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
    if (!queue.held) {
      queue.held = Math.min(batchSize, queue.items.length);
      failures = 0;
    }
    queue.onWire = true;
    setTimer(wire.hangUp, REQUEST_TIMEOUT_MS);
    const { generation } = queue;
    const reply = await wire.send(queue.items.slice(0, queue.held));
    if (generation !== queue.generation) return;
    queue.onWire = false;
    clearTimer();
    settle(reply);
    wake();
  }

  /** What a leaving page handed over meanwhile is no longer held, and none of this answer's business. */
  function settle(reply: Reply): void {
    const { status } = reply;
    const { held } = queue;
    if (settings.debug) console.debug('telemetry', status, held);
    if (isWorthRetrying(status)) {
      if (isOnline(env) && ++failures > settings.maxRetries) finish(true);
      backOff(reply);
    } else if (status === 401 || status === 403) onRefused();
    else if (status === 413 && held > 1) queue.held = batchSize = held >> 1;
    else {
      batchSize = Math.min(batchSize * 2, maxBatchSize);
      finish(status >= 300);
    }
  }

  function finish(givenUp: boolean): void {
    due -= queue.held;
    queue.remove(0, queue.held, givenUp);
  }

  /** Full jitter, so that players which failed together do not come back together. */
  function backOff({ status, retryAfterMs }: Reply): void {
    // The answer that is still to come decides.
    if (!running || queue.onWire) return;
    failedWith = status;
    const longestMs = Math.min(settings.backoffBaseMs * 2 ** Math.max(failures - 1, 0), LONGEST_BACKOFF_MS);
    const waitMs = isOnline(env) ? env.Math.random() * longestMs : LONGEST_BACKOFF_MS;
    setTimer(start, Math.max(waitMs, retryAfterMs));
  }

  function start(): void {
    running = true;
    failedWith = undefined;
    wake();
  }

  /** Whoever lost the network tries as soon as it is back; whoever was asked to wait, waits. */
  function onOnline(): void {
    if (failedWith === 0) failedWith = undefined;
    flush();
  }
  env.addEventListener?.('online', onOnline);

  return {
    wake,
    flush,
    backOff,
    start,
    pause() {
      running = false;
      clearTimer();
      wire.hangUp();
    },
    close() {
      closing = true;
      env.removeEventListener?.('online', onOnline);
      clearTimer();
      flush();
    },
  };
}
