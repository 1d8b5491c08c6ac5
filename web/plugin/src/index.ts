/**
 * Sends what happens in a site's video player to a video-telemetry server.
 *
 * ```ts
 * new TelemetryPlugin(hls, videoElement, 'viewer123', { endpoint: 'https://telemetry.example/telemetry' });
 * ```
 */

import { dashAdapter } from './adapters/dash.ts';
import { hlsAdapter } from './adapters/hls.ts';
import { plainAdapter } from './adapters/plain.ts';
import { shakaAdapter } from './adapters/shaka.ts';
import { videojsAdapter } from './adapters/videojs.ts';
import * as plugin from './plugin.ts';
import { sixEvents } from './six.ts';

export type { Consent } from './delivery/index.ts';
export type { EventType, PlayerFailure, TelemetryEvent } from './events.ts';
export type { Options, VideoInfo } from './options.ts';

export type TelemetryPlugin = plugin.TelemetryPlugin;
/** For hls.js, dash.js, Shaka Player, video.js and a media element alone. */
export const TelemetryPlugin = plugin.pluginFor(
  // The last one takes whatever no other knows.
  [hlsAdapter, dashAdapter, shakaAdapter, videojsAdapter, plainAdapter],
  sixEvents,
);
