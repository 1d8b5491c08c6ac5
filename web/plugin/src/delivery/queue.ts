/**
 * The events that wait, oldest first, never more than a fixed number.
 *
 * Invariants: the first `held` events are the batch being sent or waiting to be sent again; while it is on the
 * wire its fate is unknown, so a full queue then gives up the oldest event behind it. Every event that is settled
 * (delivered or given up) is told to `onSettled` once.
 */
import type { Item } from './item.ts';

export interface Queue {
  readonly items: Item[];
  held: number;
  onWire: boolean;
  /** How many events were given up and not yet reported. */
  dropped: number;
  /** Changes when everything is thrown away, so that late answers know that they are about nothing. */
  generation: number;
  /** Adds behind the others, or in front of all that is not held. */
  add(items: Item[], inFront?: boolean): void;
  /** Removes events that were delivered or, if `givenUp`, never will be. */
  remove(start: number, count: number, givenUp?: boolean): void;
  /** The newest events that fit into a request of so many bytes. */
  newest(maxCount: number, maxBytes: number): Item[];
  /** Takes the newest events out without settling them. */
  takeNewest(count: number): void;
  clear(givenUp?: boolean): void;
}

export function createQueue(maxSize: number, onSettled: (items: Item[]) => void): Queue {
  const items: Item[] = [];
  const queue: Queue = {
    items,
    held: 0,
    onWire: false,
    dropped: 0,
    generation: 0,
    add(added, inFront) {
      items.splice(inFront ? queue.held : items.length, 0, ...added);
      const excess = items.length - maxSize;
      if (excess > 0) queue.remove(queue.onWire ? queue.held : 0, excess, true);
    },
    remove(start, count, givenUp) {
      const removed = items.splice(start, count);
      if (start < queue.held) queue.held -= Math.min(removed.length, queue.held - start);
      if (givenUp) queue.dropped += removed.length;
      onSettled(removed);
    },
    newest(maxCount, maxBytes) {
      let room = maxBytes;
      let start = items.length;
      while (items.length - start < maxCount && (room -= items[start - 1]?.bytes ?? Infinity) >= 0) start--;
      return items.slice(start);
    },
    takeNewest(count) {
      items.length -= count;
      queue.held = Math.min(queue.held, items.length);
    },
    clear(givenUp) {
      queue.generation++;
      queue.onWire = false;
      queue.remove(0, items.length, givenUp);
    },
  };
  return queue;
}
