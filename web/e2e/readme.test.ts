/**
 * The plugin's README keeps its word: each player's snippet, pasted into a page as it is, plays, and the
 * service knows of it. Only the example hosts are replaced.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';

import { World } from './world/world.ts';

const README = path.resolve(import.meta.dirname, '../plugin/README.md');
const PLAYERS = ['hls.js', 'dash.js', 'Shaka Player', 'video.js', 'A media element alone'];

let world: World;

beforeAll(async () => {
  world = await World.start();
  return async () => {
    await world.stop();
  };
});

test.for(PLAYERS)('the snippet for %s works when pasted', async (player) => {
  const viewerId = `the snippet for ${player}`;
  const snippet = await snippetFor(player);
  const page = snippet
    .replaceAll('https://telemetry.example', world.service.url)
    .replaceAll('https://cdn.example', `${world.site.url}/vendor`)
    .replaceAll('https://video.example', `${world.site.url}/media`)
    .replaceAll('viewer123', viewerId);
  world.site.pages.set('/snippet.html', `<!doctype html><title>${player}</title>${page}`);
  const viewer = await world.viewer();
  await viewer.tab.open(`${world.site.url}/snippet.html`);
  await viewer.sees("document.querySelector('video')?.currentTime > 2");
  await viewer.tab.close();
  const [session] = await world.sessionsOf(viewerId);
  const { summary } = session ?? {};
  expect(summary).toMatchObject({ rebuffer_count: 0, error_count: 0, completeness: 1, vsf: false });
  expect(summary?.startup_ms).toBeGreaterThan(0);
  expect(summary?.playing_ms).toBeGreaterThan(1000);
});

async function snippetFor(player: string): Promise<string> {
  const readme = await readFile(README, 'utf8');
  const section = readme.split(`### ${player}\n`)[1]?.split('\n#')[0] ?? '';
  return /```html\n([^]*?)```/.exec(section)?.[1] ?? '';
}
