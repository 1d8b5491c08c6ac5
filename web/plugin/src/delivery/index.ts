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
import { createLeave } from './leave.ts';
import { settingsFrom, type DeliveryOptions } from './options.ts';
import { createPump } from './pump.ts';
import { createQueue } from './queue.ts';
import type { Store } from './store.ts';
import { createWire } from './wire.ts';

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
  const settings = settingsFrom(options);
  const queue = createQueue(settings.maxQueueSize, forget);
  const wire = createWire(settings, env);
  const pump = createPump(queue, wire, settings, env, onRefused);
  const leave = createLeave(queue, wire, pump, settings, env, forget);
  let store: Promise<Store> | undefined;
  let consent: Consent | undefined;
  /** Refused by the server, or closed: no more events are taken. */
  let over = false;

  function stored(action: (store: Store) => void): void {
    if (!settings.persist) return;
    // A chunk of its own: most pages do without.
    store ??= import('./store.ts').then(({ createStore }) => createStore(env.indexedDB));
    store.then(action).catch(() => {});
  }

  function forget(items: Item[]): void {
    stored((opened) => {
      opened.remove(items);
    });
  }

  function onRefused(): void {
    over = true;
    pump.pause();
    queue.clear(true);
  }

  function push(event: TelemetryEvent): void {
    if (over || consent === 'denied') return;
    try {
      const item = itemFrom(event, env.Date.now());
      if (consent === 'granted')
        stored((opened) => {
          opened.put([item]);
        });
      queue.add([item]);
      pump.wake();
    } catch {
      queue.dropped++;
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
    pump.pause();
    if (consent === 'denied') queue.clear();
    if (consent === 'denied' || previous)
      stored((opened) => {
        opened.erase();
      });
  }

  function begin(): void {
    const { generation } = queue;
    const waiting = [...queue.items];
    stored((opened) => {
      opened.open(env.Date.now(), settings.maxQueueSize, (leftovers) => {
        if (over || generation !== queue.generation) return;
        queue.add(leftovers, true);
        pump.wake();
      });
      opened.put(waiting);
    });
    pump.start();
  }

  function flushOnLeave(): void {
    if (!over && consent === 'granted') leave();
  }

  setConsent(options.consent ?? 'granted');
  return {
    push,
    flush: pump.flush,
    flushOnLeave,
    takeDropped() {
      const { dropped } = queue;
      queue.dropped = 0;
      return dropped;
    },
    setConsent,
    close() {
      flushOnLeave();
      over = true;
      pump.close();
    },
  };
}
