/**
 * What delivery takes from the page: the global object itself, or in tests one that looks like it.
 * Optional is what an old browser, a worker or a server that renders pages may lack.
 */

export type Timer = ReturnType<typeof setTimeout>;

export interface Environment {
  fetch(url: string, init: RequestInit): Promise<Response>;
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
  addEventListener?(type: 'online', listener: () => void): void;
  removeEventListener?(type: 'online', listener: () => void): void;
  readonly Date: { now(): number };
  readonly Math: { random(): number };
  readonly navigator?: {
    readonly onLine?: boolean;
    readonly globalPrivacyControl?: boolean;
    sendBeacon?(url: string, body: string): boolean;
  };
  readonly location?: { readonly origin: string };
  readonly indexedDB?: IDBFactory;
  readonly CompressionStream?: typeof CompressionStream;
}

/** False only when the browser knows that there is no network. */
export function isOnline(env: Environment): boolean {
  return env.navigator?.onLine !== false;
}
