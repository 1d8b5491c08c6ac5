/** hls.js */

import type { Rendition } from '../events.ts';
import { type Adapter, hasMethods, listenTo, rendition } from './adapter.ts';

interface Level {
  readonly bitrate: number;
  readonly width: number;
  readonly height: number;
}

interface Hls {
  readonly url: string | null;
  readonly levels: readonly Level[];
  readonly constructor: { readonly version?: string };
}

interface HlsError {
  readonly type: string;
  readonly details: string;
  readonly fatal: boolean;
  readonly response?: { readonly code?: number };
}

export function hlsAdapter(player: unknown): Adapter | undefined {
  if (!hasMethods(player, 'loadSource', 'attachMedia', 'on', 'off')) return;
  const hls = player as Hls;
  const of = (level: Level | undefined): Rendition | undefined =>
    level && rendition(level.bitrate, level.width, level.height);
  return {
    name: 'hls.js',
    version: hls.constructor.version,
    hasSource: () => Boolean(hls.url),
    renditions: () => hls.levels.flatMap((level) => of(level) ?? []),
    listen: (events) =>
      listenTo(hls, 'on', 'off', {
        hlsManifestLoading: () => {
          events.source();
        },
        hlsLevelSwitched: (_: unknown, data?: { level: number }) => {
          events.rendition(of(hls.levels[data?.level ?? -1]));
        },
        hlsError: (_: unknown, data?: HlsError) => {
          if (!data) return;
          const { type, details, fatal, response } = data;
          events.error({ type, details, fatal, ...(response?.code && { httpStatus: response.code }) });
        },
      }),
  };
}
