/**
 * The real service with its private PostgreSQL, in a folder of its own, and what it has stored.
 *
 * Rows are read with psql, through the address the service itself prints: what is compared is what analysts
 * will see.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { until } from './until.ts';

const run = promisify(execFile);

/** Short, so that tests need not wait long for a summary. Sessions that pause go idle and come back. */
const IDLE_TIMEOUT = '2s';

const TARGET = path.resolve(import.meta.dirname, '../../../target');
const BUILT = ['release', 'debug'].map((profile) => path.join(TARGET, profile, 'video-telemetry'));

/** A row of session_summaries, columns as PostgreSQL names them. */
export interface Summary {
  readonly session_id: string;
  readonly event_count: number;
  readonly session_ms: number;
  readonly startup_ms: number | null;
  readonly no_start_ms: number;
  readonly playing_ms: number;
  readonly rebuffer_ms: number;
  readonly rebuffer_count: number;
  readonly seek_ms: number;
  readonly seek_count: number;
  readonly paused_ms: number;
  readonly pause_count: number;
  readonly ended_ms: number;
  readonly idle_ms: number;
  readonly gap_ms: number;
  readonly playing_ms_by_height: Readonly<Record<string, number>>;
  readonly min_bitrate_kbps: number | null;
  readonly max_bitrate_kbps: number | null;
  readonly upswitches: number;
  readonly downswitches: number;
  readonly error_count: number;
  readonly fatal_error_count: number;
  readonly first_error: string | null;
  readonly vsf: boolean;
  readonly ebvs: boolean;
  readonly vpf: boolean;
  readonly end_reason: string;
  readonly completeness: number | null;
  readonly player: string | null;
  readonly player_version: string | null;
}

/** A row of telemetry_events, as far as tests look at it. */
export interface EventRow {
  readonly event_id: string;
  readonly event_type: string;
  /** Client epoch ms. */
  readonly event_timestamp: number;
  readonly seq: number | null;
  readonly raw_json: Readonly<Record<string, unknown>>;
}

export class Service {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    readonly url: string,
    private readonly databaseUrl: string,
  ) {}

  static async start(): Promise<Service> {
    const folder = await mkdtemp(path.join(tmpdir(), 'video-telemetry-e2e-'));
    // Started by root, PostgreSQL runs as another user. It must get into the folder, or its cluster is put
    // elsewhere and outlives the test.
    await chmod(folder, 0o711);
    const flags = ['--bind', '127.0.0.1:0', '--data-dir', folder, '--idle-timeout', IDLE_TIMEOUT];
    const child = spawn(binary(), ['serve', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnv(),
    });
    const output = collect(child);
    // A run that breaks off must not leave a service behind.
    process.once('exit', () => child.kill());
    const listening = await until('the service listens', () => {
      if (child.exitCode !== null) throw new Error(`the service stopped at its start:\n${output.text}`);
      return /listening on (http:\S+)/.exec(output.text)?.[1];
    });
    const database = /psql '([^']+)'/.exec(output.text)?.[1];
    if (database === undefined) throw new Error(`the service names no database:\n${output.text}`);
    return new Service(child, folder, listening, database);
  }

  /** SIGTERM, as an operator would; the folder goes when the service has left it. */
  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await exited;
    await rm(this.folder, { recursive: true, force: true });
  }

  /** All summaries of a viewer, in the order of their sessions. */
  summaries(viewerId: string): Promise<Summary[]> {
    return this.rows<Summary>(
      `SELECT * FROM session_summaries WHERE viewer_id = ${quoted(viewerId)} ORDER BY started_at, session_id`,
    );
  }

  /** All events of a session in the order of the fold. */
  events(sessionId: string): Promise<EventRow[]> {
    return this.rows<EventRow>(
      `SELECT event_id, event_type, event_timestamp, seq, raw_json FROM telemetry_events
       WHERE session_id = ${quoted(sessionId)} ORDER BY event_timestamp, seq, event_id`,
    );
  }

  async hasEvent(viewerId: string, eventType: string): Promise<boolean> {
    const found = await this.rows(
      `SELECT 1 AS found FROM telemetry_events
       WHERE viewer_id = ${quoted(viewerId)} AND event_type = ${quoted(eventType)} LIMIT 1`,
    );
    return found.length > 0;
  }

  /** How many events of a viewer are stored, and how many of them summaries have folded. */
  async progress(viewerId: string): Promise<{ sessions: number; stored: number; folded: number }> {
    const [row] = await this.rows<{ sessions: number; stored: number; folded: number }>(
      `SELECT (SELECT count(DISTINCT session_id) FROM telemetry_events WHERE viewer_id = ${quoted(viewerId)}) AS sessions,
        (SELECT count(*) FROM telemetry_events WHERE viewer_id = ${quoted(viewerId)}) AS stored,
        (SELECT coalesce(sum(event_count), 0) FROM session_summaries WHERE viewer_id = ${quoted(viewerId)}) AS folded`,
    );
    return row ?? { sessions: 0, stored: 0, folded: 0 };
  }

  /** What the service itself says when it folds everything anew; throws when a summary differs. */
  async verify(): Promise<string> {
    const { stdout, stderr } = await run(
      binary(),
      ['verify', '--data-dir', this.folder, '--idle-timeout', IDLE_TIMEOUT, '--output', 'json'],
      { env: cleanEnv() },
    );
    return stdout + stderr;
  }

  private async rows<Row>(query: string): Promise<Row[]> {
    const json = `SELECT coalesce(json_agg(row_to_json(r)), '[]') FROM (${query}) AS r`;
    const flags = ['--no-psqlrc', '--tuples-only', '--no-align', '--command', json];
    const { stdout } = await run('psql', [this.databaseUrl, ...flags], { maxBuffer: 64 * 1024 * 1024 });
    return JSON.parse(stdout) as Row[];
  }
}

/** As a literal of SQL. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function binary(): string {
  const found = process.env.TELEMETRY_BIN ?? BUILT.find((file) => existsSync(file));
  if (found === undefined) throw new Error('there is no service to test: build it with ./scripts/build');
  return found;
}

/** The developer's own settings must not reach the service under test. */
function cleanEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TELEMETRY_') && name !== 'DATABASE_URL',
  );
  return Object.fromEntries(own);
}

function collect(child: ChildProcess): { text: string } {
  const output = { text: '' };
  const add = (chunk: Buffer): void => {
    output.text += chunk.toString();
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return output;
}
