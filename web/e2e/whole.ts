/** No event of a session is missing, and none is there twice. */
import { expect } from 'vitest';

import type { StoredSession } from './world/world.ts';

export function expectWhole({ events, summary }: StoredSession): void {
  const numbers = events.map((event) => event.seq).sort((a, b) => Number(a) - Number(b));
  expect(numbers).toEqual(events.map((_, index) => index));
  expect(new Set(events.map((event) => event.event_id)).size).toBe(events.length);
  expect(summary.completeness).toBe(1);
}
