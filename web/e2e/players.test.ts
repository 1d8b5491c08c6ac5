/**
 * The plugin attaches to other players than hls.js: each plays, changes its rendition where it has several,
 * seeks and fails, and the service knows of all of it.
 */
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { compare, isWithinTolerance } from './compare.ts';
import type { PlayerName } from './page/setup.ts';
import { publish, type Row } from './table.ts';
import { truthOf } from './truth.ts';
import { RENDITIONS, STREAMS } from './world/media.ts';
import { until } from './world/until.ts';
import { requirePlugin, type Viewer } from './world/viewer.ts';
import { World, type StoredSession } from './world/world.ts';

interface Case {
  readonly player: PlayerName;
  readonly source: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** How the player calls itself, and the npm package whose version it has. */
  readonly told: RegExp;
  readonly npm?: string;
  /** What is not found in the end: a player that never gives up on segments is given a missing source. */
  readonly missing: 'segments' | 'source';
}

const CASES: readonly Case[] = [
  {
    player: 'dash.js',
    source: STREAMS.dash,
    config: {
      streaming: {
        buffer: { bufferTimeDefault: 4, bufferTimeAtTopQuality: 4, bufferTimeAtTopQualityLongForm: 4 },
        retryAttempts: { MediaSegment: 1 },
        retryIntervals: { MediaSegment: 200 },
      },
    },
    told: /dash/i,
    npm: 'dashjs',
    missing: 'segments',
  },
  {
    player: 'shaka',
    source: STREAMS.dash,
    // A failing stream is not set aside for a while, in the hope that it will recover.
    config: { streaming: { bufferingGoal: 4, maxDisabledTime: 0 } },
    told: /shaka/i,
    npm: 'shaka-player',
    missing: 'segments',
  },
  {
    player: 'video.js',
    source: STREAMS.hls,
    config: {},
    told: /video\.?js/i,
    npm: 'video.js',
    missing: 'source',
  },
  { player: 'progressive', source: STREAMS.progressive, config: {}, told: /./, missing: 'source' },
];

const rows: Row[] = [];
let world: World;

beforeAll(async () => {
  requirePlugin();
  world = await World.start();
  return async () => {
    await world.stop();
  };
});

afterEach(() => {
  world.site.trouble.end();
});

afterAll(async () => {
  if (rows.length > 0) await publish('players', rows);
});

test.for(CASES)('$player is measured', async (given) => {
  const viewerId = `with ${given.player}`;
  const viewer = await world.viewer();
  await viewer.open(world.site.url, world.setup(viewerId, given));
  await playSwitchAndSeek(viewer, given);
  const recording = await viewer.recording();
  await fail(viewer, given, viewerId);
  await viewer.tab.close();
  const sessions = await world.sessionsOf(viewerId, { count: given.missing === 'source' ? 2 : 1 });

  const [played] = sessions as [StoredSession];
  const window = {
    fromMs: played.events[0]?.event_timestamp ?? 0,
    toMs: recording.samples.at(-1)?.atMs ?? 0,
  };
  // What comes after the failure is not recorded, so only what it cannot change is held against the truth.
  const compared = compare(truthOf(recording, 0, window), played.summary).filter(({ figure }) =>
    ['startup ms', 'playing ms', 'rebuffer ms', 'rebuffers'].includes(figure),
  );
  rows.push(...compared.map((row) => ({ scenario: given.player, ...row })));
  expect(compared.filter((row) => !isWithinTolerance(row))).toEqual([]);
  expectNamed(played, given);
  expectRenditions(played, given);
  expect(played.summary.seek_count).toBeGreaterThanOrEqual(1);
  const failed = sessions.at(-1)?.summary;
  expect(failed).toMatchObject(given.missing === 'source' ? { vsf: true } : { vpf: true });
});

async function playSwitchAndSeek(viewer: Viewer, { source }: Case): Promise<void> {
  await viewer.sees('video.currentTime > 1.5');
  if (source !== STREAMS.progressive) {
    await viewer.show(180);
    await viewer.sees('video.videoHeight === 180');
    await viewer.show(720);
    await viewer.sees('video.videoHeight === 720');
  }
  await viewer.watchesFor(1000);
  await viewer.seek(35);
  await viewer.sees('video.currentTime > 36.5 && !video.seeking');
}

async function fail(viewer: Viewer, { missing }: Case, viewerId: string): Promise<void> {
  world.site.trouble.make({ match: /./, action: { kind: 'status', status: 404 } });
  if (missing === 'source') await viewer.load('/media/mp4/missing.mp4');
  else await viewer.seek(25);
  if (missing === 'source') void viewer.play();
  await until('the failure is stored', () => world.service.hasEvent(viewerId, 'PLAYER_ERROR'));
}

function expectNamed({ summary }: StoredSession, { told, npm }: Case): void {
  expect(summary.player).toMatch(told);
  if (npm !== undefined) expect(summary.player_version).toContain(versionOf(npm));
}

/** Bitrates are what the manifest declares; manifests differ in whether sound is in it. */
function expectRenditions({ events }: StoredSession, { source }: Case): void {
  const shown = events
    .filter(({ event_type }) => event_type === 'QUALITY_CHANGE')
    .map(({ raw_json }) => raw_json);
  const qualities = shown.map(({ quality }) => quality as { height?: number; bitrateKbps?: number });
  if (source === STREAMS.progressive) {
    expect(qualities.map(({ height }) => height)).toEqual([360]);
    return;
  }
  expect(qualities.map(({ height }) => height)).toEqual(expect.arrayContaining([180, 720]));
  for (const { height, bitrateKbps } of qualities) {
    const rendition = RENDITIONS.find((candidate) => candidate.height === height);
    expect(bitrateKbps).toBeGreaterThan((rendition?.videoKbps ?? 0) * 0.8);
    expect(bitrateKbps).toBeLessThan(((rendition?.bandwidth ?? 0) / 1000) * 1.2);
  }
}

function versionOf(npm: string): string {
  const require = createRequire(import.meta.url);
  return (require(`../node_modules/${npm}/package.json`) as { version: string }).version;
}
