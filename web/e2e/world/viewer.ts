/**
 * A person at a page with a player: what scenarios are written in. Positions in s, durations in ms.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Recording } from '../page/recording.ts';
import type { PageSetup } from '../page/setup.ts';
import type { Tab } from './tab.ts';
import { until } from './until.ts';

const PLUGIN = path.resolve(import.meta.dirname, '../../plugin/dist/telemetry-plugin.js');

/** Throws, saying what to do, when there is no plugin to test. */
export function requirePlugin(): void {
  if (existsSync(PLUGIN)) return;
  throw new Error('the plugin is not built; in web/: npm run build --workspace plugin');
}

export class Viewer {
  constructor(readonly tab: Tab) {}

  async open(siteUrl: string, setup: PageSetup): Promise<void> {
    if (setup.client === 'plugin') requirePlugin();
    const query = new URLSearchParams({ setup: JSON.stringify(setup) });
    await this.tab.open(`${siteUrl}/page/player.html?${query.toString()}`);
    await this.sees('page !== undefined');
  }

  /** Watches until this holds; `video` is the media element. */
  async sees(condition: string, timeoutMs = 40_000): Promise<void> {
    const expression = `(() => { const { page } = window, video = page?.video; return ${condition}; })()`;
    await until(`the page shows ${condition}`, () => this.tab.evaluate<boolean>(expression), { timeoutMs });
  }

  /** Lets time pass: how long something lasts is part of a scenario, not a way to wait for it. */
  async watchesFor(durationMs: number): Promise<void> {
    await sleep(durationMs);
  }

  /** Another tab in the same browser profile. */
  async anotherTab(): Promise<Viewer> {
    return new Viewer(await this.tab.another());
  }

  play(): Promise<string> {
    return this.tab.evaluate('window.page.play()');
  }

  async pause(): Promise<void> {
    await this.tab.evaluate('window.page.video.pause()');
  }

  async seek(toSec: number): Promise<void> {
    await this.tab.evaluate(`void (window.page.video.currentTime = ${toSec})`);
  }

  async setRate(rate: number): Promise<void> {
    await this.tab.evaluate(`void (window.page.video.playbackRate = ${rate})`);
  }

  async load(source: string): Promise<void> {
    await this.tab.evaluate(`window.page.load(${JSON.stringify(source)})`);
  }

  async show(height: number): Promise<void> {
    await this.tab.evaluate(`window.page.show(${height})`);
  }

  recording(): Promise<Recording> {
    return this.tab.evaluate('window.page.recording()');
  }
}
