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
  /** The source is gone, and perhaps the player. */
  unload(reason: 'source_change' | 'destroy'): void;
  /** The player switched; its own word for which rendition plays now, if it has one. */
  rendition(announced?: Rendition): void;
  error(failure: PlayerFailure): void;
}

/** Listeners by the name of their event. */
export type Handlers = Record<string, (...args: never[]) => void>;

export interface Adapter {
  readonly name: string;
  readonly version?: string | undefined;
  /** A source was loaded before the plugin came. */
  hasSource(): boolean;
  /** All renditions of the current source. */
  renditions(): Rendition[];
  /** The player's events, heard on `emitter`; the player's names for adding and removing a listener. */
  readonly emitter: object;
  readonly methods: readonly [add: string, remove: string];
  readonly handlers: Handlers;
}

/** What media elements and their kin call it. */
export const DOM = ['addEventListener', 'removeEventListener'] as const;
/** What event emitters call it. */
export const EMITTER = ['on', 'off'] as const;

/** Makes an adapter for a player of its kind, nothing for any other. */
export type AdapterFactory = (
  player: unknown,
  events: PlayerEvents,
  video: HTMLVideoElement,
) => Adapter | undefined;

/** A rendition without what the player does not know: a width of 0, a bitrate of NaN. */
export function rendition(bitsPerSecond?: number, width?: number, height?: number): Rendition {
  return {
    ...(bitsPerSecond && { bitrateKbps: Math.round(bitsPerSecond / 1000) }),
    ...(width && { width }),
    ...(height && { height, resolution: `${height}p` }),
  };
}

/** True if the object has this member, which only players of its kind have. */
export function has(player: unknown, member: string): boolean {
  return Boolean((player as Record<string, unknown> | null | undefined)?.[member]);
}
