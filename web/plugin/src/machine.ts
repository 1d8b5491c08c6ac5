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
import { Ledger, MICRO_STALL_MS } from './ledger.ts';
import type { Emit, Look, SessionEnd } from './signals.ts';

/** A `waiting` resolved sooner than this is not told. */
const STALL_HOLD_MS = 100;
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

type StallEnd = 'resumed' | 'seek' | 'pause' | 'error' | 'ended' | 'progress' | 'session_end';

interface Stall {
  readonly at: number;
  readonly position: number;
  /** BUFFER_START is sent. */
  told: boolean;
  /** Long enough to be counted as a rebuffer. */
  counted: boolean;
}

interface Seek {
  readonly at: number;
  readonly from: number;
}

export class Machine {
  private current: State = 'idle';
  private readonly ledger: Ledger;
  private readonly emit: Emit;
  private readonly loadedAt: number;
  private last: Look;
  /** When and where the playhead was last seen to move. */
  private movedAt: number;
  /** Where the playhead was when this state began. */
  private entered: Look;
  private started = false;
  private closed = false;
  /** The state is `ended` because of a fatal error. */
  private failed = false;
  private stall: Stall | null = null;
  private seek: Seek | null = null;
  private hiddenAt = -Infinity;
  private toldAt: number;
  /** After a fatal error while playing: the playing time at which it is outlived. */
  private doomedUntilMs = 0;

  /** A source was loaded just now. */
  constructor(look: Look, emit: Emit) {
    this.last = look;
    this.entered = look;
    this.loadedAt = look.at;
    this.movedAt = look.at;
    this.toldAt = look.at;
    this.ledger = new Ledger(look.at);
    this.emit = (type, at, fields) => {
      this.toldAt = Math.max(this.toldAt, at);
      emit(type, at, fields);
    };
  }

  /** SESSION_START, the first event of all. */
  start(fields: Record<string, unknown>): void {
    this.emit('SESSION_START', this.loadedAt, fields);
  }

  get state(): State {
    return this.current;
  }

  get totals(): Totals {
    return this.ledger.totals();
  }

  /** SESSION_END was sent; only a PLAY can follow it, in a page that comes back from the cache. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Time passes that needs watching: `tick` is wanted a few times a second. */
  get isActive(): boolean {
    return !this.closed && ['starting', 'playing', 'rebuffering', 'seeking'].includes(this.current);
  }

  /** What is on screen stands still for a reason that will pass. */
  get isWaiting(): boolean {
    return this.current === 'rebuffering' || this.current === 'seeking';
  }

  play(look: Look): void {
    const moved = this.settle(look);
    if (this.closed) this.reopen();
    else if (this.isActive) return;
    const replay = this.current === 'ended' && !this.failed;
    // Back to the beginning is a seek, though not every browser says so first.
    if (replay) this.seek ??= { at: look.at, from: this.last.position };
    this.failed = false;
    const reason = !this.started ? 'initial' : replay ? 'replay' : 'resume';
    this.enter(this.started ? (this.seek ? 'seeking' : 'playing') : 'starting', look);
    this.emit('PLAY', look.at, { reason });
    this.see(look, moved);
  }

  /** Frames are shown. */
  playing(look: Look): void {
    if (this.closed) return;
    const moved = this.settle(look);
    if (look.seeking || look.paused) return this.see(look, moved);
    if (!this.started) this.firstFrame(look);
    else if (this.stall) this.endStall(look.at, 'resumed', look);
    else if (this.current === 'seeking') this.endSeek(look, true);
    else if (this.current === 'ended' && !look.ended) this.recover(look);
    this.see(look, moved);
  }

  /** The element is out of data. */
  waiting(look: Look): void {
    const moved = this.settle(look);
    if (this.current === 'playing' && !this.stall && !look.paused && !look.seeking)
      this.beginStall(look.at, look);
    this.see(look, moved);
  }

  seeking(look: Look): void {
    if (this.closed || this.failed) return;
    // A seek before the first frame only moves the place to start from.
    if (!this.started) this.entered = { ...this.entered, at: look.at, position: look.position };
    const from = this.last.position;
    this.settle(look);
    if (!this.started) return this.see(look, false);
    if (this.stall) this.endStall(look.at, 'seek', look);
    this.seek ??= { at: look.at, from };
    if (this.current === 'playing') this.enter('seeking', look);
    this.see(look, false);
  }

