/** dash.js, version 5 and its kin */

import { type Adapter, EMITTER, has, rendition, type Tell } from './adapter.ts';

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

export function dashAdapter(player: unknown, tell: Tell): Adapter | undefined {
  if (!has(player, 'getRepresentationsByType')) return;
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
    emitter: dash,
    methods: EMITTER,
    handlers: {
      manifestLoadingStarted() {
        tell('source');
      },
      qualityChangeRendered({ mediaType, newRepresentation }: Rendered) {
        if (mediaType === 'video') tell('rendition', of(newRepresentation));
      },
      // It tells of no error that it recovers from by itself.
      error({ error }: DashError) {
        if (!error) return;
        const { code, message = '', data } = error;
        tell('error', {
          type: String(code),
          details: message,
          fatal: true,
          httpStatus: data?.response?.status,
        });
      },
    },
  };
}

interface Rendered {
  readonly mediaType: string;
  readonly newRepresentation: Representation;
}
