/** Asks the server for a session's figures. */
import type { Summary } from './figures.ts';

/** The server's answer. */
export interface SessionFigures extends Summary {
  /** `live`: of the session so far. `finished`: it went quiet and its summary is stored. */
  status: 'live' | 'finished';
  /** The figures do not hold all events of the session. */
  partial: boolean;
}

/** `unknown`: no event has arrived. `away`: the server does not answer, or cannot now. */
export type Answer = SessionFigures | 'unknown' | 'away';

/** Where a session's figures are. */
export function addressOf(sessionId: string): string {
  return `/api/v1/sessions/${encodeURIComponent(sessionId)}`;
}

export async function figuresOf(sessionId: string): Promise<Answer> {
  try {
    const response = await fetch(addressOf(sessionId));
    if (response.status === 404) return 'unknown';
    if (!response.ok) return 'away';
    return (await response.json()) as SessionFigures;
  } catch {
    return 'away';
  }
}