  pause(look: Look): void {
    if (this.closed) return;
    const moved = this.settle(look);
    // The end of the stream pauses too; `ended` tells of it.
    if (look.ended || !this.isActive) return this.see(look, moved);
    if (this.stall) this.endStall(look.at, 'pause', look);
    // A seek that still waits for data goes on after the pause.
    if (this.current === 'seeking' && !look.seeking) this.endSeek(look, false);
    this.enter(this.started ? 'paused' : 'idle', look);
    const background = look.at - this.hiddenAt < BACKGROUND_PAUSE_MS;
    this.emit('PAUSE', look.at, { reason: background ? 'background' : 'user' });
    this.see(look, moved);
  }

  ended(look: Look): void {
    if (this.closed || this.current === 'ended') return;
    const moved = this.settle(look);
    this.finish(look, 'ended');
    this.enter('ended', look);
    this.emit('ENDED', look.at);
    this.see(look, moved);
  }

  ratechange(look: Look): void {
    if (this.closed) return;
    const moved = this.settle(look);
    this.see(look, moved);
    this.emit('RATE_CHANGE', look.at, { playbackRate: look.rate });
  }

  /** The page was hidden or shown. What is open is told, nobody knows whether the page comes back. */
  visibility(look: Look, hidden: boolean): void {
    this.hiddenAt = hidden ? look.at : -Infinity;
    if (this.closed) return;
    const moved = this.settle(look);
    this.see(look, moved);
    if (hidden && this.seek) {
      const goesOn = this.current === 'seeking' || look.seeking;
      this.tellSeek(look);
      if (goesOn) this.seek = { at: look.at, from: look.position };
    }
    this.emit('VISIBILITY', look.at, { hidden });
    if (hidden && this.isActive) this.emit('HEARTBEAT', look.at);
  }

  /** The player failed. Non-fatal failures are only told. */
  fail(look: Look, error: PlayerFailure): void {
    if (this.closed) return;
    const moved = this.settle(look);
    if (error.fatal && this.current !== 'ended') {
      const plays = this.current === 'playing' && !(this.stall && look.at - this.stall.at >= STALL_HOLD_MS);
      if (plays) this.doom(look);
      else {
        this.finish(look, 'error');
        this.failed = true;
        this.enter('ended', look);
      }
    }
    this.emit('PLAYER_ERROR', look.at, { error });
    this.see(look, moved);
  }

  /** An event of others' making, e.g. QUALITY_CHANGE: it carries the totals as of now. */
  tell(look: Look, type: EventType, fields: Record<string, unknown>): void {
    const moved = this.settle(look);
    this.see(look, moved);
    this.emit(type, look.at, fields);
  }

  /** Looks at the playhead: wanted a few times a second while active. */
  tick(look: Look): void {
    if (!this.isActive) return;
    if (!look.paused && !look.seeking && !look.ended) this.watch(look);
    const moved = this.settle(look);
    this.see(look, moved);
    if (look.at - this.toldAt >= HEARTBEAT_MS) this.emit('HEARTBEAT', look.at);
  }

  end(look: Look, reason: SessionEnd): void {
    if (this.closed) return;
    const moved = this.settle(look);
    this.finish(look, 'session_end');
    this.see(look, moved);
    this.closed = true;
    this.emit('SESSION_END', look.at, { reason });
  }

  /** Does the playhead tell what no event of the element told? */
  private watch(look: Look): void {
    const aheadSec = look.position - this.entered.position;
    const reachSec = ((look.at - this.entered.at) / 1000) * look.rate + 1;
    switch (this.current) {
      case 'starting':
        if (aheadSec > STARTED_SEC && aheadSec < reachSec)
          this.firstFrame(this.resumed(look, this.entered.position));
        return;
      case 'seeking':
        if (look.position - this.last.position > RESUMED_SEC)
          this.endSeek(this.resumed(look, this.last.position), true);
        return;
      default:
        this.watchStall(look);
    }
  }

  private watchStall(look: Look): void {
    const frozen =
      look.position === this.last.position && look.rate > 0 && look.at - this.movedAt >= FROZEN_MS;
    if (this.stall && look.position - this.stall.position > RESUMED_SEC) {
      const resumed = this.resumed(look, this.stall.position);
      this.endStall(Math.max(this.stall.at, resumed.at), 'progress', resumed);
    } else if (!this.stall && frozen) {
      this.beginStall(this.movedAt, look);
    }
    if (this.stall && !this.stall.told && look.at - this.stall.at >= STALL_HOLD_MS)
      this.tellStall(this.stall, look);
  }

  private firstFrame(look: Look): void {
    // Attached to a player that plays already: nobody saw the start.
    const seen = this.current === 'starting';
    this.failed = false;
    this.enter('playing', look);
    this.started = true;
    const startupTimeMs = seen ? this.totals.startupMs : undefined;
    this.emit('FIRST_FRAME', look.at, { startupTimeMs, loadToFrameMs: Math.round(look.at - this.loadedAt) });
  }

