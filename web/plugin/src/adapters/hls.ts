/** hls.js */

import type { Rendition } from '../events.ts';
import { type Adapter, EMITTER, has, rendition, type Tell } from './adapter.ts';

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

export function hlsAdapter(player: unknown, tell: Tell): Adapter | undefined {
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
        tell('source');
      },
      hlsDestroying() {
        tell('end', 'destroy');
      },
      hlsLevelSwitched(_: unknown, { level }: { level: number }) {
        tell('rendition', of(hls.levels[level]));
      },
      hlsError(_: unknown, { type, details, fatal, response }: HlsError) {
        tell('error', { type, details, fatal, httpStatus: response?.code || undefined });
      },
    },
  };
}
