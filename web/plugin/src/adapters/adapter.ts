/**
 * What the plugin needs to know of a player. An adapter reads a player's public API and listens to its
 * events; it never changes anything. Players are typed by the little that is used of them, so that the
 * plugin depends on none.
 */

import type { PlayerFailure, Rendition } from '../events.ts';

/** Called by an adapter. */
export interface PlayerEvents {
  /** A new source is being loaded. */
  source(): void;
  /** The player switched; its own word for which rendition plays now, if it has one. */
  rendition(announced?: Rendition): void;
  error(failure: PlayerFailure): void;
}

export interface Adapter {
  readonly name: string;
  readonly version?: string | undefined;
  /** A source was loaded before the plugin came. */
  hasSource(): boolean;
  /** All renditions of the current source. */
  renditions(): Rendition[];
  /** Listens from now on. Returns what ends it. */
  listen(events: PlayerEvents): () => void;
}

/** Makes an adapter for a player of its kind, nothing for any other. */
export type AdapterFactory = (player: unknown, video: HTMLVideoElement) => Adapter | undefined;

/** A rendition without what the player does not know: a width of 0, a bitrate of NaN. */
export function rendition(bitsPerSecond?: number, width?: number, height?: number): Rendition {
  return {
    ...(bitsPerSecond && { bitrateKbps: Math.round(bitsPerSecond / 1000) }),
    ...(width && { width }),
    ...(height && { height, resolution: `${height}p` }),
  };
}

/** True if the object has all these methods. */
export function hasMethods(player: unknown, ...names: string[]): boolean {
  const methods = player as Record<string, unknown> | null | undefined;
  return names.every((name) => typeof methods?.[name] === 'function');
}

type Handlers = Record<string, (event: never) => void>;

/** Adds listeners by the two methods of a player that have these names. Returns what removes them. */
export function listenTo(player: object, add: string, remove: string, handlers: Handlers): () => void {
  const methods = player as Record<string, (name: string, handler: unknown) => void>;
  const all = Object.entries(handlers);
  for (const [name, handler] of all) methods[add]?.(name, handler);
  return () => {
    for (const [name, handler] of all) methods[remove]?.(name, handler);
  };
}
