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

export type Emit = (type: EventType, at: number, fields?: Record<string, unknown>) => void;

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
  /** Another rendition is on screen. */
  quality: [fields: Record<string, unknown>];
  /** Time passes: wanted a few times a second while active. */
  tick: [];
  end: [reason: SessionEnd];
}

type Handlers = { [Name in keyof Signals]: (look: Look, ...detail: Signals[Name]) => void };

export interface Machine {
  /** SESSION_START, the first event of all. */
  start(fields: Record<string, unknown>): void;
  signal<Name extends keyof Signals>(name: Name, look: Look, ...detail: Signals[Name]): void;
  state(): State;
  totals(): Totals;
  /** Something goes on that needs watching. */
  isActive(): boolean;
}

type StallEnd = 'resumed' | 'seek' | 'pause' | 'error' | 'ended' | 'progress' | 'session_end';

interface Stall {
  readonly at: number;
  readonly positionSec: number;
  /** BUFFER_START is sent. */
  told?: boolean;
  /** Long enough to be a rebuffer. */
  counted?: boolean;
}

/** For a source that was loaded just now. */
export function createMachine(first: Look, emitTo: Emit, heartbeatMs = HEARTBEAT_MS): Machine {
  const ledger = createLedger(first.at);
  let state: State = 'idle';
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
  let stall: Stall | undefined;
  let seek: { at: number; from: number } | undefined;
  /** After a fatal error while playing: the playing time at which it is outlived. */
  let doomedUntilMs = 0;

  const on: Handlers = {
    play(look) {
      if (closed) state = started ? 'paused' : 'idle';
      if (isActive()) return;
      const replay = state === 'ended' && !failed;
      // Back to the beginning is a seek, though not every browser says so first.
      if (replay) seek ??= { at: look.at, from: last.positionSec };
      closed = failed = false;
      enter(!started ? 'starting' : seek ? 'seeking' : 'playing', look);
      emit('PLAY', look.at, { reason: !started ? 'initial' : replay ? 'replay' : 'resume' });
    },

    playing(look) {
      if (look.seeking || look.paused) return;
      if (!started) firstFrame(look);
      else if (stall) endStall(look, 'resumed');
      else if (state === 'seeking') endSeek(look, 'playing');
      else if (failed) recover(look);
    },

    waiting(look) {
      if (state === 'playing' && !stall && !look.paused && !look.seeking) beginStall(look, look.at);
    },

    seeking(look) {
      // Before the first frame it only moves the place to start from.
      if (!started) entered = { ...look, at: entered.at };
      else if (!failed) {
        endStall(look, 'seek');
        seek ??= { at: look.at, from: last.positionSec };
        if (state === 'playing') enter('seeking', look);
      }
    },

    pause(look) {
      // The end of the stream pauses, too; `ended` tells of it.
      if (look.ended || !isActive()) return;
      endStall(look, 'pause');
      // A seek that still waits for data goes on after the pause.
      if (!look.seeking) endSeek(look);
      enter(started ? 'paused' : 'idle', look);
      emit('PAUSE', look.at, { reason: look.at - hiddenAt < BACKGROUND_PAUSE_MS ? 'background' : 'user' });
    },

    ended(look) {
      if (state === 'ended') return;
      finish(look, 'ended');
      enter('ended', look);
      emit('ENDED', look.at);
    },

    ratechange(look) {
      emit('RATE_CHANGE', look.at, { playbackRate: look.rate });
    },

    visibility(look, hidden) {
      hiddenAt = hidden ? look.at : -Infinity;
      if (hidden && seek) {
        // Nobody knows whether the page comes back: what is open is told, and goes on.
        const goesOn = state === 'seeking' || look.seeking;
        endSeek(look);
        if (goesOn) seek = { at: look.at, from: look.positionSec };
      }
      emit('VISIBILITY', look.at, { hidden });
      if (hidden && isActive()) emit('HEARTBEAT', look.at);
    },

    error(look, error) {
      if (error.fatal && state !== 'ended') {
        const plays = state === 'playing' && !(stall && look.at - stall.at >= STALL_HOLD_MS);
        // What is buffered still plays, the next wait is the failure.
        if (plays) doomedUntilMs = ledger.totals().playingMs + look.bufferAheadSec * 1000 + RECOVERED_MS;
        else {
          finish(look, 'error');
          failed = true;
          enter('ended', look);
        }
      }
      emit('PLAYER_ERROR', look.at, { error });
    },

    quality(look, fields) {
      emit('QUALITY_CHANGE', look.at, fields);
    },

    tick(look) {
      if (isActive() && look.at - toldAt >= heartbeatMs) emit('HEARTBEAT', look.at);
    },

    end(look, reason) {
      finish(look, 'session_end');
      closed = true;
      emit('SESSION_END', look.at, { reason });
    },
  };

  function signal<Name extends keyof Signals>(name: Name, look: Look, ...detail: Signals[Name]): void {
    if (closed) {
      ledger.skip(look.at);
      if (name !== 'play') return;
    }
    if (name === 'tick' && !look.paused && !look.seeking && !look.ended) watch(look);
    settle(look);
    on[name](look, ...detail);
    if (look.positionSec !== last.positionSec && !look.seeking) {
      // It may have stopped between two looks: how far it got tells when.
      const playedMs = mediaMs(look, last.positionSec);
      movedAt = Math.max(movedAt, playedMs > 0 ? Math.min(look.at, last.at + playedMs) : look.at);
    }
    last = look;
  }

  function emit(type: EventType, at: number, fields?: Record<string, unknown>): void {
    toldAt = Math.max(toldAt, at);
    emitTo(type, at, fields);
  }

  function isActive(): boolean {
    return !closed && ACTIVE.includes(state);
  }

  /** How long it takes to play from there to where the playhead is. */
  function mediaMs(look: Look, from: number): number {
    return ((look.positionSec - from) / (look.rate || 1)) * 1000;
  }

  /** Credits the time until now to the state, as far as it is known to have been spent so. */
  function settle(look: Look): void {
    if (stall) {
      if (state !== 'rebuffering' || look.at - stall.at < MICRO_STALL_MS) return;
      if (!stall.counted) ledger.countRebuffer();
      stall.counted = true;
    } else if (state === 'playing' && (look.positionSec === last.positionSec || look.seeking)) return;
    ledger.credit(state, look.at, mediaMs(look, last.positionSec));
  }

  function enter(to: State, look: Look, at = look.at): void {
    if (to !== state) ledger.credit(state, at);
    state = to;
    entered = look;
    movedAt = at;
  }

  /** Does the playhead tell what no event of the element told? */
  function watch(look: Look): void {
    const aheadSec = look.positionSec - entered.positionSec;
    const reachSec = ((look.at - entered.at) / 1000) * look.rate + 1;
    if (state === 'starting') {
      if (aheadSec > STARTED_SEC && aheadSec < reachSec) firstFrame(resumed(look, entered.positionSec));
    } else if (state === 'seeking') {
      if (look.positionSec - last.positionSec > RESUMED_SEC)
        endSeek(resumed(look, last.positionSec), 'playing');
    } else if (stall && look.positionSec - stall.positionSec > RESUMED_SEC) {
      endStall(resumed(look, stall.positionSec), 'progress');
    } else if (
      !stall &&
      look.positionSec === last.positionSec &&
      look.rate > 0 &&
      look.at - movedAt >= FROZEN_MS
    ) {
      if (state === 'playing') beginStall(look, movedAt);
    }
    if (stall && look.at - stall.at >= STALL_HOLD_MS) tellStall(look, stall);
  }

  /** The look as of when playing began again, by how far the playhead got since. */
  function resumed(look: Look, from: number): Look {
    return { ...look, at: Math.max(look.at - mediaMs(look, from), last.at) };
  }

  function firstFrame(look: Look): void {
    // Attached to a player that plays already: nobody saw the start.
    const seen = state === 'starting';
    enter('playing', look);
    started = true;
    failed = false;
    emit('FIRST_FRAME', look.at, {
      startupTimeMs: seen ? ledger.totals().startupMs : undefined,
      loadToFrameMs: Math.round(look.at - first.at),
    });
  }

  function beginStall(look: Look, at: number): void {
    ledger.credit('playing', at);
    stall = { at, positionSec: look.positionSec };
  }

  function tellStall(look: Look, told: Stall): void {
    if (told.told) return;
    told.told = true;
    failed = ledger.totals().playingMs < doomedUntilMs;
    doomedUntilMs = 0;
    if (failed) stall = undefined;
    enter(failed ? 'ended' : 'rebuffering', look, told.at);
    settle(look);
    emit('BUFFER_START', told.at, { buffering: { startedAt: Math.round(told.at) } });
  }

  function endStall(look: Look, reason: StallEnd): void {
    if (!stall) return;
    const { at } = stall;
    const ending = stall;
    if (look.at - at >= STALL_HOLD_MS) tellStall(look, ending);
    settle(look);
    stall = undefined;
    if (failed && (reason === 'resumed' || reason === 'progress')) recover(look);
    // Else it is not told, or is the failure itself.
    if (state !== 'rebuffering') return;
    if (!ending.counted) state = 'playing';
    enter('playing', look);
    ledger.credit('playing', look.at);
    const startedAt = Math.round(at);
    const endedAt = Math.round(look.at);
    emit('BUFFER_END', look.at, {
      buffering: { startedAt, endedAt, durationMs: endedAt - startedAt },
      reason,
    });
  }

  /** Plays again after a fatal error, without a PLAY. */
  function recover(look: Look): void {
    failed = false;
    enter('playing', look);
    emit('BUFFER_END', look.at, { reason: 'resumed' });
  }

  /** The seek is over, because something else begins. */
  function endSeek(look: Look, next?: State): void {
    if (next) enter(next, look);
    if (!seek) return;
    const { at, from } = seek;
    seek = undefined;
    // Of the rounded stamps: it ends where the next event stands.
    const durationMs = Math.round(look.at) - Math.round(at);
    emit('SEEK', at, { seek: { fromSec: from, toSec: look.positionSec, durationMs } });
  }

  /** Whatever is open ends with the stream or the session. */
  function finish(look: Look, reason: StallEnd): void {
    endStall(look, reason);
    endSeek(look);
  }

  return {
    start: (fields) => {
      emit('SESSION_START', first.at, fields);
    },
    signal,
    state: () => state,
    totals: ledger.totals,
    isActive,
  };
}
