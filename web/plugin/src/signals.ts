/**
 * The two ends of a session's machine: what it is told of the media element and the player, and what it
 * tells. Times are epoch ms, positions and lengths of media are seconds.
 */

import type { EventType, PlayerFailure, State, Totals } from './events.ts';

/** A look at the media element. */
export interface Look {
  readonly at: number;
  readonly position: number;
  readonly paused: boolean;
  readonly seeking: boolean;
  readonly ended: boolean;
  readonly rate: number;
  /** Media buffered ahead of the playhead, s. */
  readonly bufferAhead: number;
}

export type Emit = (type: EventType, at: number, fields?: Record<string, unknown>) => void;

/** What a session hears of, and what it tells of itself. */
export interface Signals {
  readonly state: State;
  readonly totals: Totals;
  /** Time passes that needs watching: `tick` is wanted a few times a second. */
  readonly isActive: boolean;
  /** SESSION_END was sent; only a PLAY can follow it, in a page that comes back from the cache. */
  readonly isClosed: boolean;
  /** What is on screen stands still for a reason that will pass. */
  readonly isWaiting: boolean;
  /** SESSION_START, the first event of all. */
  start(fields: Record<string, unknown>): void;
  play(look: Look): void;
  /** Frames are shown. */
  playing(look: Look): void;
  /** The element is out of data. */
  waiting(look: Look): void;
  seeking(look: Look): void;
  pause(look: Look): void;
  ended(look: Look): void;
  ratechange(look: Look): void;
  /** The page was hidden or shown. */
  visibility(look: Look, hidden: boolean): void;
  /** The player failed. Non-fatal failures are only told. */
  fail(look: Look, error: PlayerFailure): void;
  /** An event of others' making, e.g. QUALITY_CHANGE: it carries the totals as of now. */
  tell(look: Look, type: EventType, fields: Record<string, unknown>): void;
  /** Looks at the playhead: wanted a few times a second while active. */
  tick(look: Look): void;
  end(look: Look, reason: SessionEnd): void;
}

export type SessionEnd = 'source_change' | 'destroy' | 'page_close';
