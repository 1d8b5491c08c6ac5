/** The plugin for hls.js alone: smaller than the one for all players. */

import { hlsAdapter } from './adapters/hls.ts';
import * as plugin from './plugin.ts';

export type { Consent } from './delivery/index.ts';
export type { EventType, PlayerFailure, TelemetryEvent } from './events.ts';
export type { Options, VideoInfo } from './options.ts';

export type TelemetryPlugin = plugin.TelemetryPlugin;
/** For hls.js. Of any other player it tells nothing, and it always sends the extended events. */
export const TelemetryPlugin = plugin.pluginFor([hlsAdapter]);
