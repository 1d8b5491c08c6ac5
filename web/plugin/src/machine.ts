/**
 * What a session is doing, and which events tell the server so.
 *
 * A pure state machine: signals of the media element and the player go in, each with a look at the
 * playhead and the clock, events come out through `emit`. It touches no DOM, sets no timer and reads no
 * clock. Times are epoch ms of a clock that never runs backwards, positions are seconds.
 *
 * Events about a stall or a seek are stamped when it began, and sent when it is known to be one.
 */

import type { EventType, PlayerFailure, State, Totals } from './events.ts';
import { ACTIVE, createLedger } from './ledger.ts';

/** A `waiting` resolved sooner than this is not told. */
const STALL_HOLD_MS = 100;
/** A stall shorter than this is part of playing. */
const MICRO_STALL_MS = 250;
/** A playhead that stands still for this long stalls, though no `waiting` came. */
const FROZEN_MS = 1000;
/** A playhead that moved by this much plays again, though no `playing` came. */
const RESUMED_SEC = 0.1;
/** A playhead that moved by this much shows frames, though no `playing` came. */
const STARTED_SEC = 0.25;
const HEARTBEAT_MS = 10_000;
/** A pause this soon after the page was hidden is the browser's doing. */
const BACKGROUND_PAUSE_MS = 1000;
/** Playing on for this long beyond what was buffered outlives a fatal error. */
const RECOVERED_MS = 10_000;

/** A look at the media element. */
export interface Look {
  readonly at: number;
  readonly positionSec: number;
  readonly paused: boolean;
  readonly seeking: boolean;
  readonly ended: boolean;
  readonly rate: number;
  /** Media buffered ahead of the playhead, s. */
  readonly bufferAheadSec: number;
}

export type Fields = Record<string, unknown>;

export type Emit = (type: EventType, at: number, fields?: Fields) => void;

export type SessionEnd = 'source_change' | 'destroy' | 'page_close';

/** What the machine hears of, and what comes with it. */
export interface Signals {
  play: [];
  /** Frames are shown. */
  playing: [];
  /** The element is out of data. */
  waiting: [];
  seeking: [];
  pause: [];
  ended: [];
  ratechange: [];
  /** The page was hidden or shown. */
  visibility: [hidden: boolean];
  /** The player failed. A failure that is not fatal is only told. */
  error: [failure: PlayerFailure];
  /** Something that changes nothing about the state. */
  tell: [type: EventType, fields: Fields];
  /** Time passes: wanted a few times a second while active. */
  tick: [];
  end: [reason: SessionEnd];
}

type Handlers = { [Name in keyof Signals]: (...detail: Signals[Name]) => void };

export interface Machine {
  signal<Name extends keyof Signals>(name: Name, look: Look, ...detail: Signals[Name]): void;
  state(): State;
  totals(): Totals;
  /** Something goes on that needs watching. */
  isOngoing(): boolean;
}

type StallEnd = 'resumed' | 'seek' | 'pause' | 'error' | 'ended' | 'progress' | 'session_end';

