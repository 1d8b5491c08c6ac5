/** A media element that plays by itself: a file, or HLS where the browser can. */

import { type Adapter, DOM, type Tell } from './adapter.ts';
import { MEDIA_ERRORS } from './videojs.ts';

export function plainAdapter(_player: unknown, tell: Tell, video: HTMLVideoElement): Adapter {
  return {
    name: 'html5',
    hasSource: () => Boolean(video.currentSrc),
    renditions: () => [],
    emitter: video,
    methods: DOM,
    handlers: {
      loadstart() {
        tell('source');
      },
      emptied() {
        tell('end', 'source_change');
      },
      error() {
        const code = video.error?.code ?? 0;
        const details = `MEDIA_ERR_${MEDIA_ERRORS[code] || code}`;
        if (code) tell('error', { type: 'mediaError', details, fatal: code !== 1 });
      },
    },
  };
}
