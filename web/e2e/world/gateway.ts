/**
 * Stands between the plugin and the service, as a proxy on a bad day does: it forwards, it refuses, or it
 * forwards and loses the reply, so that the sender cannot know that its events are stored.
 */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Mood = 'forwards' | 'refuses' | 'loses replies';

/** Pages of other origins may read the refusal, as they may the service's own. */
const REFUSAL = { 'Retry-After': '1', 'Access-Control-Allow-Origin': '*' };

export class Gateway {
  mood: Mood = 'forwards';
  /** Requests that were refused or whose replies were lost. */
  spoiled = 0;
  private readonly server: Server;

  private constructor(private readonly serviceUrl: string) {
    this.server = createServer((incoming, response) => {
      this.answer(incoming, response);
    });
  }

  static async start(serviceUrl: string): Promise<Gateway> {
    const gateway = new Gateway(serviceUrl);
    await new Promise<void>((resolve) => gateway.server.listen(0, '127.0.0.1', resolve));
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(incoming: IncomingMessage, response: ServerResponse): void {
    const isPost = incoming.method === 'POST';
    if (isPost && this.mood !== 'forwards') this.spoiled += 1;
    if (isPost && this.mood === 'refuses') {
      incoming.resume();
      response.writeHead(503, REFUSAL).end();
      return;
    }
    this.forward(incoming, response, isPost && this.mood === 'loses replies');
  }

  private forward(incoming: IncomingMessage, response: ServerResponse, losesReply: boolean): void {
    const { method, headers, url } = incoming;
    const outgoing = request(
      `${this.serviceUrl}${url ?? ''}`,
      { ...(method && { method }), headers },
      (reply) => {
        if (losesReply) {
          reply.resume().on('end', () => response.destroy());
          return;
        }
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      },
    );
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  }
}