  /** Plays again after a fatal error, without a PLAY. */
  private recover(look: Look): void {
    this.failed = false;
    this.enter('playing', look);
    this.emit('BUFFER_END', look.at, { reason: 'resumed', buffering: { endedAt: Math.round(look.at) } });
  }

  private reopen(): void {
    this.closed = false;
    this.failed = false;
    this.current = this.started ? 'paused' : 'idle';
  }

  /** Whatever is open ends with the session's or the stream's end. */
  private finish(look: Look, reason: StallEnd): void {
    if (this.stall) this.endStall(look.at, reason, look);
    if (this.seek) this.endSeek(look, false);
  }

  /** A fatal error while playing: what is buffered still plays, the next wait is the failure. */
  private doom(look: Look): void {
    this.doomedUntilMs = this.totals.playingMs + look.bufferAhead * 1000 + RECOVERED_MS;
  }

  private beginStall(at: number, look: Look): void {
    this.ledger.credit('playing', at);
    this.stall = { at, position: look.position, told: false, counted: false };
  }

  private tellStall(stall: Stall, look: Look): void {
    stall.told = true;
    this.failed = this.totals.playingMs < this.doomedUntilMs;
    this.doomedUntilMs = 0;
    if (this.failed) this.stall = null;
    this.enter(this.failed ? 'ended' : 'rebuffering', look, stall.at);
    this.settle(look);
    this.emit('BUFFER_START', stall.at, { buffering: { startedAt: Math.round(stall.at) } });
  }

  private endStall(at: number, reason: StallEnd, look: Look): void {
    const stall = this.stall;
    if (!stall) return;
    const lastedMs = at - stall.at;
    if (!stall.told && lastedMs >= STALL_HOLD_MS) this.tellStall(stall, { ...look, at });
    this.stall = null;
    if (!stall.told) this.ledger.credit('playing', at);
    if (this.failed && (reason === 'resumed' || reason === 'progress')) return this.recover(look);
    if (this.current !== 'rebuffering') return;
    this.ledger.credit(stall.counted ? 'rebuffering' : 'playing', at);
    this.enter('playing', look, at);
    const buffering = {
      startedAt: Math.round(stall.at),
      endedAt: Math.round(at),
      durationMs: Math.round(lastedMs),
    };
    this.emit('BUFFER_END', at, { buffering, reason });
  }

  /** The seek is over, because it plays again or because something else took over. */
  private endSeek(look: Look, plays: boolean): void {
    if (plays) this.enter('playing', look);
    this.tellSeek(look);
  }

  private tellSeek(look: Look): void {
    if (!this.seek) return;
    const { at, from } = this.seek;
    this.seek = null;
    const seek = { fromSec: from, toSec: look.position, durationMs: Math.round(look.at - at) };
    this.emit('SEEK', at, { seek });
  }

  private enter(state: State, look: Look, at = look.at): void {
    if (state !== this.current) this.ledger.credit(this.current, at);
    this.current = state;
    this.entered = look;
    this.movedAt = at;
  }

  /** Credits the time until now to the state, as far as it is known to have been spent so. True if the playhead moved. */
  private settle(look: Look): boolean {
    const movedSec = look.position - this.last.position;
    const moved = movedSec !== 0 && !look.seeking;
    const stall = this.stall;
    if (this.closed) this.ledger.skip(look.at);
    else if (stall) {
      if (this.current !== 'rebuffering' || look.at - stall.at < MICRO_STALL_MS) return moved;
      if (!stall.counted) this.ledger.countRebuffer();
      stall.counted = true;
      this.ledger.credit('rebuffering', look.at);
    } else if (this.current !== 'playing' || moved) {
      this.ledger.credit(this.current, look.at, (Math.max(0, movedSec) / (look.rate || 1)) * 1000);
    }
    return moved;
  }

  private see(look: Look, moved: boolean): void {
    if (moved) {
      // It may have stopped between two looks: how far it got tells when.
      const playedMs = ((look.position - this.last.position) / (look.rate || 1)) * 1000;
      const stoppedAt = playedMs > 0 ? Math.min(look.at, this.last.at + playedMs) : look.at;
      this.movedAt = Math.max(this.movedAt, stoppedAt);
    }
    this.last = look;
  }

  /** When playing began again, by how far the playhead got since. */
  private resumed(look: Look, from: number): Look {
    const at = look.at - ((look.position - from) / (look.rate || 1)) * 1000;
    return { ...look, at: Math.min(look.at, Math.max(at, this.last.at)) };
  }
}
