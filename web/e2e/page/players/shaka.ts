import type shakaNamespace from 'shaka-player';

import { loadScript } from '../load-script.ts';
import type { Config, PagePlayer } from './index.ts';

declare const shaka: typeof shakaNamespace;

export async function createShaka(video: HTMLVideoElement, config: Config): Promise<PagePlayer> {
  await loadScript('/vendor/shaka-player/dist/shaka-player.compiled.js');
  const player = new shaka.Player();
  await player.attach(video);
  player.configure(config);
  return {
    api: player,
    load: (source) => {
      // A failure to load is also told by the player's error event, which is what telemetry hears.
      player.load(source).catch(() => {});
    },
    show: (height) => {
      player.configure({ abr: { enabled: false } });
      const wanted = player.getVariantTracks().find((track) => track.height === height);
      if (wanted !== undefined) player.selectVariantTrack(wanted, true);
    },
  };
}
