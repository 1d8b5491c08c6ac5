/** video.js, with its own HLS and DASH engine (VHS) or none */

import type { Rendition } from '../events.ts';
import { type Adapter, EMITTER, has, rendition, type Tell } from './adapter.ts';

interface Playlist {
  readonly attributes?: {
    readonly BANDWIDTH?: number;
    readonly RESOLUTION?: { readonly width: number; readonly height: number };
  };
}

interface Vhs {
  readonly playlists?: {
    readonly main?: { readonly playlists?: readonly Playlist[] };
    media?(): Playlist | undefined;
  };
}

interface VideoJs {
  currentSrc(): string;
  error(): { readonly code: number; readonly message?: string; readonly status?: number | null } | null;
  tech(safety: object): { readonly vhs?: Vhs } | undefined;
}

/** MediaError's codes by name: 1 is no failure. */
export const MEDIA_ERRORS = ['', 'ABORTED', 'NETWORK', 'DECODE', 'SRC_NOT_SUPPORTED'] as const;

const of = ({ attributes }: Playlist): Rendition =>
  rendition(attributes?.BANDWIDTH, attributes?.RESOLUTION?.width, attributes?.RESOLUTION?.height);

export function videojsAdapter(player: unknown, tell: Tell): Adapter | undefined {
  if (!has(player, 'tech')) return;
  const videojs = player as VideoJs;
  const global = globalThis as { videojs?: { readonly VERSION?: string } };
  // The argument says that one knows: another tech may have other things inside.
  const playlists = () => videojs.tech({ IWillNotUseThisInPlugins: true })?.vhs?.playlists;
  return {
    name: 'video.js',
    version: global.videojs?.VERSION,
    hasSource: () => Boolean(videojs.currentSrc()),
    renditions: () => playlists()?.main?.playlists?.map(of) ?? [],
    emitter: videojs,
    methods: EMITTER,
    handlers: {
      loadstart() {
        tell('source');
      },
      dispose() {
        tell('end', 'destroy');
      },
      mediachange() {
        const playlist = playlists()?.media?.();
        tell('rendition', playlist && of(playlist));
      },
      error() {
        const { code = 0, message = '', status } = videojs.error() ?? {};
        const type = `MEDIA_ERR_${MEDIA_ERRORS[code] || code}`;
        if (code)
          tell('error', { type, details: message, fatal: code !== 1, httpStatus: status ?? undefined });
      },
    },
  };
}
