/** What a test asks of the page, in its query: `?setup=<JSON>`. */
export interface PageSetup {
  readonly player: PlayerName;
  readonly client: Client;
  readonly source: string;
  /** Where the client sends: the service's `/telemetry`, another origin than the page's. */
  readonly endpoint: string;
  readonly viewerId: string;
  /** The player's own configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** More options for the plugin. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly muted: boolean;
}

export type PlayerName = 'hls.js' | 'dash.js' | 'shaka' | 'video.js' | 'progressive';

/** Who measures: our plugin, an imitation of the original six-event client, or nobody. */
export type Client = 'plugin' | 'original' | 'none';
