/**
 * The product, end to end: a real player in a real browser, our plugin, the service and its database. What
 * the summary says of each session is held against the playhead that the page itself watched.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { isWithinTolerance } from './compare.ts';
import { play } from './play.ts';
import { SCENARIOS } from './scenarios.ts';
import { publish, type Row } from './table.ts';
import { requirePlugin } from './world/viewer.ts';
import { World } from './world/world.ts';
import { expectWhole } from './whole.ts';

const rows: Row[] = [];
let world: World;

beforeAll(async () => {
  requirePlugin();
  world = await World.start();
  return async () => {
    await world.stop();
  };
});

afterAll(async () => {
  if (rows.length > 0) await publish('table', rows);
});

test.for(SCENARIOS)('the summary tells the truth about $name', async (scenario) => {
  const played = await play(world, scenario, 'plugin');
  rows.push(...played.rows);
  expect(played.rows.filter((row) => !isWithinTolerance(row))).toEqual([]);
  for (const session of played.sessions) expectWhole(session);
  scenario.expect?.(played.sessions);
});
