/**
 * What the plugin needs to know of a player. An adapter reads a player's public API and listens to its
 * events; it never changes anything. Players are typed by the little that is used of them, so that the
 * plugin depends on none.
 */

import type { PlayerFailure, Rendition } from '../events.ts';

/** What an adapter tells. */
export interface PlayerSignals {
  /** A new source is being loaded. */
  source: [];
  /** The source is gone, and perhaps the player. */
  end: [reason: 'source_change' | 'destroy'];
  /** The player switched; its own word for which rendition plays now, if it has one. */
  rendition: [announced: Rendition | undefined];
  error: [failure: PlayerFailure];
}

export type Tell = <Name extends keyof PlayerSignals>(name: Name, ...detail: PlayerSignals[Name]) => void;

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
  readonly methods: readonly [add: string, remove: string, captured?: true];
  readonly handlers: Handlers;
}

/** What media elements and their kin call it. Captured: a page that stops an event's way does not stop us. */
export const DOM = ['addEventListener', 'removeEventListener', true] as const;
/** What event emitters call it. */
export const EMITTER = ['on', 'off'] as const;

/** Makes an adapter for a player of its kind, nothing for any other. */
export type AdapterFactory = (player: unknown, tell: Tell, video: HTMLVideoElement) => Adapter | undefined;

/** A rendition without what the player does not know: a width of 0, a bitrate of NaN. */
export function rendition(bitsPerSecond?: number, width?: number, height?: number): Rendition {
  return {
    bitrateKbps: bitsPerSecond ? Math.round(bitsPerSecond / 1000) : undefined,
    width: width || undefined,
    height: height || undefined,
    resolution: height ? `${height}p` : undefined,
  };
}

/** True if the object has this member, which only players of its kind have. */
export function has(player: unknown, member: string): boolean {
  return Boolean((player as Record<string, unknown> | null | undefined)?.[member]);
}
