/**
 * What a page tells about the playhead and nothing else: the raw material of the truth.
 *
 * Times are epoch ms on the page's monotonic clock, positions seconds of the stream.
 */

/** The state of the media element at one moment. */
export interface Sample {
  readonly atMs: number;
  readonly positionSec: number;
  readonly paused: boolean;
  readonly seeking: boolean;
  readonly ended: boolean;
  readonly playbackRate: number;
  /** Height of the picture shown, px; 0 before there is one. */
  readonly height: number;
}

export interface Recording {
  /** When the page told the player to load a source: a session begins at each. */
  readonly loadsAtMs: readonly number[];
  readonly samples: readonly Sample[];
  /**
   * When the player gave up: nothing is to come after it. Only the player itself can tell that; it says
   * nothing about how the playhead moved.
   */
  readonly failedAtMs?: number;
}
