/** What a page may set. */

import type { DeliveryOptions } from './delivery/index.ts';
import type { TelemetryEvent } from './events.ts';

/** What the page knows of the video. */
export interface VideoInfo {
  id?: string | undefined;
  title?: string | undefined;
  /** Told by the media element, if left out. */
  durationSec?: number | undefined;
  live?: boolean | undefined;
}

export interface Options extends Partial<DeliveryOptions> {
  /** Who watches: an id of the site's own making. `anonymous`. */
  viewerId?: string | undefined;
  /** A function is asked at the beginning of each session, when a page may have gone on to its next video. */
  video?: VideoInfo | (() => VideoInfo) | undefined;
  /** The site's own dimensions; the server keeps 20. */
  custom?: Record<string, string | number | boolean> | undefined;
  /** Of all sessions, the share that is told of, 0 to 1. All of them. */
  sampleRate?: number | undefined;
  /** Tell of errors that the player recovers from by itself, too, one in 10 s. Off. */
  nonFatalErrors?: boolean | undefined;
  /** How long a session that plays may say nothing before it tells that it lives, ms. 10 000. */
  heartbeatMs?: number | undefined;
  /** `false`: send the original client's six types of event only. */
  extendedEvents?: boolean | undefined;
  /** Called with every event as it is queued. */
  onEvent?: ((event: TelemetryEvent) => void) | undefined;
}
