/**
 * The plugin: listens to a media element, its player and the page, and gives each source a session of its
 * own. Nothing in it may ever reach the page: every listener swallows what it throws.
 */

import { type Adapter, type AdapterFactory, DOM, type Handlers } from './adapters/adapter.ts';
import { type Consent, createDelivery } from './delivery/index.ts';
import type { PlayerFailure } from './events.ts';
import { now } from './look.ts';
import type { Options } from './options.ts';
import { quietly } from './quietly.ts';
import { createSession, MEDIA_SIGNALS, type Session, type SessionSignals } from './session.ts';
import type { Classic } from './six.ts';

/** How often the playhead is looked at while it should move, ms. */
const TICK_MS = 250;

/** A plugin at work on a media element. */
export interface TelemetryPlugin {
  /** The current session's id, null while there is none. */
  readonly sessionId: string | null;
  /** When the viewer has decided. */
  setConsent(consent: Consent): void;
  /** Tells of an error that the player does not tell of itself, e.g. when its `load()` is rejected. */
  reportError(failure: PlayerFailure): void;
  /** Ends the session, sends what waits, and removes every listener and timer. */
  destroy(): void;
}

export interface TelemetryPluginClass {
  new (player: unknown, video: HTMLVideoElement, viewerId?: string, options?: Options): TelemetryPlugin;
  /**
   * Attaches to a player. A second attachment to the same media element is refused: it gives back the
   * first one.
   */
  attach(player: unknown, video: HTMLVideoElement, options?: Options): TelemetryPlugin;
}

/** One plugin a media element: a second one would count everything twice. */
const attached = new WeakMap<HTMLVideoElement, TelemetryPlugin>();

/** The plugin for players of these kinds, the first that fits is taken. For any other it does nothing. */
export function pluginFor(adapters: readonly AdapterFactory[], classic?: Classic): TelemetryPluginClass {
  function Plugin(player: unknown, video: HTMLVideoElement, viewerId?: string, options?: Options) {
    return Plugin.attach(player, video, viewerId ? { ...options, viewerId } : options);
  }
  Plugin.attach = (player: unknown, video: HTMLVideoElement, options?: Options): TelemetryPlugin => {
    const first = attached.get(video);
    if (first) return first;
    const plugin = attach(adapters, player, video, { ...options }, classic);
    // Where there is no element, there is a plugin that does nothing.
    quietly(() => attached.set(video, plugin));
    return plugin;
  };
  // What a constructor returns is what `new` gives.
  return Plugin as unknown as TelemetryPluginClass;
}

function attach(
  adapters: readonly AdapterFactory[],
  player: unknown,
  video: HTMLVideoElement,
  options: Options,
  classic?: Classic,
): TelemetryPlugin {
  const delivery = createDelivery({ endpoint: '/telemetry', now, ...options });
  const undo: (() => void)[] = [];
  let session: Session | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;

  /** Every way in: nothing gets out, and after it, ticks run exactly while there is something to watch. */
  function act(action: () => void): void {
    quietly(action);
    const wanted = session?.isOngoing();
    if (!wanted === !timer) return;
    clearInterval(timer);
    timer = wanted ? setInterval(act, TICK_MS, () => session?.signal('tick')) : undefined;
  }

  /** Hears these events until the plugin is destroyed. */
  function hear(emitter: object, [add, remove, ...captured]: Adapter['methods'], handlers: Handlers): void {
    const methods = emitter as Record<string, (name: string, handler: () => void, captured?: true) => void>;
    for (const [name, handler] of Object.entries(handlers)) {
      const quiet = (...args: never[]) => {
        act(() => {
          handler(...args);
        });
      };
      methods[add]?.(name, quiet, ...captured);
      undo.push(() => methods[remove]?.(name, quiet, ...captured));
    }
  }

  /** A new source: the session before it ends, the next one begins, unless it is left out of the sample. */
  function begin(): void {
    tell('end', 'source_change');
    const chosen = Math.random() < (options.sampleRate ?? 1);
    session = chosen && adapter ? createSession(video, adapter, options, delivery, classic) : undefined;
  }

  function tell(name: keyof SessionSignals | 'source', ...detail: unknown[]): void {
    if (name === 'source') begin();
    else session?.signal(name, ...(detail as never));
  }

  const adapter = adapters.map((make) => quietly(() => make(player, tell, video))).find(Boolean);
  act(() => {
    if (!adapter) return;
    hear(adapter.emitter, adapter.methods, adapter.handlers);
    for (const name of MEDIA_SIGNALS)
      hear(video, DOM, {
        [name]: () => {
          tell(name);
        },
      });
    hear(document, DOM, {
      visibilitychange() {
        tell('visibility', document.hidden);
        if (document.hidden) delivery.flushOnLeave();
      },
    });
    hear(globalThis, DOM, {
      pagehide() {
        tell('end', 'page_close');
        delivery.flushOnLeave();
      },
      pageshow({ persisted }: PageTransitionEvent) {
        if (persisted && !video.paused) tell('play');
      },
    });
    if (adapter.hasSource()) begin();
  });

  return {
    get sessionId() {
      return session?.id ?? null;
    },
    setConsent: delivery.setConsent,
    reportError(failure) {
      act(() => {
        tell('error', failure);
      });
    },
    destroy() {
      act(() => {
        tell('end', 'destroy');
      });
      session = undefined;
      undo.splice(0).forEach(act);
      attached.delete(video);
      delivery.close();
    },
  };
}
