/**
 * A tab that can really be hidden, in a browser profile of its own.
 *
 * Playwright attaches to every page of the contexts it knows and emulates focus there, so that
 * `document.visibilityState` is `visible` whatever tab is in front. A context made behind its back, over the
 * browser's own DevTools session, is left alone. Its pages are spoken to through messages wrapped in that
 * session, since Playwright routes no other.
 */
import type { Browser, CDPSession } from 'playwright-core';

import { until } from './until.ts';

/** A reply to one of our messages, or an event when it has no id. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly error?: { readonly message: string };
  readonly result?: unknown;
  readonly params?: { readonly exceptionDetails?: ExceptionDetails };
}

interface ExceptionDetails {
  readonly text: string;
  readonly exception?: { readonly description?: string };
}

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: ExceptionDetails;
}

export class Tab {
  /** What the page threw and did not catch. */
  readonly errors: string[] = [];
  private lastId = 0;
  private readonly waiting = new Map<number, (reply: Message) => void>();

  private constructor(
    private readonly devtools: CDPSession,
    private readonly browserContextId: string,
    private readonly targetId: string,
    private readonly sessionId: string,
  ) {
    devtools.on('Target.receivedMessageFromTarget', (received) => {
      if (received.sessionId === sessionId) this.receive(JSON.parse(received.message) as Message);
    });
  }

  /** The only tab of a new profile: no storage is shared with any other. */
  static async create(browser: Browser): Promise<Tab> {
    const devtools = await browser.newBrowserCDPSession();
    const { browserContextId } = await devtools.send('Target.createBrowserContext');
    return Tab.createIn(devtools, browserContextId);
  }

  private static async createIn(devtools: CDPSession, browserContextId: string): Promise<Tab> {
    const { targetId } = await devtools.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await devtools.send('Target.attachToTarget', { targetId, flatten: false });
    const tab = new Tab(devtools, browserContextId, targetId, sessionId);
    await tab.send('Runtime.enable');
    return tab;
  }

  /** Another tab of the same profile: it sees what this one stored. */
  another(): Promise<Tab> {
    return Tab.createIn(this.devtools, this.browserContextId);
  }

  async open(url: string): Promise<void> {
    await this.send('Page.navigate', { url });
    await until('the page is there', () => this.evaluate<boolean>(`document.readyState === 'complete'`));
  }

  /** The value of an expression in the page, as JSON carries it; a promise's when it is settled. */
  async evaluate<T>(expression: string): Promise<T> {
    const evaluation = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.send<Evaluated>('Runtime.evaluate', evaluation);
    if (exceptionDetails !== undefined) throw new Error(textOf(exceptionDetails));
    return result.value as T;
  }

  /** Another tab comes to the front. */
  async hide(): Promise<void> {
    const { browserContextId } = this;
    const other = await this.devtools.send('Target.createTarget', { url: 'about:blank', browserContextId });
    await this.devtools.send('Target.activateTarget', { targetId: other.targetId });
    await this.untilVisibilityIs('hidden');
  }

  async show(): Promise<void> {
    await this.devtools.send('Target.activateTarget', { targetId: this.targetId });
    await this.untilVisibilityIs('visible');
  }

  /** A real click into the page, which gives it leave to play. Coordinates in CSS px. */
  async click(x: number, y: number): Promise<void> {
    const button = { x, y, button: 'left', clickCount: 1 };
    await this.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...button });
    await this.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...button });
  }

  async setOffline(offline: boolean): Promise<void> {
    await this.send('Network.enable');
    const unlimited = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await this.send('Network.emulateNetworkConditions', { offline, ...unlimited });
  }

  /** As a viewer closes it: the page's handlers for leaving run. */
  async close(): Promise<void> {
    await this.send('Page.close');
    await until('the tab is closed', async () => {
      const { targetInfos } = await this.devtools.send('Target.getTargets');
      return targetInfos.every((target) => target.targetId !== this.targetId);
    });
  }

  /** A command of the DevTools protocol to this page. */
  async send<Result>(method: string, params: object = {}): Promise<Result> {
    this.lastId += 1;
    const id = this.lastId;
    const reply = new Promise<Message>((resolve) => this.waiting.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    await this.devtools.send('Target.sendMessageToTarget', { sessionId: this.sessionId, message });
    const { error, result } = await reply;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as Result;
  }

  private receive(message: Message): void {
    if (message.id !== undefined) {
      this.waiting.get(message.id)?.(message);
      this.waiting.delete(message.id);
    }
    const thrown = message.params?.exceptionDetails;
    if (message.method === 'Runtime.exceptionThrown' && thrown !== undefined)
      this.errors.push(textOf(thrown));
  }

  private async untilVisibilityIs(state: DocumentVisibilityState): Promise<void> {
    const expression = `document.visibilityState === '${state}'`;
    await until(`the tab is ${state}`, () => this.evaluate<boolean>(expression));
  }
}

function textOf({ exception, text }: ExceptionDetails): string {
  return exception?.description ?? text;
}
