import type { PagePlayer } from './index.ts';

/** No player at all: the browser plays a file, in the one rendition that it has. */
export function createProgressive(video: HTMLVideoElement): Promise<PagePlayer> {
  return Promise.resolve({
    api: null,
    load: (source: string) => {
      video.src = source;
    },
    show: () => {},
  });
}
