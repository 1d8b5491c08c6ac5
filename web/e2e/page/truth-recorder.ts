/**
 * Samples the playhead, independently of every event that a telemetry client could count.
 *
 * The clock ticks in a worker, since the timers of a hidden page are slowed down. Media events serve as
 * further moments to look at the element, which makes edges sharp; which event it was is not recorded.
 */
import type { Recording, Sample } from './recording.ts';

const EVERY_MS = 25;

const SHARP_MOMENTS = [
  ...['play', 'playing', 'pause', 'waiting', 'ended', 'emptied', 'timeupdate'],
  ...['seeking', 'seeked', 'resize', 'ratechange', 'loadedmetadata'],
];

export class TruthRecorder {
  private readonly samples: Sample[] = [];
  private readonly loadsAtMs: number[] = [];
  private failedAtMs: number | undefined;

  constructor(private readonly video: HTMLVideoElement) {
    const sample = this.sample.bind(this);
    for (const moment of SHARP_MOMENTS) video.addEventListener(moment, sample, { capture: true });
    const script = new Blob([`setInterval(() => postMessage(0), ${EVERY_MS})`]);
    new Worker(URL.createObjectURL(script)).onmessage = sample;
  }

  /** To be called right before the player is told to load. */
  markLoad(): void {
    this.sample();
    this.loadsAtMs.push(nowMs());
  }

  /** To be called when the player gives up. */
  markFailure(): void {
    this.sample();
    this.failedAtMs ??= nowMs();
  }

  recording(): Recording {
    this.sample();
    const { loadsAtMs, samples, failedAtMs } = this;
    return { loadsAtMs, samples, ...(failedAtMs !== undefined && { failedAtMs }) };
  }

  private sample(): void {
    const { currentTime, paused, seeking, ended, playbackRate, videoHeight } = this.video;
    const sample = { positionSec: currentTime, paused, seeking, ended, playbackRate, height: videoHeight };
    this.samples.push({ atMs: nowMs(), ...sample });
  }
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
