/** A media element that plays by itself: a file, or HLS where the browser can. */

import { type Adapter, DOM, type PlayerEvents } from './adapter.ts';
import { MEDIA_ERRORS } from './videojs.ts';

export function plainAdapter(_player: unknown, events: PlayerEvents, video: HTMLVideoElement): Adapter {
  return {
    name: 'html5',
    hasSource: () => Boolean(video.currentSrc),
    renditions: () => [],
    emitter: video,
    methods: DOM,
    handlers: {
      loadstart() {
        events.source();
      },
      emptied() {
        events.unload('source_change');
      },
      error() {
        const code = video.error?.code ?? 0;
        const details = `MEDIA_ERR_${MEDIA_ERRORS[code] || code}`;
        if (code) events.error({ type: 'mediaError', details, fatal: code !== 1 });
      },
    },
  };
}
