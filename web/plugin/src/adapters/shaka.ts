/** Shaka Player */

import type { Rendition } from '../events.ts';
import { type Adapter, DOM, has, rendition, type Tell } from './adapter.ts';

interface Track {
  readonly active: boolean;
  readonly bandwidth: number;
  readonly videoBandwidth?: number | null;
  readonly width?: number | null;
  readonly height?: number | null;
}

interface Shaka {
  readonly constructor: { readonly version?: string };
  getAssetUri(): string | null;
  getVariantTracks(): readonly Track[];
}

interface ShakaError {
  readonly severity: number;
  readonly category: number;
  readonly code: number;
  readonly data?: readonly unknown[];
}

const CRITICAL = 2;
const NETWORK = 1;
const BAD_HTTP_STATUS = 1001;

const of = ({ bandwidth, videoBandwidth, width, height }: Track): Rendition =>
  rendition(videoBandwidth ?? bandwidth, width ?? 0, height ?? 0);

export function shakaAdapter(player: unknown, tell: Tell): Adapter | undefined {
  if (!has(player, 'getVariantTracks')) return;
  const shaka = player as Shaka;
  const switched = () => {
    const active = shaka.getVariantTracks().find((track) => track.active);
    tell('rendition', active && of(active));
  };
  return {
    name: 'Shaka Player',
    version: shaka.constructor.version,
    hasSource: () => Boolean(shaka.getAssetUri()),
    renditions: () => shaka.getVariantTracks().map(of),
    emitter: shaka,
    methods: DOM,
    handlers: {
      loading() {
        tell('source');
      },
      unloading() {
        tell('end', 'source_change');
      },
      adaptation: switched,
      variantchanged: switched,
      error({ detail }: { detail?: ShakaError }) {
        if (!detail) return;
        const { severity, category, code, data } = detail;
        tell('error', {
          type: category === NETWORK ? 'network' : `category ${category}`,
          details: String(code),
          fatal: severity === CRITICAL,
          httpStatus: code === BAD_HTTP_STATUS ? Number(data?.[1]) || undefined : undefined,
        });
      },
    },
  };
}
