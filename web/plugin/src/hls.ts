/** The plugin for hls.js and a media element alone: smaller than the one for all players. */

import { hlsAdapter } from './adapters/hls.ts';
import { Plugin } from './plugin.ts';

export type { Consent } from './delivery/index.ts';
export type { EventType, PlayerFailure, TelemetryEvent } from './events.ts';
export type { Options, VideoInfo } from './options.ts';

export class TelemetryPlugin extends Plugin {
  protected static override adapters = [hlsAdapter];
}
