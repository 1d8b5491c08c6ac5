/**
 * What the plugin costs the page, as the browser's own profiler sees it on the main thread.
 *
 * Every sample whose stack holds a function of the plugin's script counts, with all that it calls: what the
 * browser does on its behalf (JSON, fetch, IndexedDB) is its cost too.
 */
import { writeFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { pluginTimeMs, type Profile } from './profile.ts';
import { requirePlugin, type Viewer } from './world/viewer.ts';
import { World } from './world/world.ts';

const SCRIPT = '/plugin/telemetry-plugin.js';
const SAMPLE_EVERY_US = 100;

const WATCH_MS = 5000;
const MAX_SHARE_OF_A_CORE = 0.001;
const MAX_MS_PER_EVENT = 0.2;
/** The best of some rounds counts: whoever else takes the core only ever adds. */
const ROUNDS = 5;
const PAUSES_IN_A_ROUND = 10;

const figures: Record<string, number> = {};
let world: World;

beforeAll(async () => {
  requirePlugin();
  world = await World.start();
  return async () => {
    await world.stop();
  };
});

afterAll(async () => {
  if (Object.keys(figures).length === 0) return;
  console.log('cost of the plugin:', figures);
  const folder = path.join(import.meta.dirname, 'results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'cost.json'), `${JSON.stringify(figures, undefined, 2)}\n`);
});

test('while it plays, the plugin takes less than a thousandth of a core', async () => {
  const viewer = await playing('cost of playing');
  const costsMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    costsMs.push(await profiled(viewer, () => viewer.watchesFor(WATCH_MS)));
  await viewer.tab.close();
  figures.playingShareOfACore = Math.min(...costsMs) / WATCH_MS;
  expect(figures.playingShareOfACore).toBeLessThan(MAX_SHARE_OF_A_CORE);
});

test('an event costs less than a fifth of a millisecond', async () => {
  const viewer = await playing('cost of events');
  const costsMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    costsMs.push(await profiled(viewer, () => pauseOften(viewer)));
  await viewer.tab.close();
  const [session] = await world.sessionsOf('cost of events');
  const events = session?.events.filter(({ event_type }) => /^(PLAY|PAUSE)$/.test(event_type)).length ?? 0;
  expect(events).toBeGreaterThanOrEqual(ROUNDS * PAUSES_IN_A_ROUND * 2);
  figures.msPerEvent = Math.min(...costsMs) / (PAUSES_IN_A_ROUND * 2);
  expect(figures.msPerEvent).toBeLessThan(MAX_MS_PER_EVENT);
});

async function pauseOften(viewer: Viewer): Promise<void> {
  for (let i = 0; i < PAUSES_IN_A_ROUND; i += 1) {
    await viewer.pause();
    await viewer.play();
  }
}

async function playing(viewerId: string): Promise<Viewer> {
  const viewer = await world.viewer();
  await viewer.open(world.site.url, world.setup(viewerId));
  await viewer.sees('video.currentTime > 3');
  return viewer;
}

/** How long the plugin had the main thread meanwhile, ms. */
async function profiled({ tab }: Viewer, act: () => Promise<void>): Promise<number> {
  await tab.send('Profiler.enable');
  await tab.send('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  await tab.send('Profiler.start');
  await act();
  const { profile } = await tab.send<{ profile: Profile }>('Profiler.stop');
  return pluginTimeMs(profile, SCRIPT);
}
