/** What a page may set. */

import type { Consent } from './delivery/index.ts';
import type { TelemetryEvent } from './events.ts';

/** What the page knows of the video. */
export interface VideoInfo {
  id?: string;
  title?: string;
  durationSec?: number;
  live?: boolean;
}

export interface Options {
  /** Where events go. */
  endpoint: string;
  /** How long an event waits for others, ms. */
  flushIntervalMs: number;
  /** Events in a request. */
  maxBatchSize: number;
  /** Events that wait; beyond that the oldest are given up. */
  maxQueueSize: number;
  /** Attempts after the first one before a batch is given up. */
  maxRetries: number;
  /** The first retry waits up to this long, each further one up to twice as long, ms. */
  backoffBaseMs: number;
  /** Who watches: an id of the site's own making. */
  viewerId: string;
  /** Asked for at the beginning of each session, so that a page can tell of its next video in time. */
  video?: VideoInfo | (() => VideoInfo) | undefined;
  /** The site's own dimensions, at most 20. */
  custom?: Record<string, string | number | boolean> | undefined;
  /** The write key, once the server has keys. */
  key?: string | undefined;
  /** Of all sessions, the share that is told of, 0 to 1. */
  sampleRate: number;
  consent: Consent;
  /** Take the browser's Global Privacy Control signal for a denied consent. */
  honorGlobalPrivacyControl: boolean;
  /** Keep what was not sent over a reload, in IndexedDB. */
  persist: boolean;
  /** Tell of errors that the player recovers from by itself, too. */
  nonFatalErrors: boolean;
  /** Off: send the original client's six event types only. */
  extendedEvents: boolean;
  /** Called with every event as it is queued. */
  onEvent?: ((event: TelemetryEvent) => void) | undefined;
}

/** Any of the options; what is undefined is left out. */
export type Config = { [Name in keyof Options]?: Options[Name] | undefined };

const CUSTOM_KEYS = 20;

const DEFAULTS: Options = {
  endpoint: '/telemetry',
  flushIntervalMs: 5000,
  maxBatchSize: 20,
  maxQueueSize: 1000,
  maxRetries: 5,
  backoffBaseMs: 1000,
  viewerId: 'anonymous',
  sampleRate: 1,
  consent: 'granted',
  honorGlobalPrivacyControl: true,
  persist: false,
  nonFatalErrors: false,
  extendedEvents: true,
};

/** Fills in what the page left out. What it set to undefined it left out. */
export function withDefaults(config: Config): Options {
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  const options = { ...DEFAULTS, ...(Object.fromEntries(given) as Partial<Options>) };
  const custom = Object.entries(options.custom ?? {}).slice(0, CUSTOM_KEYS);
  return { ...options, custom: custom.length ? Object.fromEntries(custom) : undefined };
}
