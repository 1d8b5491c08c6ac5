/** A media element that plays by itself: a file, or HLS where the browser can. */

import { type Adapter, listenTo } from './adapter.ts';
import { MEDIA_ERRORS } from './videojs.ts';

export function plainAdapter(_player: unknown, video: HTMLVideoElement): Adapter {
  return {
    name: 'html5',
    hasSource: () => Boolean(video.currentSrc),
    renditions: () => [],
    listen: (events) =>
      listenTo(video, 'addEventListener', 'removeEventListener', {
        loadstart: () => {
          events.source();
        },
        error: () => {
          const { error } = video;
          if (!error) return;
          const details = `MEDIA_ERR_${MEDIA_ERRORS[error.code] || error.code}`;
          events.error({ type: 'mediaError', details, fatal: error.code !== MediaError.MEDIA_ERR_ABORTED });
        },
      }),
  };
}
