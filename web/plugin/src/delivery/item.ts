/**
 * An event as it waits: serialised once, so that every attempt sends the same bytes.
 */
import type { TelemetryEvent } from '../events.ts';

export interface Item {
  /** Sorts by age and is the same in every page: when it was queued (epoch ms), its session, its event id. */
  readonly key: [number, string, string];
  readonly json: string;
  /** Bytes of `json` in UTF-8 and of the comma after it. */
  readonly bytes: number;
}

/** Throws on what JSON cannot say. */
export function itemFrom(event: TelemetryEvent, nowMs: number): Item {
  const json = JSON.stringify(event);
  return { key: [nowMs, event.sessionId, event.eventId], json, bytes: bytesIn(json) + 1 };
}

export function bytesIn(text: string): number {
  return new TextEncoder().encode(text).length;
}
