/** Nothing is lost and nothing is doubled, whatever the way to the service is like. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { isWithinTolerance } from './compare.ts';
import { play } from './play.ts';
import type { Scenario } from './scenarios.ts';
import { publish, type Row } from './table.ts';
import { expectWhole } from './whole.ts';
import { Gateway, type Mood } from './world/gateway.ts';
import { until } from './world/until.ts';
import { requirePlugin, type Viewer } from './world/viewer.ts';
import { World, type StoredSession } from './world/world.ts';

const OFFLINE_MS = 30_000;

/** Enough to load the whole stream ahead: the network may then go without a stall. */
const WHOLE_STREAM_AHEAD = { maxBufferLength: 60, maxMaxBufferLength: 60 };
const WHOLE_STREAM_IS_LOADED = 'video.buffered.length > 0 && video.buffered.end(0) > 47';

const rows: Row[] = [];
let world: World;
let gateway: Gateway;

beforeAll(async () => {
  requirePlugin();
  world = await World.start();
  gateway = await Gateway.start(world.service.url);
  return async () => {
    await gateway.stop();
    await world.stop();
  };
});

afterAll(async () => {
  if (rows.length > 0) await publish('delivery', rows);
});

test('half a minute offline costs nothing', async () => {
  const offline: Scenario = {
    name: 'half a minute offline',
    config: WHOLE_STREAM_AHEAD,
    async play(viewer) {
      await viewer.sees(WHOLE_STREAM_IS_LOADED);
      await viewer.tab.setOffline(true);
      const startedMs = performance.now();
      await pauseAndSeek(viewer);
      await viewer.watchesFor(OFFLINE_MS - (performance.now() - startedMs));
      await viewer.tab.setOffline(false);
      await viewer.watchesFor(2000);
    },
  };
  const { sessions, rows: compared } = await play(world, offline, 'plugin');
  rows.push(...compared);
  expect(compared.filter((row) => !isWithinTolerance(row))).toEqual([]);
  for (const session of sessions) expectWhole(session);
  expect(sessions[0]?.summary).toMatchObject({ pause_count: 1, seek_count: 1 });
});

const BAD_MOODS: readonly Mood[] = ['refuses', 'loses replies'];

test.for(BAD_MOODS)('a way to the service that %s for a while costs nothing', async (mood) => {
  const viewerId = `a gateway that ${mood}`;
  const viewer = await world.viewer();
  const setup = { endpoint: `${gateway.url}/telemetry`, options: { flushIntervalMs: 500 } };
  await viewer.open(world.site.url, world.setup(viewerId, setup));
  await viewer.sees('video.currentTime > 1');
  gateway.mood = mood;
  gateway.spoiled = 0;
  await pauseAndSeek(viewer);
  await until(`two requests are spoiled`, () => gateway.spoiled >= 2);
  gateway.mood = 'forwards';
  await until('the pause is stored', () => isStored(viewerId, 'PAUSE'));
  await viewer.tab.close();
  const [session] = await world.sessionsOf(viewerId);
  expectWhole(session as StoredSession);
});

test('what a page could not send before it was closed, the next page sends', async () => {
  const viewerId = 'closed in vain';
  const first = await world.viewer();
  const setup = {
    config: WHOLE_STREAM_AHEAD,
    endpoint: `${gateway.url}/telemetry`,
    options: { flushIntervalMs: 500, persist: true },
  };
  await first.open(world.site.url, world.setup(viewerId, setup));
  await first.sees(WHOLE_STREAM_IS_LOADED);
  gateway.mood = 'refuses';
  await pauseAndSeek(first);
  const next = await first.anotherTab();
  await first.tab.close();
  expect(await isStored(viewerId, 'PAUSE')).toBe(false);
  gateway.mood = 'forwards';
  await next.open(world.site.url, world.setup('the next viewer', setup));
  await until('the pause is stored', () => isStored(viewerId, 'PAUSE'));
  await next.tab.close();
  // Its last event may have come too late to be kept; none may be missing before the last that was.
  const [session] = await world.sessionsOf(viewerId, { client: 'none' });
  expectWhole(session as StoredSession);
});

async function pauseAndSeek(viewer: Viewer): Promise<void> {
  await viewer.pause();
  await viewer.watchesFor(1000);
  await viewer.play();
  await viewer.watchesFor(500);
  await viewer.seek(10);
  await viewer.sees('video.currentTime > 11');
}

function isStored(viewerId: string, eventType: string): Promise<boolean> {
  return world.service.hasEvent(viewerId, eventType);
}
