/** hls.js */

import type { Rendition } from '../events.ts';
import { type Adapter, EMITTER, has, type PlayerEvents, rendition } from './adapter.ts';

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

export function hlsAdapter(player: unknown, events: PlayerEvents): Adapter | undefined {
  if (!has(player, 'loadSource')) return;
  const hls = player as Hls;
  const of = (level: Level | undefined): Rendition | undefined =>
    level && rendition(level.bitrate, level.width, level.height);
  return {
    name: 'hls.js',
    version: hls.constructor.version,
    hasSource: () => Boolean(hls.url),
    renditions: () => hls.levels.flatMap((level) => of(level) ?? []),
    emitter: hls,
    methods: EMITTER,
    handlers: {
      hlsManifestLoading() {
        events.source();
      },
      hlsDestroying() {
        events.unload('destroy');
      },
      hlsLevelSwitched(_: unknown, { level }: { level: number }) {
        events.rendition(of(hls.levels[level]));
      },
      hlsError(_: unknown, { type, details, fatal, response }: HlsError) {
        events.error({ type, details, fatal, httpStatus: response?.code || undefined });
      },
    },
  };
}
