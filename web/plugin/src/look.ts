/** Looks at a media element. Nothing here changes it. */

import type { Look } from './machine.ts';

/** Epoch ms by the page's monotonic clock: it never runs backwards, whatever happens to the wall clock. */
export function now(): number {
  return (performance.timeOrigin || loadedAt) + performance.now();
}

// Older WebKit has no timeOrigin.
const loadedAt = Date.now() - performance.now();

export function lookAt(video: HTMLVideoElement): Look {
  return {
    at: now(),
    positionSec: video.currentTime,
    paused: video.paused,
    seeking: video.seeking,
    ended: video.ended,
    rate: video.playbackRate,
    bufferAheadSec: bufferAheadSec(video),
  };
}

/** Seconds of media buffered ahead of the playhead. */
function bufferAheadSec({ buffered, currentTime }: HTMLVideoElement): number {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.1 && currentTime <= buffered.end(i)) {
      return buffered.end(i) - currentTime;
    }
  }
  return 0;
}

/** Cumulative counts of video frames; nothing where the browser does not count. */
export interface Frames {
  /** Dropped ones included. */
  decodedFrames?: number | undefined;
  droppedFrames?: number | undefined;
}

export function framesOf(video: HTMLVideoElement): Frames {
  // Some browsers on television sets lack it, whatever the types say.
  const quality = (video.getVideoPlaybackQuality as (() => VideoPlaybackQuality) | undefined)?.call(video);
  return { decodedFrames: quality?.totalVideoFrames, droppedFrames: quality?.droppedVideoFrames };
}
