/**
 * What comes back from an attempt.
 */

export interface Reply {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** How long the server wants to be left alone, in ms; 0 when it does not say. */
  readonly retryAfterMs: number;
}

/** A day also keeps the wait far from the 2^31 ms at which timers wrap round to 0. */
const LONGEST_WAIT_MS = 86_400_000;

/** Only what may go better next time is worth another attempt. */
export function isWorthRetrying(status: number): boolean {
  return !status || status === 408 || status === 429 || status >= 500;
}

/** Reads a Retry-After: seconds or an HTTP date. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (!header) return 0;
  const waitMs = Number(header) * 1000 || Date.parse(header) - nowMs || 0;
  return Math.min(Math.max(waitMs, 0), LONGEST_WAIT_MS);
}
