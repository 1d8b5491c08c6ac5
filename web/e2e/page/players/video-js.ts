import type videojsFunction from 'video.js';

import { loadScript } from '../load-script.ts';
import type { Config, PagePlayer } from './index.ts';

declare const videojs: typeof videojsFunction;

const SHORT_BUFFER = { GOAL_BUFFER_LENGTH: 4, MAX_GOAL_BUFFER_LENGTH: 4 };

/** What the quality-levels plugin, a part of video.js, offers of each rendition. */
interface QualityLevel {
  readonly height: number;
  enabled: boolean;
}

export async function createVideoJs(video: HTMLVideoElement, config: Config): Promise<PagePlayer> {
  await loadScript('/vendor/video.js/dist/video.min.js');
  // A rendition asked for is only seen when what is loaded ahead has been played.
  Object.assign((videojs as unknown as { Vhs: object }).Vhs, SHORT_BUFFER);
  // Chromium plays HLS by itself too; the test is about video.js doing it.
  const player = videojs(video, { html5: { vhs: { overrideNative: true, ...config } } });
  return {
    api: player,
    load: (source) => {
      player.src({ src: source, type: source.endsWith('.mp4') ? 'video/mp4' : 'application/x-mpegURL' });
    },
    show: (height) => {
      const { qualityLevels } = player as unknown as { qualityLevels: () => ArrayLike<QualityLevel> };
      for (const level of Array.from(qualityLevels.call(player))) level.enabled = level.height === height;
    },
  };
}