/** For a source that was loaded just now. */
export function createMachine(first: Look, emitTo: Emit, heartbeatMs = HEARTBEAT_MS): Machine {
  const ledger = createLedger(first.at);
  let state: State = 'idle';
  /** What is seen now, and what was seen before. */
  let look = first;
  let last = first;
  /** The look with which this state began. */
  let entered = first;
  /** When the playhead was last seen to move. */
  let movedAt = first.at;
  let toldAt = first.at;
  let hiddenAt = -Infinity;
  let started = false;
  /** The state is `ended` because of a fatal error. */
  let failed = false;
  /** SESSION_END was sent; only a PLAY can follow it, in a page that comes back from the cache. */
  let closed = false;
  /** BUFFER_START is sent once the state is `rebuffering`; it counts once it is long enough. */
  let stall: { at: number; positionSec: number; counted?: boolean } | undefined;
  let seek: { at: number; positionSec: number } | undefined;
  /** After a fatal error while playing: the playing time at which it is outlived. */
  let doomedUntilMs = 0;

  const on: Handlers = {
    play() {
      if (closed) state = started ? 'paused' : 'idle';
      if (isOngoing()) return;
      const replay = state === 'ended' && !failed;
      // Back to the beginning is a seek, though not every browser says so first.
      if (replay) beginSeek();
      closed = failed = false;
      enter(!started ? 'starting' : seek ? 'seeking' : 'playing');
      emit('PLAY', { reason: !started ? 'initial' : replay ? 'replay' : 'resume' });
    },

    playing() {
      if (look.seeking || look.paused) return;
      if (!started) firstFrame();
      else if (stall) endStall('resumed');
      else if (state === 'seeking') endSeek('playing');
      else if (failed) recover();
    },

    waiting() {
      if (state === 'playing' && !stall && !look.paused && !look.seeking) beginStall(look.at);
    },

    seeking() {
      // Before the first frame it only moves the place to start from.
      if (!started) entered = { ...look, at: entered.at };
      else if (!failed) {
        endStall('seek');
        beginSeek();
        if (state === 'playing') enter('seeking');
      }
    },

    pause() {
      // The end of the stream pauses, too; `ended` tells of it.
      if (look.ended || !isOngoing()) return;
      endStall('pause');
      // A seek that still waits for data goes on after the pause.
      if (!look.seeking) endSeek();
      enter(started ? 'paused' : 'idle');
      emit('PAUSE', { reason: look.at - hiddenAt < BACKGROUND_PAUSE_MS ? 'background' : 'user' });
    },

    ended() {
      if (state === 'ended') return;
      finish('ended');
      enter('ended');
      emit('ENDED');
    },

    ratechange() {
      emit('RATE_CHANGE', { playbackRate: look.rate });
    },

    visibility(hidden) {
      hiddenAt = hidden ? look.at : -Infinity;
      if (hidden && seek) {
        // Nobody knows whether the page comes back: what is open is told, and goes on.
        const goesOn = state === 'seeking' || look.seeking;
        endSeek();
        if (goesOn) seek = look;
      }
      emit('VISIBILITY', { hidden });
      if (hidden && isOngoing()) emit('HEARTBEAT');
    },

    error(error) {
      if (error.fatal && state !== 'ended') {
        tellStall();
        // What is buffered still plays, the next wait is the failure.
        if (state === 'playing')
          doomedUntilMs = ledger.sums.playingMs + look.bufferAheadSec * 1000 + RECOVERED_MS;
        else {
          finish('error');
          failed = true;
          enter('ended');
        }
      }
      emit('PLAYER_ERROR', { error });
    },

    tell: emit,

    tick() {
      if (isOngoing() && look.at - toldAt >= heartbeatMs) emit('HEARTBEAT');
    },

    end(reason) {
      finish('session_end');
      closed = true;
      emit('SESSION_END', { reason });
    },
  };

  function signal<Name extends keyof Signals>(name: Name, now: Look, ...detail: Signals[Name]): void {
    if (closed) {
      ledger.skip(now.at);
      if (name !== 'play') return;
    }
    look = now;
    if (name === 'tick' && !look.paused && !look.seeking && !look.ended) watch();
    settle();
    on[name](...detail);
    if (look.positionSec !== last.positionSec && !look.seeking) {
      // It may have stopped between two looks: how far it got tells when.
      const playedMs = mediaMs(last);
      movedAt = Math.max(movedAt, playedMs > 0 ? Math.min(look.at, last.at + playedMs) : look.at);
    }
    last = look;
  }

  function emit(type: EventType, fields?: Fields, at = look.at): void {
    toldAt = Math.max(toldAt, at);
    emitTo(type, at, fields);
  }

  function isOngoing(): boolean {
    return !closed && ACTIVE.includes(state);
  }

  /** How long it takes to play from there to where the playhead is. */
  function mediaMs({ positionSec }: { positionSec: number }): number {
    return ((look.positionSec - positionSec) / (look.rate || 1)) * 1000;
  }

  /** Credits the time until now to the state, as far as it is known to have been spent so. */
  function settle(): void {
    if (stall) {
      if (state !== 'rebuffering' || look.at - stall.at < MICRO_STALL_MS) return;
      if (!stall.counted) ledger.sums.rebufferCount++;
      stall.counted = true;
    } else if (state === 'playing' && (look.positionSec === last.positionSec || look.seeking)) return;
    ledger.credit(state, look.at, mediaMs(last));
  }

  function enter(to: State, at = look.at): void {
    if (to !== state) ledger.credit(state, at);
    state = to;
    entered = look;
    movedAt = at;
  }

  /** Does the playhead tell what no event of the element told? */
  function watch(): void {
    const aheadSec = look.positionSec - entered.positionSec;
    const reachSec = ((look.at - entered.at) / 1000) * look.rate + 1;
    if (state === 'starting') {
      if (aheadSec > STARTED_SEC && aheadSec < reachSec) resumed(entered, firstFrame);
    } else if (state === 'seeking') {
      if (look.positionSec - last.positionSec > RESUMED_SEC) resumed(last, endSeek, 'playing');
    } else if (stall) {
      if (look.positionSec - stall.positionSec > RESUMED_SEC) resumed(stall, endStall, 'progress');
    } else if (state === 'playing' && look.positionSec === last.positionSec && look.rate > 0) {
      if (look.at - movedAt >= FROZEN_MS) beginStall(movedAt);
    }
    tellStall();
  }

  /** Does it as of when playing began again, by how far the playhead got since. */
  function resumed<Detail extends unknown[]>(
    from: { positionSec: number },
    act: (...detail: Detail) => void,
    ...detail: Detail
  ): void {
    const seen = look;
    look = { ...seen, at: Math.max(seen.at - mediaMs(from), last.at) };
    act(...detail);
    look = seen;
  }

  function firstFrame(): void {
    // Attached to a player that plays already: nobody saw the start.
    const seen = state === 'starting';
    enter('playing');
    started = true;
    failed = false;
    emit('FIRST_FRAME', {
      startupTimeMs: seen ? ledger.totals().startupMs : undefined,
      loadToFrameMs: Math.round(look.at - first.at),
    });
  }

  function beginStall(at: number): void {
    ledger.credit('playing', at);
    stall = { at, positionSec: look.positionSec };
  }

  /** Tells of a stall once it was held for long enough. */
  function tellStall(): void {
    if (!stall || state === 'rebuffering' || look.at - stall.at < STALL_HOLD_MS) return;
    const { at } = stall;
    failed = ledger.sums.playingMs < doomedUntilMs;
    doomedUntilMs = 0;
    if (failed) stall = undefined;
    enter(failed ? 'ended' : 'rebuffering', at);
    settle();
    emit('BUFFER_START', { buffering: { startedAt: Math.round(at) } }, at);
  }

  function endStall(reason: StallEnd): void {
    if (!stall) return;
    const ending = stall;
    tellStall();
    settle();
    stall = undefined;
    if (failed && (reason === 'resumed' || reason === 'progress')) recover();
    // Else it is not told, or is the failure itself.
    if (state !== 'rebuffering') return;
    if (!ending.counted) state = 'playing';
    enter('playing');
    ledger.credit('playing', look.at);
    const startedAt = Math.round(ending.at);
    const endedAt = Math.round(look.at);
    emit('BUFFER_END', { buffering: { startedAt, endedAt, durationMs: endedAt - startedAt }, reason });
  }

  /** Plays again after a fatal error, without a PLAY. */
  function recover(): void {
    failed = false;
    enter('playing');
    emit('BUFFER_END', { reason: 'resumed' });
  }

  function beginSeek(): void {
    seek ??= { at: look.at, positionSec: last.positionSec };
  }

  /** The seek is over, because something else begins. */
  function endSeek(next?: State): void {
    if (next) enter(next);
    if (!seek) return;
    const { at, positionSec: fromSec } = seek;
    seek = undefined;
    // Of the rounded stamps: it ends where the next event stands.
    const durationMs = Math.round(look.at) - Math.round(at);
    emit('SEEK', { seek: { fromSec, toSec: look.positionSec, durationMs } }, at);
  }

  /** Whatever is open ends with the stream or the session. */
  function finish(reason: StallEnd): void {
    endStall(reason);
    endSeek();
  }

  return { signal, state: () => state, totals: ledger.totals, isOngoing };
}
