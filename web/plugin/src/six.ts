/**
 * The original client's six events, for servers that know no others (`extendedEvents: false`): every
 * `waiting` is a BUFFER_START and the first `playing` after it a BUFFER_END. What they mean is left to
 * the server.
 */

import type { EventType, PlayerFailure, State, Totals } from './events.ts';
import { Ledger } from './ledger.ts';
import type { Emit, Look, Signals } from './signals.ts';

export class SixEvents implements Signals {
  readonly isActive = false;
  readonly isClosed = false;
  readonly isWaiting = false;
  private current: State = 'idle';
  private waitingAt: number | null = null;
  private readonly ledger: Ledger;
  private readonly emit: Emit;

  constructor(look: Look, emit: Emit) {
    this.ledger = new Ledger(look.at);
    this.emit = emit;
  }

  get state(): State {
    return this.current;
  }

  get totals(): Totals {
    return this.ledger.totals();
  }

  start(): void {}

  play(look: Look): void {
    this.enter('playing', look);
    this.emit('PLAY', look.at);
  }

  pause(look: Look): void {
    this.enter('paused', look);
    this.emit('PAUSE', look.at);
  }

  waiting(look: Look): void {
    this.waitingAt = Math.round(look.at);
    this.emit('BUFFER_START', look.at, { buffering: { startedAt: this.waitingAt } });
  }

  playing(look: Look): void {
    if (this.waitingAt === null) return;
    const [startedAt, endedAt] = [this.waitingAt, Math.round(look.at)];
    this.waitingAt = null;
    this.emit('BUFFER_END', look.at, { buffering: { startedAt, endedAt, durationMs: endedAt - startedAt } });
  }

  fail(look: Look, error: PlayerFailure): void {
    this.emit('PLAYER_ERROR', look.at, { error });
  }

  tell(look: Look, type: EventType, fields: Record<string, unknown>): void {
    this.emit(type, look.at, fields);
  }

  seeking(): void {}
  ended(): void {}
  ratechange(): void {}
  visibility(): void {}
  tick(): void {}
  end(): void {}

  private enter(state: State, look: Look): void {
    this.ledger.credit(this.current, look.at);
    this.current = state;
  }
}
