/**
 * Attaches the built plugin as a site would: its script gives the page a global `TelemetryPlugin`.
 */
import { loadScript } from './load-script.ts';
import type { PageSetup } from './setup.ts';

export interface AttachedPlugin {
  readonly sessionId: string;
  destroy(): void;
}

interface PluginClass {
  new (hls: unknown, video: HTMLVideoElement, viewerId: string, options: object): AttachedPlugin;
  attach(player: unknown, video: HTMLVideoElement, options: object): AttachedPlugin;
}

declare const TelemetryPlugin: PluginClass;

export async function attachPlugin(
  player: unknown,
  video: HTMLVideoElement,
  { player: name, endpoint, viewerId, options }: PageSetup,
): Promise<AttachedPlugin> {
  await loadScript('/plugin/telemetry-plugin.js');
  if (name === 'hls.js') return new TelemetryPlugin(player, video, viewerId, { endpoint, ...options });
  return TelemetryPlugin.attach(player, video, { endpoint, viewerId, ...options });
}
