/**
 * The unsent events on disk, in IndexedDB. Loaded only by pages that ask for it.
 *
 * All tabs of an origin share the store. An event is deleted only once it arrived or was given up, so a tab that
 * dies loses none; a tab that starts takes over all it finds. An event that another tab still holds is then sent
 * twice, and the server knows it by its id.
 *
 * Everything is done in the order it was asked for. Where the browser stores nothing, nothing happens.
 */
import type { Item } from './item.ts';

const DATABASE = 'video-telemetry';
const EVENTS = 'events';

/** An older event tells nobody anything, and its viewer may not expect it to be sent any more. */
const KEEP_MS = 24 * 60 * 60 * 1000;

export interface Store {
  /** Hands over what earlier pages, or other tabs, left: the newest `maxCount`. What is older is deleted. */
  open(nowMs: number, maxCount: number, onLeftovers: (items: Item[]) => void): void;
  put(items: Item[]): void;
  remove(items: Item[]): void;
  /** Deletes all that is stored, also by other tabs, and stores no more until it is opened again. */
  erase(): void;
}

export function createStore(factory: IDBFactory | undefined): Store {
  let database: Promise<IDBDatabase> | undefined;

  function withEvents(action: (events: IDBObjectStore) => unknown): void {
    database
      ?.then((opened) => action(opened.transaction(EVENTS, 'readwrite').objectStore(EVENTS)))
      .catch(() => {});
  }

  return {
    open(nowMs, maxCount, onLeftovers) {
      database = openDatabase(factory);
      withEvents((events) => {
        const all = events.getAll() as IDBRequest<Item[]>;
        all.onsuccess = () => {
          // Sorted by key, and so by age.
          const kept = all.result.filter((item) => item.key[0] > nowMs - KEEP_MS).slice(-maxCount);
          for (const item of all.result.slice(0, -kept.length || undefined)) events.delete(item.key);
          onLeftovers(kept);
        };
      });
    },
    put(items) {
      withEvents((events) => {
        for (const item of items) events.put(item);
      });
    },
    remove(items) {
      withEvents((events) => {
        for (const item of items) events.delete(item.key);
      });
    },
    erase() {
      // The open connection closes itself, see below.
      factory?.deleteDatabase(DATABASE);
    },
  };
}

function openDatabase(factory: IDBFactory | undefined): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory?.open(DATABASE, 1);
    if (!request) return;
    request.onupgradeneeded = () => request.result.createObjectStore(EVENTS, { keyPath: 'key' });
    request.onsuccess = () => {
      // Another tab erases the store: let it.
      request.result.onversionchange = () => {
        request.result.close();
      };
      resolve(request.result);
    };
    request.onerror = reject;
  });
}
