/**
 * The plugin: listens to a media element, its player and the page, and gives each source a session of its
 * own. Nothing in it may ever reach the page: every listener swallows what it throws.
 */

import type { Adapter, AdapterFactory } from './adapters/adapter.ts';
import { plainAdapter } from './adapters/plain.ts';
import { type Consent, createDelivery, type Delivery } from './delivery/index.ts';
import type { PlayerFailure } from './events.ts';

import { now } from './look.ts';
import type { Options } from './options.ts';
import { createSession, MEDIA_SIGNALS, type Session } from './session.ts';

/** How often the playhead is looked at while it should move, ms. */
const TICK_MS = 250;

/** One plugin a media element: a second one would count everything twice. */
const attached = new WeakMap<HTMLVideoElement, Plugin>();

/** Runs `act`, and lets nothing out. */
function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // Telemetry that fails must not be noticed by the page.
  }
}

export class Plugin {
  /** The players it knows, the first that fits is taken. */
  protected static adapters: readonly AdapterFactory[] = [];

  /**
   * Attaches to a player. A second attachment to the same media element is refused: it gives back the
   * first one.
   */
  static attach(player: unknown, video: HTMLVideoElement, options: Options = {}): Plugin {
    return new this(player, video, options.viewerId, options);
  }

  private readonly video!: HTMLVideoElement;
  private readonly adapter!: Adapter;
  private readonly options!: Options;
  private readonly delivery!: Delivery;
  private session: Session | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly undo: (() => void)[] = [];

  constructor(player: unknown, video: HTMLVideoElement, viewerId?: string, config: Options = {}) {
    const first = attached.get(video);
    if (first) return first;
    attached.set(video, this);
    const { adapters } = this.constructor as typeof Plugin;
    this.video = video;
    this.options = { ...config, viewerId: viewerId ?? config.viewerId };
    this.delivery = createDelivery({ endpoint: '/telemetry', now, ...config });
    const adapter = adapters.map((make) => make(player, video)).find(Boolean);
    this.adapter = adapter ?? plainAdapter(player, video);
    quietly(() => {
      this.listen();
    });
  }

  /** The current session's id, null while there is none. */
  get sessionId(): string | null {
    return this.session?.id ?? null;
  }

  setConsent(consent: Consent): void {
    this.delivery.setConsent(consent);
  }

  /** Tells of an error that the player does not tell of itself, e.g. when its `load()` is rejected. */
  reportError(failure: PlayerFailure): void {
    quietly(() => this.session?.fail(failure));
  }

  /** Ends the session, sends what waits, and removes every listener and timer. */
  destroy(): void {
    quietly(() => this.session?.end('destroy'));
    for (const undo of this.undo.splice(0)) quietly(undo);
    clearInterval(this.timer);
    this.session = null;
    attached.delete(this.video);
    this.delivery.close();
  }

  private listen(): void {
    const { adapter, video } = this;
    for (const name of MEDIA_SIGNALS) {
      this.on(video, name, () => {
        this.session?.media(name);
      });
    }
    this.on(document, 'visibilitychange', () => {
      this.session?.visibility(document.hidden);
      if (document.hidden) this.delivery.flushOnLeave();
    });
    this.on(globalThis, 'pagehide', () => {
      this.session?.end('page_close');
      this.delivery.flushOnLeave();
    });
    this.on(globalThis, 'pageshow', (event) => {
      if ((event as PageTransitionEvent).persisted && !video.paused) this.session?.media('play');
    });
    this.undo.push(
      adapter.listen({
        source: () => {
          this.act(() => {
            this.begin();
          });
        },
        rendition: (announced) => {
          this.act(() => this.session?.rendition(announced));
        },
        error: (failure) => {
          this.act(() => this.session?.fail(failure));
        },
      }),
    );
    if (adapter.hasSource()) this.begin();
  }

  private on(target: EventTarget, name: string, listener: (event: Event) => void): void {
    const quiet = (event: Event) => {
      this.act(() => {
        listener(event);
      });
    };
    // Captured: a page that stops the event's way does not stop us.
    target.addEventListener(name, quiet, true);
    this.undo.push(() => {
      target.removeEventListener(name, quiet, true);
    });
  }

  /** Every way in: after it, ticks run exactly while there is something to watch. */
  private act(act: () => void): void {
    quietly(act);
    const wanted = Boolean(this.session?.isActive());
    if (wanted === (this.timer !== undefined)) return;
    clearInterval(this.timer);
    const tick = () => {
      this.act(() => this.session?.tick());
    };
    this.timer = wanted ? setInterval(tick, TICK_MS) : undefined;
  }

  /** A new source: the session before it ends, the next one begins, unless it is left out of the sample. */
  private begin(): void {
    this.session?.end('source_change');
    const { options } = this;
    const chosen = Math.random() < (options.sampleRate ?? 1);
    this.session = chosen ? createSession(this.video, this.adapter, options, this.delivery) : null;
  }
}
