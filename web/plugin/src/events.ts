/**
 * The events as they go over the wire: what the server's `POST /telemetry` takes.
 *
 * Times are epoch milliseconds of the page's monotonic clock, positions and lengths in seconds of the
 * stream, rates in kbps.
 */

export type EventType =
  | 'SESSION_START'
  | 'PLAY'
  | 'FIRST_FRAME'
  | 'PAUSE'
  | 'BUFFER_START'
  | 'BUFFER_END'
  | 'SEEK'
  | 'QUALITY_CHANGE'
  | 'RATE_CHANGE'
  | 'PLAYER_ERROR'
  | 'HEARTBEAT'
  | 'VISIBILITY'
  | 'ENDED'
  | 'SESSION_END';

/** What a session is doing. */
export type State = 'idle' | 'starting' | 'playing' | 'rebuffering' | 'seeking' | 'paused' | 'ended';

/** How the session's wall time was spent so far; the parts add up to the time since its first event. */
export interface Totals {
  startupMs: number;
  playingMs: number;
  rebufferMs: number;
  rebufferCount: number;
  seekMs: number;
  pausedMs: number;
  endedMs: number;
  idleMs: number;
}

/** A rendition: one quality of the stream. What a player does not tell is left out. */
export interface Rendition {
  bitrateKbps?: number | undefined;
  width?: number | undefined;
  height?: number | undefined;
  resolution?: string | undefined;
}

export interface PlayerFailure {
  type: string;
  details: string;
  fatal: boolean;
  httpStatus?: number | undefined;
}

/** One event. Fields beside these depend on its type. */
export interface TelemetryEvent {
  /** Unique, and the same on every attempt to send it. */
  readonly eventId: string;
  readonly viewerId: string;
  readonly sessionId: string;
  readonly eventType: EventType;
  readonly timestamp: number;
  /** Counts the session's events, from 0. */
  readonly seq?: number;
  readonly [field: string]: unknown;
}
