/** dash.js, version 5 and its kin */

import { type Adapter, hasMethods, listenTo, rendition } from './adapter.ts';

interface Representation {
  readonly bandwidth?: number;
  readonly bitrateInKbit?: number;
  readonly width: number;
  readonly height: number;
}

interface Dash {
  getVersion(): string;
  getSource(): unknown;
  getRepresentationsByType(type: 'video'): readonly Representation[];
  isReady(): boolean;
}

interface DashError {
  readonly error?: {
    readonly code: number | string;
    readonly message?: string;
    readonly data?: { readonly response?: { readonly status?: number } };
  };
}

const of = ({ bandwidth, bitrateInKbit = 0, width, height }: Representation) =>
  rendition(bandwidth ?? bitrateInKbit * 1000, width, height);

export function dashAdapter(player: unknown): Adapter | undefined {
  if (!hasMethods(player, 'attachSource', 'attachView', 'getRepresentationsByType', 'getVersion')) return;
  const dash = player as Dash;
  return {
    name: 'dash.js',
    version: dash.getVersion(),
    hasSource: () => {
      // It throws while nothing is attached.
      try {
        return Boolean(dash.getSource());
      } catch {
        return false;
      }
    },
    renditions: () => dash.getRepresentationsByType('video').map(of),
    listen: (events) =>
      listenTo(dash, 'on', 'off', {
        manifestLoadingStarted: () => {
          events.source();
        },
        qualityChangeRendered: ({ mediaType, newRepresentation }: Rendered) => {
          if (mediaType === 'video') events.rendition(of(newRepresentation));
        },
        // It tells of no error that it recovers from by itself.
        error: ({ error }: DashError) => {
          if (!error) return;
          const httpStatus = error.data?.response?.status;
          const details = error.message ?? '';
          events.error({ type: String(error.code), details, fatal: true, ...(httpStatus && { httpStatus }) });
        },
      }),
  };
}

interface Rendered {
  readonly mediaType: string;
  readonly newRepresentation: Representation;
}
