import type { TelemetryEvent } from '../events.ts';
export type Consent = 'pending' | 'granted' | 'denied';
export interface Delivery {
  push(event: TelemetryEvent): void;
  flush(): void;
  flushOnLeave(): void;
  takeDropped(): number;
  setConsent(consent: Consent): void;
  close(): void;
}
export function createDelivery(_o: object, _e: object): Delivery {
  return { push() {}, flush() {}, flushOnLeave() {}, takeDropped: () => 0, setConsent() {}, close() {} };
}
