/**
 * A network that can be made worse from the page. Segments are fetched from the server as fast as they
 * come and handed to hls.js as slowly as this network would bring them, so that what the player goes
 * through is real: its buffer runs dry, its bandwidth estimate falls, its retries end.
 */
import { LoadStats } from 'hls.js';
import type {
  FragmentLoaderConstructor,
  FragmentLoaderContext,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
} from 'hls.js';

/** Three times what the best rendition needs, and less than twice what the least one needs. */
const USUAL_KBPS = 600;
const SLOW_KBPS = 70;
const LATENCY_MS = 60;
const TICK_MS = 25;

/** How the network behaves now. A segment under way feels a change at once. */
export class Network {
  /** Everything comes slowly. */
  slow = false;
  /** Nothing comes. */
  held = false;
  /** Every segment is missing. */
  broken = false;

  get kbps(): number {
    return this.slow ? SLOW_KBPS : USUAL_KBPS;
  }

  describe(): string {
    if (this.broken) return 'segments answer 404';
    if (this.held) return 'nothing arrives';
    return `${this.kbps} kbit/s`;
  }
}

/** Makes the loader of segments that hls.js gets. */
export function loaderOn(network: Network): FragmentLoaderConstructor {
  return class extends SimulatedLoader {
    protected override readonly network = network;
  };
}

abstract class SimulatedLoader implements Loader<FragmentLoaderContext> {
  protected abstract readonly network: Network;
  context: FragmentLoaderContext | null = null;
  stats = new LoadStats();
  private callbacks: LoaderCallbacks<FragmentLoaderContext> | null = null;
  private readonly cancel = new AbortController();

  load(
    context: FragmentLoaderContext,
    _config: LoaderConfiguration,
    callbacks: LoaderCallbacks<FragmentLoaderContext>,
  ): void {
    this.context = context;
    this.callbacks = callbacks;
    this.stats.loading.start = performance.now();
    this.bring(context).catch((error: unknown) => {
      this.settle()?.onError({ code: 0, text: String(error) }, context, null, this.stats);
    });
  }

  abort(): void {
    this.stats.aborted = true;
    const { context } = this;
    const callbacks = this.settle();
    if (context) callbacks?.onAbort?.(this.stats, context, null);
  }

  destroy(): void {
    this.settle();
    this.context = null;
  }

  /** Takes the callbacks: whoever gets them tells the end, and nobody after. */
  private settle(): LoaderCallbacks<FragmentLoaderContext> | null {
    const { callbacks } = this;
    this.callbacks = null;
    this.cancel.abort();
    return callbacks;
  }

  private async bring(context: FragmentLoaderContext): Promise<void> {
    await pause(LATENCY_MS);
    if (this.network.broken) {
      this.settle()?.onError({ code: 404, text: 'Not Found' }, context, null, this.stats);
      return;
    }
    const response = await fetch(context.url, { signal: this.cancel.signal });
    const data = await response.arrayBuffer();
    if (!response.ok) {
      const error = { code: response.status, text: response.statusText };
      this.settle()?.onError(error, context, null, this.stats);
      return;
    }
    await this.trickle(data.byteLength);
    const done = { url: response.url, data, code: response.status };
    this.settle()?.onSuccess(done, this.stats, context, null);
  }

  /** Lets the bytes come in at the network's rate; hls.js watches the count. */
  private async trickle(totalBytes: number): Promise<void> {
    const { stats, network } = this;
    stats.loading.first = performance.now();
    stats.total = totalBytes;
    let before = stats.loading.first;
    while (stats.loaded < totalBytes && this.callbacks) {
      await pause(TICK_MS);
      const now = performance.now();
      const bytes = network.held ? 0 : Math.ceil(((now - before) * network.kbps) / 8);
      stats.loaded = Math.min(totalBytes, stats.loaded + bytes);
      before = now;
    }
    stats.loading.end = performance.now();
    stats.bwEstimate = (totalBytes * 8000) / (stats.loading.end - stats.loading.first);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
