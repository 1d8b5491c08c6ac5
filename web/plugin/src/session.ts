/**
 * One playback session: everything from the loading of a source to its end. It owns the machine, knows
 * what is shown, and makes wire events of what the machine tells.
 */

import type { Adapter } from './adapters/adapter.ts';
import type { Delivery } from './delivery/index.ts';
import { deviceInfo, networkInfo, pageInfo, uuid } from './device.ts';
import type { EventType, PlayerFailure, Rendition } from './events.ts';
import { createFrameRate, framesOf, lookAt } from './look.ts';
import { createMachine, type SessionEnd } from './machine.ts';
import type { Options } from './options.ts';
import { sameRendition, shownRendition } from './rendition.ts';

/** The same non-fatal error is told once in this time. */
const SAME_ERROR_MS = 10_000;
const CUSTOM_KEYS = 20;

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
] as const;
export type MediaSignal = (typeof MEDIA_SIGNALS)[number];

export interface Session {
  readonly id: string;
  media(name: MediaSignal): void;
  visibility(hidden: boolean): void;
  /** The player switched, by its own word to this rendition. */
  rendition(announced: Rendition | undefined): void;
  fail(error: PlayerFailure): void;
  /** Time passes: wanted a few times a second while active. */
  tick(): void;
  end(reason: SessionEnd): void;
  isActive(): boolean;
}

export function createSession(
  video: HTMLVideoElement,
  adapter: Adapter,
  options: Options,
  delivery: Pick<Delivery, 'push' | 'takeDropped'>,
): Session {
  const extended = options.extendedEvents !== false;
  const first = lookAt(video);
  const id = `${uuid()}-${Math.round(first.at)}`;
  const device = deviceInfo();
  const frameRate = createFrameRate();
  const errorToldAt: Record<string, number> = {};
  let fps: number | undefined;
  let seq = 0;
  let interactions = 0;
  let waitingAt = 0;
  let shown: Rendition | undefined;
  let announced: Rendition | undefined;

  const machine = createMachine(first, tell, options.heartbeatMs);

  function tell(type: EventType, at: number, fields?: Record<string, unknown>): void {
    if (extended || type === 'QUALITY_CHANGE' || type === 'PLAYER_ERROR') send(type, at, fields);
  }

  function send(eventType: EventType, at: number, fields?: Record<string, unknown>): void {
    const totals = machine.totals();
    const droppedEvents = delivery.takeDropped() || undefined;
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
      player: playerInfo(eventType),
      engagement: {
        totalWatchTime: totals.playingMs,
        totalPauseTime: totals.pausedMs,
        interactionCount: interactions,
      },
      ...(extended && { seq, state: machine.state(), totals }),
      video: eventType === 'FIRST_FRAME' ? videoInfo() : undefined,
      droppedEvents,
      ...fields,
    };
    seq++;
    delivery.push(event);
    options.onEvent?.(event);
  }

  function playerInfo(type: EventType): Record<string, unknown> {
    const { decoded, dropped } = framesOf(video);
    return {
      ...(type === 'SESSION_START' && { name: adapter.name, version: adapter.version }),
      decodedFrames: decoded,
      droppedFrames: dropped,
      fps,
      bufferLengthSec: round(lookAt(video).bufferAhead),
      width: Math.round(video.clientWidth * devicePixelRatio),
      height: Math.round(video.clientHeight * devicePixelRatio),
    };
  }

  function videoInfo(): Record<string, unknown> {
    const { duration } = video;
    const given = options.video;
    return {
      // Until the metadata is loaded the duration is NaN.
      ...(duration > 0 &&
        (duration < Infinity ? { durationSec: round(duration), live: false } : { live: true })),
      ...(typeof given === 'function' ? given() : given),
    };
  }

  /** Tells of the rendition on screen, if it is another one. What stands still changes nothing on screen. */
  function update(): void {
    const state = machine.state();
    if (state !== 'playing' && state !== 'paused' && state !== 'ended') return;
    const now = shownRendition(video, adapter.renditions(), announced, shown);
    if (!now || sameRendition(now, shown)) return;
    const previous = shown ?? null;
    shown = now;
    machine.signal('quality', lookAt(video), { previous });
  }

  /** As the original client has it: every wait is told, what it means is left to the server. */
  function sendOfSix(name: MediaSignal, at: number): void {
    if (name === 'play') send('PLAY', at);
    if (name === 'pause') send('PAUSE', at);
    if (name === 'waiting') send('BUFFER_START', at, { buffering: { startedAt: (waitingAt = at) } });
    if (name === 'playing' && waitingAt) {
      send('BUFFER_END', at, {
        buffering: { startedAt: waitingAt, endedAt: at, durationMs: at - waitingAt },
      });
      waitingAt = 0;
    }
  }

  function media(name: MediaSignal): void {
    const look = lookAt(video);
    if (name === 'play' || name === 'pause' || name === 'seeking') interactions++;
    if (name !== 'resize') machine.signal(name, look);
    if (name === 'resize' || name === 'playing') update();
    if (!extended) sendOfSix(name, Math.round(look.at));
  }

  const { custom } = options;
  machine.start({
    video: videoInfo(),
    page: pageInfo(),
    custom: custom && Object.fromEntries(Object.entries(custom).slice(0, CUSTOM_KEYS)),
  });
  // The plugin may come when the player plays already.
  if (!video.paused && !video.ended)
    media(
      video.readyState > HTMLMediaElement.HAVE_CURRENT_DATA && video.currentTime > 0 ? 'playing' : 'play',
    );

  return {
    id,
    media,
    visibility: (hidden) => {
      machine.signal('visibility', lookAt(video), hidden);
    },
    rendition(to) {
      announced = to;
      update();
    },
    fail(error) {
      const look = lookAt(video);
      const kind = error.type + error.details;
      if (!error.fatal && (!options.nonFatalErrors || look.at - (errorToldAt[kind] ?? 0) < SAME_ERROR_MS))
        return;
      errorToldAt[kind] = look.at;
      machine.signal('error', look, error);
    },
    tick() {
      const look = lookAt(video);
      machine.signal('tick', look);
      fps = frameRate(look.at, framesOf(video).decoded, machine.state() === 'playing');
      update();
    },
    end: (reason) => {
      machine.signal('end', lookAt(video), reason);
    },
    isActive: machine.isActive,
  };
}

/** To the millisecond. */
function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
