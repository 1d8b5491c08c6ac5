/**
 * The site the viewer visits: pages, players, the plugin and the streams, on 127.0.0.1 and a free port.
 *
 * Page scripts are written in TypeScript and stripped of their types when they are asked for. Only streams
 * are subject to trouble. Nothing may be cached, so every scenario loads what it plays.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { transformWithOxc } from 'vite';

import { MEDIA_FOLDER } from './media.ts';
import { Trouble } from './trouble.ts';

const E2E = path.resolve(import.meta.dirname, '..');
const FOLDERS: Readonly<Record<string, string>> = {
  '/page/': path.join(E2E, 'page'),
  '/vendor/': path.resolve(E2E, '../node_modules'),
  '/plugin/': path.resolve(E2E, '../plugin/dist'),
  '/media/': MEDIA_FOLDER,
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.ts': 'video/mp2t',
  '.css': 'text/css',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.mpd': 'application/dash+xml',
  '.m4s': 'video/iso.segment',
  '.mp4': 'video/mp4',
};

/** How much is written at a time: small against the link, so that a limit changes soon. */
const CHUNK_BYTES = 8 * 1024;

export class MediaServer {
  readonly trouble = new Trouble();
  /** Pages of a test's own, by path. */
  readonly pages = new Map<string, string>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<MediaServer> {
    const site = new MediaServer();
    await new Promise<void>((resolve) => site.server.listen(0, '127.0.0.1', resolve));
    return site;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.trouble.end();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const isMedia = url.pathname.startsWith('/media/');
    if (isMedia && (await this.isTroubled(url.pathname, response))) return;
    const page = this.pages.get(url.pathname);
    const body = page === undefined ? await load(url.pathname) : Buffer.from(page);
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    await this.send(response, body, typeOf(url.pathname), isMedia ? request.headers.range : undefined);
  }

  /** Does what the rules say; true when that was the answer. */
  private async isTroubled(pathname: string, response: ServerResponse): Promise<boolean> {
    const action = this.trouble.actionFor(pathname);
    switch (action?.kind) {
      case undefined:
        return false;
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, action.ms));
        return false;
      case 'hang':
        await this.trouble.untilReleased();
        return response.destroyed;
      case 'reset':
        response.destroy();
        return true;
      case 'status':
        response.writeHead(action.status).end();
        return true;
    }
  }

  private async send(response: ServerResponse, body: Buffer, type: string, range?: string): Promise<void> {
    const [first, last] = rangeOf(range, body.length);
    response.writeHead(range === undefined ? 200 : 206, {
      'Content-Type': type,
      'Content-Length': last - first + 1,
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'no-store',
      ...(range !== undefined && { 'Content-Range': `bytes ${first}-${last}/${body.length}` }),
    });
    for (let at = first; at <= last && !response.destroyed; at += CHUNK_BYTES) {
      const chunk = body.subarray(at, Math.min(at + CHUNK_BYTES, last + 1));
      await this.trouble.carry(chunk.length);
      if (!response.write(chunk)) await drained(response);
    }
    response.end();
  }
}

async function load(pathname: string): Promise<Buffer | undefined> {
  const folder = Object.keys(FOLDERS).find((prefix) => pathname.startsWith(prefix));
  if (folder === undefined) return undefined;
  const root = FOLDERS[folder] ?? '';
  const file = path.join(root, pathname.slice(folder.length));
  if (!file.startsWith(root)) return undefined;
  const body = await readFile(file).catch(() => undefined);
  if (body === undefined || !isPageScript(pathname)) return body;
  return Buffer.from((await transformWithOxc(body.toString(), file)).code);
}

function isPageScript(pathname: string): boolean {
  return pathname.startsWith('/page/') && pathname.endsWith('.ts');
}

function typeOf(pathname: string): string {
  if (isPageScript(pathname)) return 'text/javascript';
  return TYPES[path.extname(pathname)] ?? 'application/octet-stream';
}

/** First and last byte of `bytes=100-` or `bytes=100-199`; of everything without a range. */
function rangeOf(range: string | undefined, length: number): [number, number] {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? 'bytes=0-') ?? [];
  return [Number(first ?? 0), last ? Math.min(Number(last), length - 1) : length - 1];
}

/** Resolves when more may be written, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle);
      resolve();
    };
    response.on('drain', settle).on('close', settle);
  });
}
