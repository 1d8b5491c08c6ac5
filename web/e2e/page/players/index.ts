/** One way to make each player do the same things. */
import type { PlayerName } from '../setup.ts';
import { createDash } from './dash.ts';
import { createHls } from './hls.ts';
import { createProgressive } from './progressive.ts';
import { createShaka } from './shaka.ts';
import { createVideoJs } from './video-js.ts';

export type Config = Readonly<Record<string, unknown>>;

export interface PagePlayer {
  /** The player itself, which a telemetry client attaches to; null where there is none. */
  readonly api: unknown;
  load(source: string): void;
  /** Asks for the rendition of this height, as a viewer does in a menu. */
  show(height: number): void;
  /** Calls back when the player gives up; only where a test needs to know. */
  onFailure?(handle: () => void): void;
}

type Create = (video: HTMLVideoElement, config: Config) => Promise<PagePlayer>;

const PLAYERS: Readonly<Record<PlayerName, Create>> = {
  'hls.js': createHls,
  'dash.js': createDash,
  shaka: createShaka,
  'video.js': createVideoJs,
  progressive: createProgressive,
};

export function createPlayer(name: PlayerName, video: HTMLVideoElement, config: Config): Promise<PagePlayer> {
  return PLAYERS[name](video, config);
}
