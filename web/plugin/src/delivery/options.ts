/**
 * What a page may set about delivery, the defaults, and the bounds that keep any setting harmless.
 */
import type { Consent } from './index.ts';

export interface DeliveryOptions {
  /** Where events are posted to. */
  endpoint: string;
  /** Names the project to the server. A server without keys needs none. */
  writeKey?: string;
  /**
   * Where the write key goes: into the body (default), or as `Authorization: Bearer`. The header costs a
   * preflight across origins, and since beacons carry no headers, a leaving page then uses keepalive requests.
   */
  writeKeyIn?: 'body' | 'header';
  /** Events kept while they cannot be sent; beyond it the oldest is given up. 1000. */
  maxQueueSize?: number;
  /** Events in a request, at most 500. 50. */
  maxBatchSize?: number;
  /** The longest an event waits for company. 5000. */
  flushIntervalMs?: number;
  /** How often a batch is sent again before it is given up. Failures while offline do not count. 10. */
  maxRetries?: number;
  /** Upper bound of the first wait before a retry; doubles with each, up to 30 s. 1000. */
  backoffBaseMs?: number;
  /**
   * Whether bodies of 4 KiB and more are gzipped. By default they are where this costs no extra preflight:
   * on the page's own origin, or with the key in a header.
   */
  compress?: boolean;
  /** Keeps unsent events in IndexedDB for up to a day, so that they survive a reload or a crash. Off. */
  persist?: boolean;
  /** Until it is `granted`, nothing is stored or sent. `granted`. */
  consent?: Consent;
  /** Whether a browser's Global Privacy Control counts as `denied`, whatever the page says. On. */
  honorGlobalPrivacyControl?: boolean;
  /** The clock that events are stamped by, epoch ms: the server puts it right by when they were sent. */
  now?: () => number;
}

/** Whole; what is no number or too little falls back: a page in plain JavaScript may pass anything. */
export function atLeast(least: number, value: number | undefined, fallback: number): number {
  return Math.floor(Number(value) >= least ? Number(value) : fallback);
}
