/** hls.js and the telemetry plugin on one video element, the way a site puts them together. */
import Hls from 'hls.js';
import type { LoaderConfig } from 'hls.js';
import { TelemetryPlugin } from 'video-telemetry-plugin';

import type { SentEvent } from './events.ts';
import { loaderOn } from './network.ts';
import type { Network } from './network.ts';

const SOURCE = `${import.meta.env.BASE_URL}media/master.m3u8`;
/** Little is buffered and sent often, so that trouble and its traces show within seconds. */
const BUFFER_SEC = 4;
const FLUSH_INTERVAL_MS = 500;
const HEARTBEAT_MS = 2000;

/** Gives up on a segment after the second attempt: nobody waits half a minute for a fatal error. */
const IMPATIENT: LoaderConfig = {
  maxTimeToFirstByteMs: 10_000,
  maxLoadTimeMs: 60_000,
  timeoutRetry: null,
  errorRetry: { maxNumRetry: 1, retryDelayMs: 300, maxRetryDelayMs: 300 },
};

export interface Player {
  /** The current session, once there is one. */
  sessionId(): string | null;
  /** Loads the video anew, which ends the session and begins another, and plays it. */
  renew(): void;
}

export function createPlayer(
  video: HTMLVideoElement,
  network: Network,
  onEvent: (event: SentEvent) => void,
): Player {
  const hls = new Hls({
    fLoader: loaderOn(network),
    maxBufferLength: BUFFER_SEC,
    maxMaxBufferLength: BUFFER_SEC,
    // What was played is loaded again when it is played again.
    backBufferLength: 0,
    fragLoadPolicy: { default: IMPATIENT },
  });
  const plugin = new TelemetryPlugin(hls, video, 'demo-viewer', {
    endpoint: '/telemetry',
    flushIntervalMs: FLUSH_INTERVAL_MS,
    heartbeatMs: HEARTBEAT_MS,
    onEvent,
  });
  hls.attachMedia(video);
  const play = (): void => {
    // The browser may want a click first; the page's buttons and the video's own are there.
    video.play().catch(() => {});
  };
  return {
    sessionId: () => plugin.sessionId,
    renew() {
      hls.loadSource(SOURCE);
      play();
    },
  };
}
