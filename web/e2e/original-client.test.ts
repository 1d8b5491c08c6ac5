/**
 * The client that is in the field must go on working: its six events, against the same service, must give
 * the figures that six events can carry. `E2E_ORIGINAL=all` plays every scenario with it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { isWithinTolerance } from './compare.ts';
import { play } from './play.ts';
import { SCENARIOS } from './scenarios.ts';
import { publish, type Row } from './table.ts';
import { World } from './world/world.ts';

const all = process.env.E2E_ORIGINAL === 'all';
const rows: Row[] = [];
let world: World;

beforeAll(async () => {
  world = await World.start();
});

afterAll(async () => {
  await publish('original-client', rows);
  await world.stop();
});

test.for(SCENARIOS.filter(({ isForOriginal }) => all || isForOriginal))(
  'six events tell the truth about $name',
  async (scenario) => {
    const played = await play(world, scenario, 'original');
    rows.push(...played.rows);
    expect(played.rows.filter((row) => !isWithinTolerance(row))).toEqual([]);
  },
);
