/** Plays a scenario in the browser and holds what the service says of it against the truth. */
import { compare, compareHeights, compareLength, type Comparison } from './compare.ts';
import type { Recording } from './page/recording.ts';
import type { Client } from './page/setup.ts';
import type { Scenario } from './scenarios.ts';
import type { Row } from './table.ts';
import { truthOf } from './truth.ts';
import type { StoredSession, World } from './world/world.ts';

export interface Played {
  readonly sessions: readonly StoredSession[];
  readonly rows: readonly Row[];
}

export async function play(world: World, scenario: Scenario, client: Client): Promise<Played> {
  const viewerId = `${scenario.name} (${client})`;
  const recording = await watch(world, scenario, client, viewerId);
  const count = client === 'plugin' ? (scenario.sessions ?? 1) : 1;
  const sessions = await world.sessionsOf(viewerId, { count, client });
  const rows = sessions.flatMap((session, load) => {
    const name = load === 0 ? scenario.name : `${scenario.name} (${load + 1})`;
    return judge(session, recording, load, client).map((row) => ({ scenario: name, ...row }));
  });
  return { sessions, rows };
}

async function watch(
  world: World,
  { source, config, muted, mayAutoplay, before, play: act }: Scenario,
  client: Client,
  viewerId: string,
): Promise<Recording> {
  const network = world.site.trouble;
  const viewer = await world.viewer(mayAutoplay === undefined ? {} : { mayAutoplay });
  const setup = { client, ...(source && { source }), ...(config && { config }), ...(muted && { muted }) };
  try {
    before?.(network);
    await viewer.open(world.site.url, world.setup(viewerId, setup));
    await act(viewer, network);
    return await viewer.recording();
  } finally {
    network.end();
    await viewer.tab.close();
  }
}

function judge(
  { summary, events }: StoredSession,
  recording: Recording,
  load: number,
  client: Client,
): Comparison[] {
  const fromMs = events.at(0)?.event_timestamp ?? 0;
  const toMs = events.at(-1)?.event_timestamp ?? 0;
  const truth = truthOf(recording, load, { fromMs, toMs });
  const figures = compare(truth, summary);
  // Six events name the rendition loaded, not the one shown, and say nothing of a session's two ends.
  if (client !== 'plugin') return figures;
  return [...figures, ...compareHeights(truth, summary), compareLength(lengthMs(recording, load), summary)];
}

function lengthMs({ loadsAtMs, samples }: Recording, load: number): number {
  const endMs = loadsAtMs[load + 1] ?? samples.at(-1)?.atMs ?? 0;
  return endMs - (loadsAtMs[load] ?? 0);
}
