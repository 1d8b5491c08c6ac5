/**
 * What a session's machine is told with every signal, and how it tells. Times are epoch ms, positions and
 * lengths of media are seconds.
 */

import type { EventType } from './events.ts';

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

export type SessionEnd = 'source_change' | 'destroy' | 'page_close';
