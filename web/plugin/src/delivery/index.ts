/**
 * Takes events and sees to it that each reaches the server: in batches, again after failures, before the page
 * goes, and only with the viewer's consent.
 *
 * An event is serialised once and never changes; the server tells one that it gets twice by its id. Whatever is
 * not delivered is counted. Nothing here throws into the page, logs an error or outlives `close()`.
 */
import type { TelemetryEvent } from '../events.ts';
import type { Environment } from './environment.ts';
import { itemFrom, type Item } from './item.ts';
import { atLeast, type DeliveryOptions } from './options.ts';
import { createSender } from './sender.ts';
import type { Store } from './store.ts';

export type { DeliveryOptions } from './options.ts';
export type { Environment } from './environment.ts';

/** Whether the viewer lets events be stored and sent. Until this is known they are kept in memory. */
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
  /** Denying throws away what waits and what is stored. Granting later starts anew. */
  setConsent(consent: Consent): void;
  /** Sends what waits and ends all timers. */
  close(): void;
}

export function createDelivery(options: DeliveryOptions, env: Environment = globalThis): Delivery {
  let store: Promise<Store> | undefined;
  let consent: Consent | undefined;
  /** Refused by the server, or closed: no more events are taken. */
  let over = false;
  let dropped = 0;
  const sender = createSender(options, env, onSettled, () => {
    over = true;
  });

  function stored<Name extends keyof Store>(name: Name, ...args: Parameters<Store[Name]>): void {
    if (!options.persist) return;
    // A chunk of its own: most pages do without.
    store ??= import('./store.ts').then(({ createStore }) => createStore(env.indexedDB));
    const action = (opened: Store) => {
      (opened[name] as (...all: typeof args) => void)(...args);
    };
    store.then(action).catch(() => {});
  }

  function onSettled(items: Item[], givenUp?: boolean): void {
    if (givenUp) dropped += items.length;
    stored('remove', items);
  }

  function push(event: TelemetryEvent): void {
    if (over || consent === 'denied') return;
    try {
      const items = [itemFrom(event, env.Date.now())];
      if (consent === 'granted') stored('put', items);
      sender.add(items);
    } catch {
      dropped++;
    }
  }

  function setConsent(asked: Consent): void {
    const denied = options.honorGlobalPrivacyControl !== false && env.navigator?.globalPrivacyControl;
    const previous = consent;
    consent = denied ? 'denied' : asked;
    if (over || consent === previous) return;
    if (consent === 'granted') {
      begin();
      return;
    }
    if (consent === 'denied') sender.clear();
    else sender.pause();
    if (consent === 'denied' || previous) stored('erase');
  }

  function begin(): void {
    const waiting = sender.waiting();
    stored('open', env.Date.now(), atLeast(1, options.maxQueueSize, 1000), (leftovers) => {
      if (!over && waiting === sender.waiting()) sender.add(leftovers, true);
    });
    stored('put', [...waiting]);
    sender.start();
  }

  function flushOnLeave(): void {
    if (!over && consent === 'granted') sender.leave();
  }

  setConsent(options.consent ?? 'granted');
  return {
    push,
    flush: sender.flush,
    flushOnLeave,
    takeDropped() {
      const count = dropped;
      dropped = 0;
      return count;
    },
    setConsent,
    close() {
      flushOnLeave();
      over = true;
      sender.close();
    },
  };
}
