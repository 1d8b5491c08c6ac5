/**
 * Sends what happens in a site's video player to a video-telemetry server.
 *
 * ```ts
 * new TelemetryPlugin(hls, videoElement, 'viewer123', { endpoint: 'https://telemetry.example/telemetry' });
 * ```
 */

import { dashAdapter } from './adapters/dash.ts';
import { hlsAdapter } from './adapters/hls.ts';
import { shakaAdapter } from './adapters/shaka.ts';
import { videojsAdapter } from './adapters/videojs.ts';
import { Plugin } from './plugin.ts';

export type { Consent } from './delivery/index.ts';
export type { EventType, PlayerFailure, TelemetryEvent } from './events.ts';
export type { Options, VideoInfo } from './options.ts';

/** For hls.js, dash.js, Shaka Player, video.js and a media element alone. */
export class TelemetryPlugin extends Plugin {
  protected static override adapters = [hlsAdapter, dashAdapter, shakaAdapter, videojsAdapter];
}
