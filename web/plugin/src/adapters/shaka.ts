/** Shaka Player */

import type { Rendition } from '../events.ts';
import { type Adapter, hasMethods, listenTo, rendition } from './adapter.ts';

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

export function shakaAdapter(player: unknown): Adapter | undefined {
  if (!hasMethods(player, 'getVariantTracks', 'getAssetUri', 'addEventListener')) return;
  const shaka = player as Shaka;
  return {
    name: 'Shaka Player',
    version: shaka.constructor.version,
    hasSource: () => Boolean(shaka.getAssetUri()),
    renditions: () => shaka.getVariantTracks().map(of),
    listen: (events) => {
      const switched = () => {
        const active = shaka.getVariantTracks().find((track) => track.active);
        events.rendition(active && of(active));
      };
      return listenTo(shaka, 'addEventListener', 'removeEventListener', {
        loading: () => {
          events.source();
        },
        adaptation: switched,
        variantchanged: switched,
        error: ({ detail }: { detail?: ShakaError }) => {
          if (!detail) return;
          const { severity, category, code, data } = detail;
          const httpStatus = code === BAD_HTTP_STATUS ? data?.[1] : undefined;
          events.error({
            type: category === NETWORK ? 'network' : `category ${category}`,
            details: String(code),
            fatal: severity === CRITICAL,
            ...(typeof httpStatus === 'number' && { httpStatus }),
          });
        },
      });
    },
  };
}
