/**
 * Plays a text timeline to the machine: `0 play, 800 playing, 3010 waiting, 4210 playing, 6000 end destroy`.
 *
 * A step is its time (ms), what happens, and what comes with it; `@20` puts the playhead to 20 s first. The
 * playhead moves from `playing` or `moves` on, and stands still from `waiting`, `freeze`, `seeking`, `pause` or
 * `ended` on. As in the plugin there is a tick every 250 ms while the machine is active, but none of a page that
 * sleeps.
 */

import { expect } from 'vitest';
import type { EventType, Totals } from '../../src/events.ts';
import { createMachine, type Look, type SessionEnd } from '../../src/machine.ts';

const TICK_MS = 250;

export interface Told {
  /** One line an event: when it is stamped, its type, what it says. */
  lines: string[];
  /** Those that are not 0. */
  totals: Partial<Totals>;
  /** Everything but the count of rebuffers, summed up, ms. */
  spentMs: number;
}

/** Playing since 800 ms. */
export const START = '0 play, 800 playing, ';
export const STARTED = ['0 PLAY initial', '800 FIRST_FRAME after 800'];

interface Player {
  at: number;
  positionSec: number;
  paused: boolean;
  seeking: boolean;
  ended: boolean;
  rate: number;
  bufferAheadSec: number;
  moves: boolean;
  asleep: boolean;
}

type Machine = ReturnType<typeof createMachine>;
type Step = (player: Player, machine: Machine, detail: string) => void;

const look = (player: Player): Look => ({ ...player });

/** What the element shows from now on, and what the machine hears of it. */
const STEPS: Record<string, Step> = {
  play(player, machine) {
    player.paused = player.ended = false;
    machine.signal('play', look(player));
  },
  playing(player, machine) {
    player.paused = player.seeking = false;
    player.moves = true;
    machine.signal('playing', look(player));
  },
  moves(player) {
    player.paused = player.seeking = false;
    player.moves = true;
  },
  waiting(player, machine) {
    player.moves = false;
    machine.signal('waiting', look(player));
  },
  freeze(player) {
    player.moves = false;
  },
  seeking(player, machine) {
    player.moves = false;
    player.seeking = true;
    machine.signal('seeking', look(player));
  },
  seeked(player) {
    player.seeking = false;
  },
  pause(player, machine) {
    player.moves = false;
    player.paused = true;
    machine.signal('pause', look(player));
  },
  ended(player, machine) {
    player.moves = false;
    player.paused = player.ended = true;
    machine.signal('pause', look(player));
    machine.signal('ended', look(player));
  },
  rate(player, machine, rate) {
    player.rate = Number(rate);
    machine.signal('ratechange', look(player));
  },
  hide(player, machine) {
    machine.signal('visibility', look(player), true);
  },
  show(player, machine) {
    machine.signal('visibility', look(player), false);
  },
  fatal(player, machine, bufferAheadSec) {
    player.bufferAheadSec = Number(bufferAheadSec);
    machine.signal('error', look(player), { type: 'network', details: 'gone', fatal: true });
  },
  error(player, machine) {
    machine.signal('error', look(player), { type: 'network', details: 'slow', fatal: false });
  },
  sleep(player) {
    player.asleep = true;
  },
  wake(player) {
    player.asleep = false;
  },
  end(player, machine, reason) {
    machine.signal('end', look(player), reason as SessionEnd);
  },
};

export const STEP_NAMES = Object.keys(STEPS);

export function check(timeline: string, lines: string[], totals: Partial<Totals>): void {
  expect(play(timeline)).toMatchObject({ lines, totals });
}

/** Of a playback that starts as most do, and whose every ms is credited: the totals add up to the wall time. */
export function checkStarted(timeline: string, lines: string[], totals: Partial<Totals>): void {
  const told = play(START + timeline);
  expect(told.lines).toEqual([...STARTED, ...lines]);
  expect(told.totals).toEqual({ startupMs: 800, ...totals });
  expect(told.spentMs).toBe(Number(/(\d+) end \w+$/.exec(timeline)?.[1]));
}

export function play(timeline: string): Told {
  const lines: string[] = [];
  const player: Player = {
    ...{ at: 0, positionSec: 0, rate: 1, bufferAheadSec: 0 },
    ...{ paused: true, seeking: false, ended: false, moves: false, asleep: false },
  };
  const machine = createMachine(look(player), (type, at, fields = {}) => {
    lines.push([Math.round(at), type, ...sayings(type, fields)].join(' '));
  });
  for (const step of timeline.split(',')) {
    const [at = '', name = '', ...details] = step.trim().split(' ');
    pass(player, machine, Number(at));
    const position = details.find((detail) => detail.startsWith('@'));
    if (position) player.positionSec = Number(position.slice(1));
    STEPS[name]?.(player, machine, details[0] ?? '');
  }
  const { rebufferCount, ...parts } = machine.totals();
  const totals = Object.entries({ ...parts, rebufferCount }).filter(([, ms]) => ms !== 0);
  const spentMs = Object.values(parts).reduce((sum, ms) => sum + ms, 0);
  return { lines, totals: Object.fromEntries(totals), spentMs };
}

/** Time passes until then. What happens in the moment of a tick comes before it. */
function pass(player: Player, machine: Machine, until: number): void {
  while (player.at < until) {
    const tickAt = (Math.floor(player.at / TICK_MS) + 1) * TICK_MS;
    const at = Math.min(tickAt, until);
    if (player.moves && !player.asleep) player.positionSec += ((at - player.at) / 1000) * player.rate;
    // Positions in whole ms, as tests write them.
    player.positionSec = Math.round(player.positionSec * 1000) / 1000;
    player.at = at;
    if (tickAt < until && machine.isOngoing() && !player.asleep) machine.signal('tick', look(player));
  }
}

interface Fields {
  reason?: string;
  startupTimeMs?: number;
  buffering?: { startedAt: number; endedAt?: number; durationMs?: number };
  seek?: { fromSec: number; toSec: number; durationMs: number };
  hidden?: boolean;
  playbackRate?: number;
}

/** What an event says, in a few words. */
function sayings(type: EventType, fields: Fields): unknown[] {
  const { reason, startupTimeMs, buffering, seek, hidden, playbackRate } = fields;
  const said: unknown[] = [];
  if (type === 'FIRST_FRAME') said.push('after', startupTimeMs ?? 'nobody knows');
  if (buffering?.durationMs !== undefined) said.push('of', buffering.durationMs);
  if (seek) said.push('from', seek.fromSec, 'to', seek.toSec, 'in', seek.durationMs);
  if (hidden !== undefined) said.push(hidden ? 'hidden' : 'shown');
  if (playbackRate !== undefined) said.push(playbackRate);
  if (reason) said.push(reason);
  return said;
}
