/** The session's figures as the server tells them: what they are called here, and how they are drawn. */
import { make, write } from './dom.ts';
import { bitrate, count, counted, duration, percent } from './format.ts';

/** The columns of the session's summary that are shown; null is "not known". */
export interface Summary {
  event_count: number;
  session_ms: number;
  startup_ms: number | null;
  no_start_ms: number;
  playing_ms: number;
  rebuffer_ms: number;
  rebuffer_count: number;
  seek_ms: number;
  seek_count: number;
  paused_ms: number;
  pause_count: number;
  ended_ms: number;
  idle_ms: number;
  gap_ms: number;
  rebuffer_ratio: number | null;
  avg_bitrate_kbps: number | null;
  upswitches: number;
  downswitches: number;
  dropped_frames: number | null;
  decoded_frames: number | null;
  error_count: number;
  fatal_error_count: number;
  first_error: string | null;
  completeness: number | null;
  experience_score: number | null;
}

type Mood = '' | 'good' | 'fair' | 'bad';

/** One tile. */
interface Figure {
  label: string;
  value: string;
  note: string;
  mood?: Mood;
}

/** Where the session's time went, in the order in which it is drawn. */
const PARTS = [
  ['startup', 'Starting', ['startup_ms', 'no_start_ms']],
  ['playing', 'Playing', ['playing_ms']],
  ['rebuffer', 'Rebuffering', ['rebuffer_ms']],
  ['seek', 'Seeking', ['seek_ms']],
  ['paused', 'Paused', ['paused_ms']],
  ['ended', 'Ended', ['ended_ms']],
  ['unknown', 'Idle or unknown', ['idle_ms', 'gap_ms']],
] as const;

/** Draws the bar of parts, its legend and the tiles. */
export function draw(summary: Summary, spent: HTMLElement, legend: HTMLElement, tiles: HTMLElement): void {
  const parts = PARTS.map(([name, label, columns]) => {
    const ms = columns.reduce((sum: number, column) => sum + (summary[column] ?? 0), 0);
    return { name, label, ms };
  });
  const seen = parts.filter((part) => part.ms > 0);
  spent.replaceChildren(...seen.map(({ name, ms }) => bar(name, ms)));
  const told = seen.map(({ label, ms }) => `${label} ${duration(ms)}`);
  spent.setAttribute('aria-label', `Where the session's time went: ${told.join(', ')}`);
  legend.replaceChildren(...seen.map(({ name, label, ms }) => entry(name, label, ms)));
  drawTiles(figures(summary), tiles);
}

function bar(name: string, ms: number): HTMLElement {
  const made = make('span', '', `part ${name}`);
  made.style.flexGrow = String(ms);
  return made;
}

function entry(name: string, label: string, ms: number): HTMLElement {
  const made = make('li', `${label} `);
  made.prepend(make('span', '', `swatch ${name}`));
  made.append(make('b', duration(ms)));
  return made;
}

function figures(s: Summary): Figure[] {
  const stalls = counted(s.rebuffer_count, 'stall');
  const switches = `${s.upswitches} up, ${s.downswitches} down`;
  return [
    { label: 'Startup time', value: duration(s.startup_ms), note: 'play to first frame' },
    { label: 'Playing', value: duration(s.playing_ms), note: `of ${duration(s.session_ms)}` },
    {
      label: 'Rebuffering',
      value: duration(s.rebuffer_ms),
      note: stalls,
      mood: s.rebuffer_count > 0 ? 'bad' : '',
    },
    {
      label: 'Rebuffer ratio',
      value: percent(s.rebuffer_ratio),
      note: 'of playing + stalls',
      mood: ratioMood(s),
    },
    { label: 'Seeking', value: duration(s.seek_ms), note: counted(s.seek_count, 'seek') },
    { label: 'Paused', value: duration(s.paused_ms), note: counted(s.pause_count, 'pause') },
    { label: 'Average bitrate', value: bitrate(s.avg_bitrate_kbps), note: 'by time played' },
    { label: 'Switches', value: count(s.upswitches + s.downswitches), note: switches },
    { label: 'Dropped frames', value: count(s.dropped_frames), note: `of ${count(s.decoded_frames)}` },
    {
      label: 'Errors',
      value: count(s.error_count),
      note: errorNote(s),
      mood: s.fatal_error_count > 0 ? 'bad' : '',
    },
    {
      label: 'Events arrived',
      value: count(s.event_count),
      note: `${percent(s.completeness)} of those sent`,
    },
    { label: 'Experience score', value: count(s.experience_score), note: 'of 100', mood: scoreMood(s) },
  ];
}

function errorNote(s: Summary): string {
  if (s.first_error !== null) return s.first_error;
  return counted(s.fatal_error_count, 'fatal one');
}

function ratioMood({ rebuffer_ratio }: Summary): Mood {
  if (rebuffer_ratio === null || rebuffer_ratio === 0) return '';
  return rebuffer_ratio < 0.02 ? 'fair' : 'bad';
}

function scoreMood({ experience_score }: Summary): Mood {
  if (experience_score === null) return '';
  if (experience_score >= 80) return 'good';
  return experience_score >= 50 ? 'fair' : 'bad';
}

/** Tiles are made once and then written to: focus and selection survive the next second. */
function drawTiles(figures: Figure[], tiles: HTMLElement): void {
  if (tiles.childElementCount === 0) tiles.append(...figures.map(({ label }) => tile(label)));
  figures.forEach(({ value, note, mood }, index) => {
    const [shown, said] = tiles.children[index]?.querySelectorAll('dd') ?? [];
    if (!shown || !said) return;
    write(shown, value);
    write(said, note);
    shown.dataset['mood'] = mood ?? '';
  });
}

function tile(label: string): HTMLElement {
  const made = make('div', '');
  made.append(make('dt', label), make('dd', '', 'value'), make('dd', '', 'note'));
  return made;
}
