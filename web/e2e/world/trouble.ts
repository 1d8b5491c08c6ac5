/**
 * A bad network on demand: what the media server does to a request instead of just answering it.
 *
 * The first rule that matches a media request's path wins. The rate limit is one access link: all
 * connections share it. Times in ms, rates in kbit/s.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export type Action =
  | { readonly kind: 'delay'; readonly ms: number }
  /** No answer until `release`. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'reset' };

export interface Rule {
  readonly match: RegExp;
  readonly action: Action;
  /** How many requests it takes; all of them when left out. */
  times?: number;
}

export class Trouble {
  private rules: Rule[] = [];
  private rateKbps = Infinity;
  private linkBusyUntilMs = 0;
  private releaseHung: () => void = () => {};
  private hung = Promise.resolve();

  /** Adds a rule. */
  make(rule: Rule): void {
    if (rule.action.kind === 'hang') this.hung = new Promise((resolve) => (this.releaseHung = resolve));
    this.rules.push(rule);
  }

  limitRate(kbps: number): void {
    this.rateKbps = kbps;
  }

  /** All is well again: no rules, no limit, and what hung is answered. */
  end(): void {
    this.rules = [];
    this.rateKbps = Infinity;
    this.releaseHung();
  }

  /** What to do with this request; counts it against the rule's `times`. */
  actionFor(path: string): Action | undefined {
    const rule = this.rules.find((candidate) => candidate.times !== 0 && candidate.match.test(path));
    if (rule?.times !== undefined) rule.times -= 1;
    return rule?.action;
  }

  untilReleased(): Promise<void> {
    return this.hung;
  }

  /** Resolves when the shared link has carried this many bytes. */
  async carry(bytes: number): Promise<void> {
    if (this.rateKbps === Infinity) return;
    const nowMs = performance.now();
    this.linkBusyUntilMs = Math.max(this.linkBusyUntilMs, nowMs) + (bytes * 8) / this.rateKbps;
    await sleep(this.linkBusyUntilMs - nowMs);
  }
}
