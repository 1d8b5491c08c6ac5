import type { MediaPlayerClass, MediaPlayerFactory } from 'dashjs';

import { loadScript } from '../load-script.ts';
import type { Config, PagePlayer } from './index.ts';

declare const dashjs: { MediaPlayer(): MediaPlayerFactory };

const MANUAL: Config = {
  streaming: { abr: { autoSwitchBitrate: { video: false } } },
};

export async function createDash(video: HTMLVideoElement, config: Config): Promise<PagePlayer> {
  await loadScript('/vendor/dashjs/dist/modern/umd/dash.all.min.js');
  const player: MediaPlayerClass = dashjs.MediaPlayer().create();
  player.initialize(video, undefined, false);
  player.updateSettings(config);
  return {
    api: player,
    load: (source) => {
      player.attachSource(source);
    },
    show: (height) => {
      player.updateSettings(MANUAL);
      const wanted = player
        .getRepresentationsByType('video')
        .find((rendition) => rendition.height === height);
      if (wanted !== undefined) player.setRepresentationForTypeById('video', wanted.id, true);
    },
  };
}
