/**
 * One playback session: everything from the loading of a source to its end. It owns the machine, knows
 * what is shown, and makes wire events of what the machine tells.
 */

import type { Adapter } from './adapters/adapter.ts';
import { deviceInfo, networkInfo, pageInfo, uuid } from './device.ts';
import type { EventType, PlayerFailure, Rendition, TelemetryEvent } from './events.ts';
import { FrameRate, framesOf, lookAt } from './look.ts';
import { Machine } from './machine.ts';
import type { Options } from './options.ts';
import { sameRendition, shownRendition } from './rendition.ts';
import type { Look, SessionEnd } from './signals.ts';

/** The same non-fatal error is told once in this time. */
const SAME_ERROR_MS = 10_000;
const CUSTOM_KEYS = 20;

/** The machine's events that the original client has, too. */
const ALWAYS: readonly EventType[] = ['QUALITY_CHANGE', 'PLAYER_ERROR'];

/** Where events go, and how many were lost on the way. */
export interface Sink {
  push(event: TelemetryEvent): void;
  takeDropped(): number;
}

export class Session {
  readonly id: string;
  private readonly machine: Machine;
  private readonly frameRate = new FrameRate();
  private readonly device = deviceInfo();
  private readonly extended: boolean;
  private seq = 0;
  private interactions = 0;
  private waitingAt = 0;
  private shown: Rendition | undefined;
  private announced: Rendition | undefined;
  private readonly errorsToldAt = new Map<string, number>();

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly adapter: Adapter,
    private readonly options: Options,
    private readonly sink: Sink,
  ) {
    const look = lookAt(video);
    this.extended = options.extendedEvents !== false;
    this.id = `${uuid()}-${Math.round(look.at)}`;
    this.machine = new Machine(look, (type, at, fields) => {
      if (this.extended || ALWAYS.includes(type)) this.send(type, at, fields);
    });
    this.machine.start({
      video: this.videoInfo(),
      page: pageInfo(),
      custom: options.custom && Object.fromEntries(Object.entries(options.custom).slice(0, CUSTOM_KEYS)),
    });
    this.catchUp();
  }

  get isActive(): boolean {
    return this.machine.isActive;
  }

  /** A media element's event, by its name. */
  media(name: MediaSignal): void {
    const look = lookAt(this.video);
    if (name === 'play' || name === 'pause' || name === 'seeking') this.interactions += 1;
    if (name === 'resize') this.update(look);
    else this.machine[name](look);
    if (name === 'playing') this.update(look);
    if (!this.extended) this.mediaOfSix(name, Math.round(look.at));
  }

  /** As the original client has it: every wait is told, what it means is left to the server. */
  private mediaOfSix(name: MediaSignal, at: number): void {
    if (name === 'play') this.send('PLAY', at);
    if (name === 'pause') this.send('PAUSE', at);
    if (name === 'waiting')
      this.send('BUFFER_START', at, { buffering: { startedAt: (this.waitingAt = at) } });
    if (name === 'playing' && this.waitingAt) {
      const startedAt = this.waitingAt;
      this.waitingAt = 0;
      this.send('BUFFER_END', at, { buffering: { startedAt, endedAt: at, durationMs: at - startedAt } });
    }
  }

  visibility(hidden: boolean): void {
    this.machine.visibility(lookAt(this.video), hidden);
  }

  rendition(announced: Rendition | undefined): void {
    this.announced = announced;
    this.update(lookAt(this.video));
  }

  fail(error: PlayerFailure): void {
    const look = lookAt(this.video);
    if (!error.fatal) {
      const kind = `${error.type} ${error.details}`;
      const toldAt = this.errorsToldAt.get(kind) ?? -Infinity;
      if (!this.options.nonFatalErrors || look.at - toldAt < SAME_ERROR_MS) return;
      this.errorsToldAt.set(kind, look.at);
    }
    this.machine.fail(look, error);
  }

  tick(): void {
    const look = lookAt(this.video);
    this.machine.tick(look);
    this.frameRate.observe(look.at, framesOf(this.video).decoded, this.machine.state === 'playing');
    this.update(look);
  }

  /** Back from the back/forward cache. */
  resume(): void {
    if (!this.video.paused) this.media('play');
  }

  end(reason: SessionEnd): void {
    this.machine.end(lookAt(this.video), reason);
  }

  /** The plugin may come when the player plays already. */
  private catchUp(): void {
    const { video } = this;
    if (video.paused || video.ended) return;
    const shows = video.readyState > HTMLMediaElement.HAVE_CURRENT_DATA && video.currentTime > 0;
    this.media(shows ? 'playing' : 'play');
  }

  /** Tells of the rendition on screen, if it is another one. What stands still changes nothing on screen. */
  private update(look: Look): void {
    const { video, machine } = this;
    if (machine.isClosed || machine.isWaiting || machine.state === 'starting' || machine.state === 'idle')
      return;
    const size = { width: video.videoWidth, height: video.videoHeight };
    const shown = shownRendition(size, this.adapter.renditions(), this.announced, this.shown);
    if (!shown || sameRendition(shown, this.shown)) return;
    const previous = this.shown ?? null;
    this.shown = shown;
    machine.tell(look, 'QUALITY_CHANGE', { previous });
  }

  private send(type: EventType, at: number, fields: Record<string, unknown> = {}): void {
    const { options, sink, video } = this;
    const seq = this.seq++;
    const dropped = sink.takeDropped();
    const event = {
      eventId: `${this.id}-${seq}`,
      viewerId: options.viewerId ?? 'anonymous',
      sessionId: this.id,
      eventType: type,
      timestamp: Math.round(at),
      playbackPositionSec: round(video.currentTime),
      ...(this.shown && { quality: this.shown }),
      network: networkInfo(),
      device: this.device,
      player: this.playerInfo(type),
      ...this.totals(),
      ...(this.extended && { seq, state: this.machine.state }),
      ...(type === 'FIRST_FRAME' && { video: this.videoInfo() }),
      ...(dropped && { droppedEvents: dropped }),
      ...fields,
    };
    sink.push(event);
    options.onEvent?.(event);
  }

  private totals(): Record<string, unknown> {
    const { totals } = this.machine;
    const engagement = {
      totalWatchTime: totals.playingMs,
      totalPauseTime: totals.pausedMs,
      interactionCount: this.interactions,
    };
    return this.extended ? { totals, engagement } : { engagement };
  }

  private playerInfo(type: EventType): Record<string, unknown> {
    const { adapter, video } = this;
    const { decoded, dropped } = framesOf(video);
    return {
      ...(type === 'SESSION_START' && { name: adapter.name, version: adapter.version }),
      decodedFrames: decoded,
      droppedFrames: dropped,
      fps: this.frameRate.value,
      bufferLengthSec: round(lookAt(video).bufferAhead),
      width: Math.round(video.clientWidth * devicePixelRatio),
      height: Math.round(video.clientHeight * devicePixelRatio),
    };
  }

  private videoInfo(): Record<string, unknown> {
    const { duration } = this.video;
    const given = this.options.video;
    return {
      // Until the metadata is loaded the duration is NaN.
      ...(duration > 0 &&
        (duration === Infinity ? { live: true } : { durationSec: round(duration), live: false })),
      ...(typeof given === 'function' ? given() : given),
    };
  }
}

/** The media element's events that the machine hears of. */
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

/** To the millisecond. */
function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
