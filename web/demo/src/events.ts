/** The list of what the plugin sends, newest first, each event in a few words. */
import { make, write } from './dom.ts';
import { bitrate, count, duration, position, timeOfDay } from './format.ts';

/** An event as the plugin sends it; what else it holds depends on its type. */
export interface SentEvent {
  readonly eventType: string;
  readonly timestamp: number;
  readonly seq?: number;
  readonly [field: string]: unknown;
}

/** Older ones leave the page, not the server. */
const MOST_ROWS = 200;

/** Puts an event on top of the list. */
export function list(event: SentEvent, body: HTMLElement, total: HTMLElement): void {
  const row = document.createElement('tr');
  row.dataset['type'] = event.eventType;
  row.append(
    make('td', event.seq === undefined ? '' : String(event.seq), 'number'),
    make('td', timeOfDay(event.timestamp), 'time'),
    make('td', event.eventType, 'type'),
    make('td', describe(event)),
  );
  body.prepend(row);
  if (body.childElementCount > MOST_ROWS) body.lastElementChild?.remove();
  total.dataset['count'] = String(Number(total.dataset['count'] ?? 0) + 1);
  write(total, `${total.dataset['count']}, newest first`);
}

/** What is interesting about an event of its type. */
export function describe(event: SentEvent): string {
  const { number, text, flag, part } = reader(event);
  switch (event.eventType) {
    case 'SESSION_START':
      return join(part('video').text('title'), part('player').text('name'), part('player').text('version'));
    case 'FIRST_FRAME':
      return `startup took ${duration(number('startupTimeMs'))}`;
    case 'BUFFER_START':
      return `nothing left to play at ${position(number('playbackPositionSec'))}`;
    case 'BUFFER_END':
      return join(`stalled for ${duration(part('buffering').number('durationMs'))}`, text('reason'));
    case 'SEEK': {
      const seek = part('seek');
      const [from, to] = [position(seek.number('fromSec')), position(seek.number('toSec'))];
      return `${from} → ${to} in ${duration(seek.number('durationMs'))}`;
    }
    case 'QUALITY_CHANGE':
      return `${rendition(part('previous'))} → ${rendition(part('quality'))}`;
    case 'PLAYER_ERROR': {
      const error = part('error');
      return join(error.text('details'), error.flag('fatal') ? 'fatal' : 'recovered', httpStatus(error));
    }
    case 'RATE_CHANGE':
      return `plays at ${count(number('playbackRate'))}×`;
    case 'VISIBILITY':
      return flag('hidden') ? 'the page is hidden' : 'the page is visible';
    case 'HEARTBEAT': {
      const [totals, player] = [part('totals'), part('player')];
      return join(
        `${duration(totals.number('playingMs'))} played`,
        `${position(player.number('bufferLengthSec'))} buffered`,
        `${count(player.number('droppedFrames'))} frames dropped`,
      );
    }
    default:
      return join(`at ${position(number('playbackPositionSec'))}`, text('reason'));
  }
}

interface Reader {
  number: (field: string) => number | undefined;
  text: (field: string) => string | undefined;
  flag: (field: string) => boolean;
  part: (field: string) => Reader;
}

/** Reads fields of which nothing is promised. */
function reader(value: unknown): Reader {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return {
    number: (field) => {
      const found = fields[field];
      return typeof found === 'number' ? found : undefined;
    },
    text: (field) => {
      const found = fields[field];
      return typeof found === 'string' && found !== '' ? found : undefined;
    },
    flag: (field) => fields[field] === true,
    part: (field) => reader(fields[field]),
  };
}

/** `360p (96 kbit/s)`; nothing was shown before the first. */
function rendition(quality: Reader): string {
  const height = quality.number('height');
  if (height === undefined) return 'nothing';
  return `${height}p (${bitrate(quality.number('bitrateKbps'))})`;
}

function httpStatus(error: Reader): string | undefined {
  const status = error.number('httpStatus');
  return status === undefined ? undefined : `HTTP ${status}`;
}

function join(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' · ');
}
