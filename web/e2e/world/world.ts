/** Everything a browser test needs, started once for each file: site, service and Chromium. */
import type { Browser } from 'playwright-core';

import type { PageSetup } from '../page/setup.ts';
import { openBrowser } from './browser.ts';
import { MediaServer } from './media-server.ts';
import { STREAMS } from './media.ts';
import { Service, type EventRow, type Summary } from './service.ts';
import { Tab } from './tab.ts';
import { until } from './until.ts';
import { Viewer } from './viewer.ts';

/** A finished session as it stands in the database. */
export interface StoredSession {
  readonly summary: Summary;
  readonly events: readonly EventRow[];
}

export class World {
  private readonly browsers = new Map<boolean, Browser>();

  private constructor(
    readonly site: MediaServer,
    readonly service: Service,
  ) {}

  static async start(): Promise<World> {
    const [site, service] = await Promise.all([MediaServer.start(), Service.start()]);
    return new World(site, service);
  }

  /** Ends with the service's own check of every summary; throws when one differs. */
  async stop(): Promise<void> {
    for (const browser of this.browsers.values()) await browser.close();
    await this.site.stop();
    try {
      await this.service.verify();
    } finally {
      await this.service.stop();
    }
  }

  /** A viewer with a new browser profile. Whether pages may play by themselves is a property of browsers. */
  async viewer({ mayAutoplay = true } = {}): Promise<Viewer> {
    const browser = this.browsers.get(mayAutoplay) ?? (await openBrowser({ mayAutoplay }));
    this.browsers.set(mayAutoplay, browser);
    return new Viewer(await Tab.create(browser));
  }

  /** A page with hls.js and the plugin, unless told otherwise. */
  setup(viewerId: string, other: Partial<PageSetup> = {}): PageSetup {
    return {
      player: 'hls.js',
      client: 'plugin',
      source: STREAMS.hls,
      endpoint: `${this.service.url}/telemetry`,
      viewerId,
      config: {},
      options: {},
      muted: false,
      ...other,
    };
  }

  /** The viewer's sessions, when that many have ended and every event is in its summary. */
  async sessionsOf(viewerId: string, { count = 1, client = 'plugin' } = {}): Promise<StoredSession[]> {
    return until(
      `${count} sessions of ${viewerId} have their summaries`,
      async () => {
        const { sessions, stored, folded } = await this.service.progress(viewerId);
        if (sessions !== count || stored !== folded) return undefined;
        const found = await this.read(viewerId);
        return found.length === count && found.every((s) => isComplete(s, client)) ? found : undefined;
      },
      { everyMs: 250 },
    );
  }

  private async read(viewerId: string): Promise<StoredSession[]> {
    const summaries = await this.service.summaries(viewerId);
    return Promise.all(
      summaries.map(async (summary) => ({ summary, events: await this.service.events(summary.session_id) })),
    );
  }
}

/** The plugin says when a session is over; the original client never did. */
function isComplete({ summary, events }: StoredSession, client: string): boolean {
  const hasEnded = client !== 'plugin' || events.some((event) => event.event_type === 'SESSION_END');
  return hasEnded && summary.event_count === events.length;
}
