/**
 * What to do when the page may be going: hand what waits to the browser, which sends it on its own.
 *
 * This includes the batch on the wire, since an ordinary request dies with its page and the server knows an event
 * that it gets twice by its id. All beacons and keepalive requests of a page share 64 KiB: what is handed over
 * stays below 56 KiB, and where that is not enough the newest events go, as they carry the totals.
 *
 * Beacons tell nothing of their fate and carry no headers: with the key in a header, or with a store that is to
 * forget only what arrived, keepalive requests go instead.
 */
import { isOnline, type Environment } from './environment.ts';
import { bytesIn, type Item } from './item.ts';
import { MAX_EVENTS_PER_REQUEST, type Settings } from './options.ts';
import type { Pump } from './pump.ts';
import type { Queue } from './queue.ts';
import type { Wire } from './wire.ts';

const ALLOWANCE_BYTES = 56 * 1024;

export function createLeave(
  queue: Queue,
  wire: Wire,
  pump: Pump,
  settings: Settings,
  env: Environment,
  onDelivered: (items: Item[]) => void,
): () => void {
  const envelopeBytes = bytesIn(wire.bodyOf([]));
  /** Bytes of the keepalive requests under way. */
  let keptAliveBytes = 0;

  function beacon(items: Item[]): boolean {
    try {
      return env.navigator?.sendBeacon?.(settings.endpoint, wire.bodyOf(items)) ?? false;
    } catch {
      return false;
    }
  }

  /** If the page lives to see it fail, the events wait again. */
  async function keepAlive(items: Item[], bytes: number): Promise<void> {
    const { generation } = queue;
    keptAliveBytes += bytes;
    const reply = await wire.send(items, true);
    keptAliveBytes -= bytes;
    if (generation !== queue.generation) return;
    if (reply.status >= 200 && reply.status < 300) {
      onDelivered(items);
      return;
    }
    queue.add(items, true);
    pump.backOff(reply);
  }

  return () => {
    // Offline, a beacon is taken and lost. Perhaps the page stays.
    if (!isOnline(env)) return;
    let room = ALLOWANCE_BYTES - keptAliveBytes;
    let pieceBytes = room;
    let byBeacon = settings.writeKeyIn !== 'header' && !settings.persist;
    for (;;) {
      const items = queue.newest(MAX_EVENTS_PER_REQUEST, pieceBytes - envelopeBytes);
      if (!items.length) {
        if (!byBeacon) break;
        byBeacon = false;
        pieceBytes = room;
      } else if (byBeacon && !beacon(items)) {
        // Others on the page may have used up the allowance: perhaps less fits.
        pieceBytes >>= 1;
      } else {
        const bytes = items.reduce((sum, item) => sum + item.bytes, envelopeBytes);
        room -= bytes;
        pieceBytes = Math.min(pieceBytes, room);
        queue.takeNewest(items.length);
        if (!byBeacon) void keepAlive(items, bytes);
      }
    }
    pump.wake();
  };
}
