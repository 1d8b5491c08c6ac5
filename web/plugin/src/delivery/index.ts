import type { TelemetryEvent } from '../events.ts';

/** Whether the viewer lets events be stored and sent. */
export type Consent = 'pending' | 'granted' | 'denied';

/** Takes events and sees to it that each reaches the server once. Nothing here ever throws. */
export interface Delivery {
  /** Queues an event. A full queue gives up its oldest. */
  push(event: TelemetryEvent): void;
  /** Sends what waits now, not at the next interval. */
  flush(): void;
  /** The page may be going: hands all that waits to the browser, which sends it even after the page is gone. */
  flushOnLeave(): void;
  /** How many events were given up since this was last asked. */
  takeDropped(): number;
  setConsent(consent: Consent): void;
  /** Sends what waits and ends all timers. */
  close(): void;
}
