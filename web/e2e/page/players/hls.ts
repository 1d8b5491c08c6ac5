import type HlsClass from 'hls.js';

import { loadScript } from '../load-script.ts';
import type { Config, PagePlayer } from './index.ts';

declare const Hls: typeof HlsClass;

export async function createHls(video: HTMLVideoElement, config: Config): Promise<PagePlayer> {
  await loadScript('/vendor/hls.js/dist/hls.min.js');
  const hls = new Hls(config);
  hls.attachMedia(video);
  return {
    api: hls,
    load: (source) => {
      hls.loadSource(source);
    },
    onFailure: (handle) => {
      hls.on(Hls.Events.ERROR, (_event, { fatal }) => {
        if (fatal) handle();
      });
    },
    show: (height) => {
      hls.nextLevel = hls.levels.findIndex((level) => level.height === height);
    },
  };
}
