/** Numbers for people. What is not known is a dash, never a zero. */

const UNKNOWN = '–';

/** `840 ms`, `4.2 s`, `1:05 min`. */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return UNKNOWN;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
}

/** A position in the video, s. */
export function position(sec: number | null | undefined): string {
  return sec == null ? UNKNOWN : `${sec.toFixed(1)} s`;
}

/** A ratio of 0 to 1 as per cent. */
export function percent(ratio: number | null | undefined): string {
  if (ratio == null) return UNKNOWN;
  return `${(ratio * 100).toFixed(ratio > 0 && ratio < 0.1 ? 2 : 1)} %`;
}

export function bitrate(kbps: number | null | undefined): string {
  return kbps == null ? UNKNOWN : `${Math.round(kbps)} kbit/s`;
}

export function count(number: number | null | undefined): string {
  return number == null ? UNKNOWN : String(Math.round(number));
}

/** `3 stalls`, `1 stall`. */
export function counted(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}

/** The time of day with milliseconds. */
export function timeOfDay(epochMs: number): string {
  const time = new Date(epochMs);
  const clock = time.toLocaleTimeString('en-GB');
  return `${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
