/**
 * One playback session: everything from the loading of a source to its end. It owns the machine, knows
 * what is shown, and makes wire events of what the machine tells.
 */

import type { Adapter } from './adapters/adapter.ts';
import type { Delivery } from './delivery/index.ts';
import { deviceInfo, networkInfo, uuid } from './device.ts';
import type { EventType, PlayerFailure, Rendition } from './events.ts';
import { framesOf, lookAt } from './look.ts';
import { createMachine, type Fields, type Look, type Signals } from './machine.ts';
import type { Options } from './options.ts';
import { quietly } from './quietly.ts';
import { shownRendition } from './rendition.ts';
import type { Classic } from './six.ts';

/** Errors that the player recovers from are told this far apart. */
const ERRORS_APART_MS = 10_000;
/** The media element's state in which it shows the first frame and cannot go on. */
const HAVE_CURRENT_DATA = 2;
/** Over less time than this the steps of the frame counter show. */
const FPS_WINDOW_MS = 900;

/** The media element's events that a session hears of. */
export const MEDIA_SIGNALS = [
  'play',
  'playing',
  'waiting',
  'seeking',
  'pause',
  'ended',
  'ratechange',
  'resize',
  'emptied',
] as const;

/** What the machine hears of, and what only this module does. */
export interface SessionSignals extends Omit<Signals, 'tell'> {
  resize: [];
  /** The player took its media away. */
  emptied: [];
  /** The player switched, by its own word to this rendition. */
  rendition: [announced: Rendition | undefined];
}

export interface Session {
  readonly id: string;
  signal<Name extends keyof SessionSignals>(name: Name, ...detail: SessionSignals[Name]): void;
  isOngoing(): boolean;
}

export function createSession(
  video: HTMLVideoElement,
  adapter: Adapter,
  options: Options,
  delivery: Pick<Delivery, 'push' | 'takeDropped'>,
  classic?: Classic,
): Session {
  const six = options.extendedEvents === false && classic?.(send);
  const first = lookAt(video);
  const id = `${uuid()}-${Math.round(first.at)}`;
  const device = deviceInfo();
  let countedAt = 0;
  let counted = 0;
  let errorToldAt = 0;
  let fps: number | undefined;
  let seq = 0;
  let interactions = 0;
  let shown: Rendition | undefined;
  let announced: Rendition | undefined;

  const machine = createMachine(first, tell, options.heartbeatMs);

  function tell(type: EventType, at: number, fields?: Fields): void {
    if (!six || type === 'QUALITY_CHANGE' || type === 'PLAYER_ERROR') send(type, at, fields);
  }

  function send(eventType: EventType, at: number, fields?: Fields): void {
    const totals = machine.totals();
    const isStart = eventType === 'SESSION_START';
    const event = {
      eventId: `${id}-${seq}`,
      viewerId: options.viewerId ?? 'anonymous',
      sessionId: id,
      eventType,
      timestamp: Math.round(at),
      playbackPositionSec: round(video.currentTime),
      quality: shown,
      network: networkInfo(),
      device,
      player: {
        name: isStart ? adapter.name : undefined,
        version: isStart ? adapter.version : undefined,
        ...framesOf(video),
        fps,
        bufferLengthSec: round(lookAt(video).bufferAheadSec),
        width: Math.round(video.clientWidth * devicePixelRatio),
        height: Math.round(video.clientHeight * devicePixelRatio),
      },
      engagement: {
        totalWatchTime: totals.playingMs,
        totalPauseTime: totals.pausedMs,
        interactionCount: interactions,
      },
      ...(!six && { seq, state: machine.state(), totals }),
      video: isStart || eventType === 'FIRST_FRAME' ? videoInfo() : undefined,
      droppedEvents: delivery.takeDropped() || undefined,
      ...fields,
    };
    seq++;
    delivery.push(event);
    quietly(() => options.onEvent?.(event));
  }

  function videoInfo(): Fields {
    const { duration } = video;
    const given = options.video;
    return {
      // Until the metadata is loaded the duration is NaN.
      durationSec: duration > 0 && duration < Infinity ? round(duration) : undefined,
      live: duration > 0 ? duration === Infinity : undefined,
      ...quietly(() => (typeof given === 'function' ? given() : given)),
    };
  }

  /** Tells of the rendition on screen, if it is another one. What stands still changes nothing on screen. */
  function update(look: Look): void {
    if (!['playing', 'paused'].includes(machine.state())) return;
    const now = shownRendition(video, adapter.renditions(), announced, shown);
    if (!now || JSON.stringify(now) === JSON.stringify(shown)) return;
    const previous = shown ?? null;
    shown = now;
    machine.signal('tell', look, 'QUALITY_CHANGE', { previous });
  }

  /** Frames per second, from how the frame counter grows while playing. */
  function count(at: number): void {
    const { decodedFrames = 0 } = framesOf(video);
    const fresh = machine.state() !== 'playing' || decodedFrames < counted || !counted;
    if (!fresh && at - countedAt < FPS_WINDOW_MS) return;
    fps = fresh ? undefined : Math.round(((decodedFrames - counted) * 1000) / (at - countedAt));
    countedAt = at;
    counted = decodedFrames;
  }

  function signal(name: keyof SessionSignals, ...detail: unknown[]): void {
    const look = lookAt(video);
    // A video that begins anew by itself was not sought in.
    if (name === 'seeking' && video.loop && !look.positionSec) return;
    if (name === 'error' && !(detail[0] as PlayerFailure).fatal) {
      if (!options.nonFatalErrors || look.at - errorToldAt < ERRORS_APART_MS) return;
      errorToldAt = look.at;
    }
    if (['play', 'pause', 'seeking'].includes(name)) interactions++;
    if (name === 'rendition') announced = detail[0] as Rendition | undefined;
    else if (name === 'emptied') machine.signal('pause', look);
    else if (name !== 'resize') machine.signal(name, look, ...(detail as []));
    if (name === 'tick') count(look.at);
    if (six) six(name, Math.round(look.at));
    update(look);
  }

  machine.signal('tell', first, 'SESSION_START', {
    // No query and no fragment: they may hold secrets.
    page: { url: location.origin + location.pathname },
    custom: options.custom,
  });
  // The plugin may come when the player plays already.
  if (!video.paused && !video.ended)
    signal(video.readyState > HAVE_CURRENT_DATA && video.currentTime ? 'playing' : 'play');

  return { id, signal, isOngoing: machine.isOngoing };
}

/** To the millisecond. */
function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
